package pratique

import "strings"

// Kind names a noun, as it stands in a manifest.
type Kind string

// The kinds. Those from KindProject to KindNamespacePermission can be written as manifests.
const (
	KindAccount             Kind = "Account"
	KindProject             Kind = "Project"
	KindEnterpriseProject   Kind = "EnterpriseProject"
	KindUser                Kind = "User"
	KindGroup               Kind = "Group"
	KindRole                Kind = "Role"
	KindPolicy              Kind = "Policy"
	KindGrant               Kind = "Grant"
	KindNamespacePermission Kind = "NamespacePermission"
	KindCluster             Kind = "Cluster"
	KindAccessKey           Kind = "AccessKey"
	KindPassword            Kind = "Password"
	KindSession             Kind = "Session"
)

// ManifestKinds lists the kinds that can be applied and exported, in the order in which a list of them must be written.
func ManifestKinds() []Kind {
	return []Kind{KindProject, KindEnterpriseProject, KindUser, KindPolicy, KindRole, KindGroup, KindGrant, KindNamespacePermission}
}

// ParseKind finds a manifest kind by its name, its plural or its short form, in any case: "User", "users", "ep".
func ParseKind(s string) (Kind, bool) {
	low := strings.ToLower(s)
	for _, k := range ManifestKinds() {
		word := strings.ToLower(string(k))
		if low == word || low == k.Plural() || low == k.short() {
			return k, true
		}
	}
	return "", false
}

// Plural is the lower-case plural of the kind, as in URLs: "enterpriseprojects".
func (k Kind) Plural() string {
	if k == KindPolicy {
		return "policies"
	}
	return strings.ToLower(string(k)) + "s"
}

// Word is the kind in a sentence: "enterprise project".
func (k Kind) Word() string {
	switch k {
	case KindEnterpriseProject:
		return "enterprise project"
	case KindAccessKey:
		return "access key"
	case KindNamespacePermission:
		return "namespace permission"
	default:
		return strings.ToLower(string(k))
	}
}

func (k Kind) short() string {
	switch k {
	case KindEnterpriseProject:
		return "ep"
	case KindProject:
		return "proj"
	case KindNamespacePermission:
		return "nsp"
	default:
		return ""
	}
}

// prefix starts the ids of the kind, so that an id tells what it names in a log line.
func (k Kind) prefix() string {
	switch k {
	case KindProject:
		return "prj"
	case KindEnterpriseProject:
		return "ep"
	case KindUser:
		return "usr"
	case KindGroup:
		return "grp"
	case KindRole:
		return "rol"
	case KindPolicy:
		return "pol"
	case KindGrant:
		return "grt"
	case KindSession:
		return "ses"
	case KindCluster:
		return "c"
	case KindNamespacePermission:
		return "nsp"
	default:
		return strings.ToLower(string(k))
	}
}

func (k Kind) rank() int {
	for i, other := range ManifestKinds() {
		if k == other {
			return i
		}
	}
	return len(ManifestKinds())
}
