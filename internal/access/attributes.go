package access

import (
	"strconv"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/policy"
)

// attributes are the condition keys of a request: those that Pratique knows itself, then those that the caller gave. A key that Pratique
// fills in cannot be overridden by the caller, or conditions on it would mean nothing.
// (Huawei IAM global keys, g:; Alibaba RAM common keys, acs:.)
func (d *Decider) attributes(s *pratique.Snapshot, q *Query, dialect policy.Dialect) []policy.Attribute {
	own := d.huaweiKeys(s, q)
	if dialect == policy.RAM {
		own = ramKeys(s, q)
	}
	out := make([]policy.Attribute, 0, len(own)+len(q.Context))
	for _, a := range own {
		if len(a.Values) > 0 && a.Values[0] != "" {
			out = append(out, a)
		}
	}
	for _, a := range q.Context {
		if !reserved(own, a.Key) {
			out = append(out, a)
		}
	}
	return out
}

func reserved(own []policy.Attribute, key string) bool {
	for _, a := range own {
		if strings.EqualFold(a.Key, key) {
			return true
		}
	}
	return false
}

func (d *Decider) huaweiKeys(s *pratique.Snapshot, q *Query) []policy.Attribute {
	project := ""
	if p, ok := s.Projects.ID(q.Project); ok {
		project = p.Name
	}
	return []policy.Attribute{
		one("g:CurrentTime", moment(q.Time)),
		one("g:DomainName", s.Account.Name),
		one("g:DomainId", s.Account.ID),
		one("g:ProjectName", project),
		one("g:UserId", q.Principal.ID),
		one("g:UserName", s.PrincipalName(q.Principal)),
		one("g:MFAPresent", strconv.FormatBool(q.MFA)),
		one("g:SourceIp", q.Source),
		one("g:EnterpriseProjectId", q.EnterpriseProject),
	}
}

func ramKeys(s *pratique.Snapshot, q *Query) []policy.Attribute {
	kind := "user"
	if q.Principal.Kind == pratique.KindRole {
		kind = "role"
	}
	mfa := "" // present only when a second factor was shown, as RAM does
	if q.MFA {
		mfa = "true"
	}
	return []policy.Attribute{
		one("acs:CurrentTime", moment(q.Time)),
		one("acs:SecureTransport", "true"),
		one("acs:SourceIp", q.Source),
		one("acs:MFAPresent", mfa),
		one("acs:PrincipalARN", "acs:ram::"+s.Account.ID+":"+kind+"/"+s.PrincipalName(q.Principal)),
		one("acs:ResourceGroupId", q.EnterpriseProject),
	}
}

func one(key, value string) policy.Attribute {
	return policy.Attribute{Key: key, Values: []string{value}}
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
