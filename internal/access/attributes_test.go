package access_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/policy"
)

// knowing makes a query whose asker works a key out when it is asked for.
func knowing(key, value string) func(*access.Query) {
	return func(q *access.Query) {
		q.Lookup = func(asked string) (string, []string) {
			if strings.EqualFold(asked, key) {
				return value, nil
			}
			return "", nil
		}
	}
}

// allowIf makes a policy that allows one thing under one condition; grant it to alice.
func allowIf(t *testing.T, w *world, action, condition string) {
	t.Helper()
	version, scope := "1.1", "{allProjects: true}"
	if policy.DialectOf(action) == policy.RAM {
		version, scope = "1", "{account: true}"
	}
	w.user(t, "alice")
	w.custom(t, "conditional", "{Version: '"+version+"', Statement: [{Effect: Allow, Action: ['"+action+"'], Resource: ['*'], Condition: {"+condition+"}}]}")
	w.grant(t, "alice", scope, "conditional")
}

// No condition key of Pratique's own can be brought along, in whatever case it is written, and not where it has no value either.
func TestACallerCannotBringAKeyThatIsOurs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ action, key, value string }{
		{"cce:cluster:list", "g:UserName", "mallory"},
		{"cce:cluster:list", "g:UserId", "mallory"},
		{"cce:cluster:list", "g:DomainName", "mallory"},
		{"cce:cluster:list", "g:DomainId", "mallory"},
		{"cce:cluster:list", "g:ProjectName", "mallory"},
		{"cce:cluster:list", "g:SourceIp", "mallory"},            // the query has none
		{"cce:cluster:list", "g:EnterpriseProjectId", "mallory"}, // neither
		{"cce:cluster:list", "g:MFAPresent", "true"},
		{"cce:cluster:list", "g:CurrentTime", "2001-01-01T00:00:00Z"},
		{"cs:DescribeClusters", "acs:SourceIp", "mallory"},
		{"cs:DescribeClusters", "acs:MFAPresent", "true"}, // absent without a second factor
		{"cs:DescribeClusters", "acs:PrincipalARN", "mallory"},
		{"cs:DescribeClusters", "acs:ResourceGroupId", "mallory"},
		{"cs:DescribeClusters", "acs:CurrentTime", "2001-01-01T00:00:00Z"},
		{"cs:DescribeClusters", "acs:SecureTransport", "false"},
	} {
		t.Run(c.key, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			allowIf(t, &w, c.action, "StringEquals: {'"+c.key+"': ['"+c.value+"']}")
			for _, written := range []string{c.key, strings.ToUpper(c.key), strings.ToLower(c.key)} {
				w.deny(t, "alice", c.action, with(written, c.value))
				w.deny(t, "alice", c.action, knowing(written, c.value))
				q := w.ask(t, "alice", c.action, with(written, c.value))
				if e := w.Explain(w.Snapshot, &q); e.Decision.Allowed() || e.Walks[0].Trace.Decision.Allowed() {
					t.Errorf("%s: the explanation believes it", written)
				}
			}
		})
	}
}

func TestOtherKeysAreThoseOfTheCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	allowIf(t, &w, "cce:cluster:list", "StringEquals: {'cce:ClusterTag/env': [prod]}")
	w.deny(t, "alice", "cce:cluster:list")
	w.allow(t, "alice", "cce:cluster:list", with("CCE:clustertag/ENV", "prod"))
	w.allow(t, "alice", "cce:cluster:list", knowing("cce:ClusterTag/env", "prod"))
	w.deny(t, "alice", "cce:cluster:list", with("cce:ClusterTag/env", "prod"), knowing("cce:ClusterTag/env", "dev"))
}

func TestOwnKeysHaveTheirValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ action, condition string }{
		{"cce:cluster:list", "StringEquals: {'g:UserName': [alice], 'g:DomainName': [acme], 'g:DomainId': ['1000000000000001'], 'g:ProjectName': [local-1]}"},
		{"cce:cluster:list", "DateEquals: {'g:CurrentTime': ['2026-11-21T12:00:00Z']}, Bool: {'g:MFAPresent': ['false']}"},
		{"cs:DescribeClusters", "StringEquals: {'acs:PrincipalARN': ['acs:ram::1000000000000001:user/alice'], 'acs:SecureTransport': ['true']}"},
	} {
		w := newWorld(t)
		allowIf(t, &w, c.action, c.condition)
		w.allow(t, "alice", c.action)
	}
}

// A decision takes no memory, whether it looks at conditions or not. (Counting allocations does not go with other tests.)
func TestDecidingTakesNoMemory(t *testing.T) {
	w := newWorld(t)
	allowIf(t, &w, "cce:cluster:list", "StringEquals: {'g:UserName': [alice]}, Bool: {'g:MFAPresent': ['false']}, IpAddress: {'g:SourceIp': ['10.0.0.0/8']}")
	for action, allowed := range map[string]bool{"cce:cluster:list": true, "cce:cluster:delete": false} {
		q := w.ask(t, "alice", action, on("cce:local-1:1000000000000001:cluster:c-1"), func(q *access.Query) { q.Source = "10.1.2.3" })
		if d := w.Decide(w.Snapshot, &q); d.Allowed() != allowed {
			t.Fatalf("%s: %s", action, d.Reason())
		}
		if n := testing.AllocsPerRun(100, func() { _ = w.Decide(w.Snapshot, &q) }); n != 0 {
			t.Errorf("%s takes %v allocations", action, n)
		}
	}
}

func TestNothingIsWorkedOutThatNoConditionAsksFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	allowIf(t, &w, "cce:cluster:list", "StringEquals: {'cce:ClusterName': [prod]}")
	var asked []string
	listening := func(q *access.Query) {
		q.Lookup = func(key string) (string, []string) {
			asked = append(asked, key)
			return "prod", nil
		}
	}
	w.deny(t, "alice", "cce:cluster:delete", listening)
	if asked != nil {
		t.Errorf("no statement is about deleting, and yet it was asked for %v", asked)
	}
	w.allow(t, "alice", "cce:cluster:list", listening)
	if diff := cmp.Diff([]string{"cce:ClusterName"}, asked); diff != "" {
		t.Error(diff)
	}
}
