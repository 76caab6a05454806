package access

import (
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/policy"
)

// QueryFor begins a question that a principal asks as themselves: who they are, and what narrows the session that they came with. Every door
// that decides for somebody who has proved who they are begins here, or a session policy would hold at some doors only.
func QueryFor(s *pratique.Snapshot, who pratique.Principal, now time.Time, source string) Query {
	ref := PrincipalRef(who)
	return Query{Principal: ref, Time: now, Source: source, MFA: who.MFA, SessionPolicy: SessionPolicy(s, ref, who.Session)}
}

// SessionPolicy is what narrows a principal who came with a session: nil for everybody but a role whose session was given a policy. A role
// session that has ended, and one whose policy cannot be read, may do nothing.
func SessionPolicy(s *pratique.Snapshot, ref pratique.Ref, session string) *policy.Document {
	if ref.Kind != pratique.KindRole {
		return nil
	}
	ses, ok := s.Sessions.ID(session)
	if !ok || ses.Principal != ref {
		return denyAll(policy.RAM)
	}
	doc, err := ses.SessionPolicy()
	if err != nil {
		return denyAll(policy.RAM)
	}
	return doc
}

// TrustContext is what a trust policy may put conditions on when a principal assumes a role: the keys that RAM has of every request.
func TrustContext(s *pratique.Snapshot, who pratique.Principal, now time.Time, source string) []policy.Attribute {
	q := Query{Principal: PrincipalRef(who), Time: now, Source: source, MFA: who.MFA}
	keys := []string{"acs:CurrentTime", "acs:SecureTransport", "acs:SourceIp", "acs:MFAPresent"}
	if !who.IsZero() {
		keys = append(keys, "acs:PrincipalARN")
	}
	var out []policy.Attribute
	for _, key := range keys {
		if value, _ := ownKey(s, &q, policy.RAM, key); value != "" {
			out = append(out, one(key, value))
		}
	}
	return out
}

// Narrowed reports whether it was the session policy that did not let a request through, in every language in which the operation has a name.
// It is an implicit no like any other, but nothing beyond the policies, no RBAC of a cluster for one, may make a yes of it.
func (d *Decision) Narrowed() bool {
	if d.Effect == policy.Allow || d.n == 0 {
		return false
	}
	for i := range d.n {
		w := &d.walks[i]
		if at := w.decision.Tier; at < 0 || at >= len(w.chain) || w.chain[at].Name != tierSession {
			return false
		}
	}
	return true
}
