package access

import (
	"strconv"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/policy"
)

// lookup finds a condition key of a request: first those that Pratique knows itself, then those that the door works out, at last those that the
// caller gave. A key of the first kind belongs to Pratique even where it has no value, or conditions on it would mean nothing.
// (Huawei IAM global keys, g:; Alibaba RAM common keys, acs:.)
//
// Nothing is worked out before a condition asks for it: most decisions look at no condition, and writing out all keys took longer than
// deciding.
func lookup(s *pratique.Snapshot, q *Query, dialect policy.Dialect, key string) (single string, many []string) {
	if value, own := ownKey(s, q, dialect, key); own {
		return value, nil
	}
	if q.Lookup != nil {
		if single, many = q.Lookup(key); single != "" || len(many) > 0 {
			return single, many
		}
	}
	for i := range q.Context {
		if a := &q.Context[i]; len(a.Values) > 0 && equalFold(a.Key, key) {
			return "", a.Values
		}
	}
	return "", nil
}

// ownKey finds a key that Pratique fills in; own is false for all others. An empty value means that the request does not have the key.
func ownKey(s *pratique.Snapshot, q *Query, dialect policy.Dialect, key string) (value string, own bool) {
	var folded [len("g:EnterpriseProjectId")]byte // the longest
	if len(key) > len(folded) {
		return "", false
	}
	for i := range len(key) {
		folded[i] = lower(key[i])
	}
	if dialect == policy.RAM {
		return ramKey(s, q, folded[:len(key)])
	}
	return huaweiKey(s, q, folded[:len(key)])
}

func huaweiKey(s *pratique.Snapshot, q *Query, key []byte) (value string, own bool) {
	switch string(key) {
	case "g:currenttime":
		return moment(q.Time), true
	case "g:domainname":
		return s.Account.Name, true
	case "g:domainid":
		return s.Account.ID, true
	case "g:projectname":
		if p, ok := s.Projects.ID(q.Project); ok {
			value = p.Name
		}
		return value, true
	case "g:userid":
		return q.Principal.ID, true
	case "g:username":
		return s.PrincipalName(q.Principal), true
	case "g:mfapresent":
		return strconv.FormatBool(q.MFA), true
	case "g:sourceip":
		return q.Source, true
	case "g:enterpriseprojectid":
		return q.EnterpriseProject, true
	}
	return "", false
}

func ramKey(s *pratique.Snapshot, q *Query, key []byte) (value string, own bool) {
	switch string(key) {
	case "acs:currenttime":
		return moment(q.Time), true
	case "acs:securetransport":
		return "true", true
	case "acs:sourceip":
		return q.Source, true
	case "acs:mfapresent":
		if q.MFA { // present only when a second factor was shown, as RAM does
			value = "true"
		}
		return value, true
	case "acs:principalarn":
		kind := "user"
		if q.Principal.Kind == pratique.KindRole {
			kind = "role"
		}
		return "acs:ram::" + s.Account.ID + ":" + kind + "/" + s.PrincipalName(q.Principal), true
	case "acs:resourcegroupid":
		return q.EnterpriseProject, true
	}
	return "", false
}

// one is a key with one value.
func one(key, value string) policy.Attribute {
	return policy.Attribute{Key: key, Values: []string{value}}
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// equalFold compares condition keys as the engine does: without regard to the case of ASCII letters. Unicode folding would make one key of two
// that the engine tells apart.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}
