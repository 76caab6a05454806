package addon_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/addon"
	"github.com/pratique-iam/pratique/policy"
)

// diagnose examines the MSE add-on in a cluster.
func (f *fleet) diagnose(c *pratique.Cluster, used map[string]time.Time) addon.Diagnosis {
	f.Helper()
	a, ok := f.AddonTemplate("mse-ingress-controller")
	if !ok {
		f.Fatal("there is no such add-on")
	}
	p := &addon.Precheck{Decider: f.decider, Addon: a, Cluster: c, Settings: f.settings, Now: noon}
	d, err := p.Diagnose(f.Snapshot, used)
	if err != nil {
		f.Fatal(err)
	}
	return d
}

func attach(role, policyName string) string {
	return "kind: Grant\nmetadata: {name: " + strings.ToLower(policyName) + "-of-the-workers}\nspec: {role: " + role + ", policy: " + policyName + ", scope: {account: true}}"
}

func TestTheDoctorNamesWhatIsMissingAndWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.cluster("old", "ack-dedicated")
	worker := pratique.WorkerRoleName(c.ID)
	if d := f.diagnose(c, nil); d.Principal != worker || !slices.Contains(d.Missing, "mse:AddGateway") || len(d.Surplus) > 0 {
		t.Errorf("a worker role that holds nothing: missing %v, surplus %v", d.Missing, d.Surplus)
	}
	f.apply(attach(worker, "AliyunMSEFullAccess"))
	asked := map[string]time.Time{"mse:addgateway": noon}
	d := f.diagnose(c, asked)
	if len(d.Missing) > 0 {
		t.Errorf("missing %v", d.Missing)
	}
	want := []string{
		"mse:* (policy AliyunMSEFullAccess): everything of that form, of which 14 actions are needed",
		"microgw:* (policy AliyunMSEFullAccess): everything of that form, of which 0 actions are needed",
	}
	if diff := cmp.Diff(want, d.Surplus); diff != "" {
		t.Errorf("surplus (-want +got):\n%s", diff)
	}
	for _, r := range d.Rows {
		if r.Action == "mse:AddGateway" && (!r.Needed || !r.Held || !r.LastUsed.Equal(noon)) || r.Action == "mse:GetGateway" && !r.LastUsed.IsZero() {
			t.Errorf("row %+v", r)
		}
	}
	f.settings = addon.Settings{"spec.monitor.logging.sls": "MseIngressConfig default"}
	d = f.diagnose(c, asked)
	missing := []string{
		"log:OpenProductDataCollection", "log:CloseProductDataCollection", "log:GetProductDataCollection", "ram:PassRole",
		"ram:CreateServiceLinkedRole (ram:ServiceName = audit.log.aliyuncs.com)",
	}
	if diff := cmp.Diff(missing, d.Missing); diff != "" {
		t.Errorf("with access logs (-want +got):\n%s", diff)
	}
}

// What the doctor writes is taken by Pratique, as short as the vendor demands, and with it nothing is missing or too much.
func TestTheSmallestPolicyIsEnoughAndNoMore(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]addon.Settings{
		"plain": nil,
		"everything on": {
			"spec.monitor.logging.sls": "x", "spec.global.ipAccessControl": "x", "spec.common.network.vSwitches": "x",
		},
	} {
		f := newFleet(t)
		f.settings = settings
		c := f.cluster("old", "ack-dedicated")
		worker := pratique.WorkerRoleName(c.ID)
		text := string(f.diagnose(c, nil).Policy)
		if len(text) > policy.DefaultLimits(policy.RAM).Characters {
			t.Errorf("%s: %d characters", name, len(text))
		}
		f.apply("kind: Policy\nmetadata: {name: minimal}\nspec: {document: " + text + "}")
		f.apply(attach(worker, "minimal"))
		f.with(pratique.CreateServiceLinkedRole{Service: "mse.aliyuncs.com"})
		if d := f.diagnose(c, nil); len(d.Missing)+len(d.Surplus) > 0 {
			t.Errorf("%s: missing %v, surplus %v", name, d.Missing, d.Surplus)
		}
	}
}

func TestTheDoctorSaysWhereThereIsNothingToHold(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	c := f.cluster("shop", "ack-managed")
	if d := f.diagnose(c, nil); d.Principal != "AliyunCSManagedMseRole" || len(d.Missing) == 0 || !strings.HasPrefix(d.Advice[0], "there is no role") {
		t.Errorf("without the role: %+v", d)
	}
	a, _ := f.AddonTemplate("descheduler")
	p := &addon.Precheck{Decider: f.decider, Addon: a, Cluster: c, Now: noon}
	if d, err := p.Diagnose(f.Snapshot, nil); err != nil || d.Principal != "" || d.Policy != nil || len(d.Missing) > 0 {
		t.Errorf("an add-on that needs nothing: %+v, %v", d, err)
	}
}
