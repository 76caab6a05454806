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
	KindNodePool            Kind = "NodePool"
	KindJob                 Kind = "Job"
	KindChart               Kind = "Chart"
	KindAddonTemplate       Kind = "AddonTemplate"
	KindAddon               Kind = "Addon"
	KindReport              Kind = "Report"
	KindMFA                 Kind = "MFA"
	KindIdentityProvider    Kind = "IdentityProvider"
)

// ManifestKinds lists the kinds that can be applied and exported, in the order in which a list of them must be written.
func ManifestKinds() []Kind {
	return []Kind{KindProject, KindEnterpriseProject, KindUser, KindPolicy, KindRole, KindGroup, KindIdentityProvider, KindGrant, KindNamespacePermission}
}

// ParseKind finds a manifest kind by its name, its plural or its short form, in any case: "User", "users", "ep".
func ParseKind(s string) (Kind, bool) {
	low := strings.ToLower(s)
	for _, k := range ManifestKinds() {
		if low == strings.ToLower(string(k)) || low == k.Plural() || low == k.spelling().short {
			return k, true
		}
	}
	return "", false
}

// spelling is how a kind is written elsewhere than in a manifest. Empty members are derived from its name.
type spelling struct {
	word   string // in a sentence
	plural string // in a URL
	short  string // on a command line
	prefix string // of ids, so that an id tells what it names in a log line
}

func (k Kind) spelling() spelling {
	return map[Kind]spelling{
		KindProject:             {short: "proj", prefix: "prj"},
		KindEnterpriseProject:   {word: "enterprise project", short: "ep", prefix: "ep"},
		KindUser:                {prefix: "usr"},
		KindGroup:               {prefix: "grp"},
		KindRole:                {prefix: "rol"},
		KindPolicy:              {plural: "policies", prefix: "pol"},
		KindGrant:               {prefix: "grt"},
		KindNamespacePermission: {word: "namespace permission", short: "nsp", prefix: "nsp"},
		KindCluster:             {prefix: "c"},
		KindAccessKey:           {word: "access key"},
		KindSession:             {prefix: "ses"},
		KindNodePool:            {word: "node pool", prefix: "np"},
		KindJob:                 {prefix: "job"},
		KindChart:               {prefix: "cht"},
		KindAddonTemplate:       {word: "add-on template", prefix: "adt"},
		KindAddon:               {word: "add-on", prefix: "add"},
		KindReport:              {prefix: "rep"},
		KindMFA:                 {word: "second factor"},
		KindIdentityProvider:    {word: "identity provider", short: "idp", prefix: "idp"},
	}[k]
}

// Plural is the lower-case plural of the kind, as in URLs: "enterpriseprojects".
func (k Kind) Plural() string { return firstOf(k.spelling().plural, strings.ToLower(string(k))+"s") }

// Word is the kind in a sentence: "enterprise project".
func (k Kind) Word() string { return firstOf(k.spelling().word, strings.ToLower(string(k))) }

func (k Kind) prefix() string { return firstOf(k.spelling().prefix, strings.ToLower(string(k))) }

func (k Kind) rank() int {
	for i, other := range ManifestKinds() {
		if k == other {
			return i
		}
	}
	return len(ManifestKinds())
}
