package access_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
)

func TestWhatARoleAsksForItselfIsRemembered(t *testing.T) {
	t.Parallel()
	var m access.Memory
	role := pratique.Ref{Kind: pratique.KindRole, ID: "r-1"}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ask := func(asker string, who pratique.Ref, action string, when time.Time) {
		m.Add(access.Remembered{Account: "7", Asker: asker, Query: access.Query{Principal: who, Action: action, Time: when}})
	}
	ask("r-1", role, "mse:AddGateway", at)
	ask("r-1", role, "MSE:addgateway", at.Add(time.Hour))
	ask("u-1", role, "mse:Simulated", at) // somebody else wants to know what the role may
	ask("u-1", pratique.Ref{Kind: pratique.KindUser, ID: "u-1"}, "mse:OfAPerson", at)
	want := map[string]time.Time{"mse:addgateway": at.Add(time.Hour)}
	if diff := cmp.Diff(want, m.Used("7", role)); diff != "" {
		t.Errorf("used (-want +got):\n%s", diff)
	}
	if got := m.Used("8", role); len(got) > 0 {
		t.Errorf("another account's role of the same id used %v", got)
	}
}

func TestOneRoleCannotFillTheMemoryOfUses(t *testing.T) {
	t.Parallel()
	var m access.Memory
	role := pratique.Ref{Kind: pratique.KindRole, ID: "r-1"}
	for i := range 2000 {
		m.Add(access.Remembered{Account: "7", Asker: "r-1", Query: access.Query{Principal: role, Action: fmt.Sprintf("mse:A%d", i)}})
	}
	if n := len(m.Used("7", role)); n != 512 {
		t.Errorf("%d actions are remembered", n)
	}
}
