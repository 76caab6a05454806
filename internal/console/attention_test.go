package console

import (
	"testing"
	"time"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/audit"
)

func TestOnlyASpikeOfRefusalsAsksForAttention(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	trail := func(next string, ages ...time.Duration) apiv1.Audit {
		out := apiv1.Audit{Next: next}
		for _, age := range ages {
			out.Records = append(out.Records, audit.Record{Event: audit.ChangeDenied, Time: now.Add(-age), Missed: 9})
		}
		return out
	}
	for name, c := range map[string]struct {
		trail apiv1.Audit
		says  string
	}{
		"few":                           {trail("", time.Minute), ""},
		"many, where there were none":   {trail("", time.Minute, time.Minute), "20 requests were refused within the last hour; before, it was 0.0 an hour"},
		"many, as always":               {trail("9", time.Minute, time.Minute, 61*time.Minute, 119*time.Minute, 2*time.Hour), ""},
		"more than the records hold":    {trail("9", time.Minute, 2*time.Minute, 3*time.Minute), "30 requests were refused within the last hour"},
		"things of the day before last": {trail("", time.Minute, time.Minute, 30*time.Hour, 31*time.Hour, 32*time.Hour), "20 requests were refused within the last hour; before, it was 0.0 an hour"},
	} {
		got := refusals(c.trail, now)
		switch {
		case got == nil && c.says != "":
			t.Errorf("%s: nothing is said", name)
		case got != nil && got.Text != c.says:
			t.Errorf("%s: %q, want %q", name, got.Text, c.says)
		}
	}
}

func TestPermissionsThatAreNotInForceAreTold(t *testing.T) {
	t.Parallel()
	for want, state := range map[string]apiv1.RBACState{
		"": {Synced: true, Bindings: 3},
		"2 of 3 bindings wait for a namespace or ClusterRole that is not there":            {Synced: true, Bindings: 3, Waiting: 2},
		"1 of 3 bindings cannot be made, because somebody else's objects have their names": {Bindings: 3, Conflicts: 1},
		"namespace permissions are not in force since 2026-11-22 12:00:00 UTC: forbidden":  {Error: "forbidden", Failing: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)},
	} {
		if got := driftText(&state); got != want {
			t.Errorf("%+v: %q, want %q", state, got, want)
		}
	}
}
