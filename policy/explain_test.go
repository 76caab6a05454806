package policy

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExplanationNamesWhatDecided(t *testing.T) {
	t.Parallel()
	text := `{"Version":"1.1","Statement":[
  {"Effect":"Allow","Action":["cce:*:*"]},
  {"Effect":"Deny","Action":["cce:node:delete"],"Condition":{"Bool":{"g:MFAPresent":["false"]}}}]}`
	c := Chain{
		{Name: "project", Sets: []*Set{Compile(Source{
			Document: mustParse(t, Parser{}, text), Policy: "nodes", ID: "p1", Version: "v3", Grant: "g1", Scope: "project local-1",
		})}},
		{Name: "role"},
	}
	got, err := json.MarshalIndent(c.Explain(&Request{Action: "cce:node:delete", Context: []Attribute{has("g:MFAPresent", "false")}}), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
 "decision": {
  "effect": "Deny",
  "tier": 0,
  "set": 0,
  "source": 0,
  "statement": 1
 },
 "tiers": [
  {
   "name": "project",
   "effect": "Deny",
   "statements": 2,
   "deciding": {
    "policy": "nodes",
    "policyId": "p1",
    "version": "v3",
    "grant": "g1",
    "scope": "project local-1",
    "statement": 1,
    "position": {
     "offset": 76,
     "line": 3,
     "column": 3
    },
    "effect": "Deny",
    "actionMatches": true,
    "resourceMatches": true,
    "principalMatches": true,
    "conditions": [
     {
      "operator": "Bool",
      "key": "g:MFAPresent",
      "wants": [
       "false"
      ],
      "has": [
       "false"
      ],
      "holds": true
     }
    ]
   }
  }
 ]
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("explanation (-want +got):\n%s", diff)
	}
}

func TestImplicitDenySaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		request    Request
		want       string
		closest    int // statement, -1 for none
	}{
		{
			"nothing about the service", huawei(`"Effect":"Allow","Action":["ecs:*:*"]`),
			Request{Action: "cce:cluster:create"},
			"no statement allows cce:cluster:create", -1,
		},
		{
			"another operation of the type", `{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["cce:node:get"]},{"Effect":"Allow","Action":["cce:cluster:get"]}]}`,
			Request{Action: "cce:cluster:create"},
			"no statement allows cce:cluster:create", 1,
		},
		{
			"another resource", huawei(`"Effect":"Allow","Action":["cce:cluster:*"],"Resource":["cce:*:*:cluster:c1"]`),
			Request{Action: "cce:cluster:get", Resource: "cce:r:a:cluster:c2"},
			"statement 1 of p allows the action, but not the resource cce:r:a:cluster:c2", 0,
		},
		{
			"no resource", huawei(`"Effect":"Allow","Action":["cce:cluster:*"],"Resource":["cce:*:*:cluster:c1"]`),
			Request{Action: "cce:cluster:list"},
			"statement 1 of p allows the action, but only on certain resources, and the request names none", 0,
		},
		{
			"a condition", ram(`"Effect":"Allow","Action":"cs:*","Resource":"*","Condition":{"StringEquals":{"acs:Env":["dev","test"]}}`),
			Request{Action: "cs:Get", Context: []Attribute{has("acs:env", "prod")}},
			"statement 1 of p allows it under conditions: StringEquals acs:Env wants [dev, test], the request has [prod]", 0,
		},
		{
			"a key", ram(`"Effect":"Allow","Action":"cs:*","Resource":"*","Condition":{"StringEquals":{"acs:Env":"dev"}}`),
			Request{Action: "cs:Get"},
			"statement 1 of p allows it under conditions: StringEquals acs:Env wants [dev], the request has none", 0,
		},
		{
			"a value of the right type", ram(`"Effect":"Allow","Action":"cs:*","Resource":"*","Condition":{"NumericLessThan":{"acs:Age":"5"}}`),
			Request{Action: "cs:Get", Context: []Attribute{has("acs:Age", "old")}},
			"statement 1 of p allows it under conditions: NumericLessThan acs:Age wants [5], the request has [old]; a value in the request does not fit the operator", 0,
		},
		{
			"the principal", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["cs.aliyuncs.com"]}}]}`,
			Request{Action: "sts:AssumeRole"},
			"statement 1 of p trusts others than those who ask", 0,
		},
		{
			"an action", huawei(`"Effect":"Allow","Action":["*:*:*"]`),
			Request{Action: "create"},
			`"create" is not an action of either language: it must have two or three segments`, -1,
		},
		{
			"the nearest of several", `{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["cce:cluster:get"],"Resource":["cce:*:*:cluster:c1"]},
				{"Effect":"Allow","Action":["cce:cluster:get"],"Condition":{"Bool":{"g:MFAPresent":["true"]},"StringEquals":{"g:UserName":["bob"]}}},
				{"Effect":"Allow","Action":["cce:cluster:get"],"Condition":{"Bool":{"g:MFAPresent":["true"]}}}]}`,
			Request{Action: "cce:cluster:get"},
			"statement 3 of p allows it under conditions: Bool g:MFAPresent wants [true], the request has none", 2,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := Chain{{Name: "account", Sets: sets(t, c.text)}}.Explain(&c.request)
			if x.Missing != c.want {
				t.Errorf("missing:\n got %s\nwant %s", x.Missing, c.want)
			}
			closest := -1
			if x.Closest != nil {
				closest = x.Closest.Statement
			}
			if closest != c.closest {
				t.Errorf("closest is statement %d, want %d", closest, c.closest)
			}
		})
	}
}

func TestSeparateDenyIsNamedAsWhatTakesAway(t *testing.T) {
	t.Parallel()
	role := `{"Version":"1.0","Statement":[{"Effect":"Allow","Action":["*"]},{"Effect":"Deny","Action":["identity:*"]}]}`
	x := Chain{{Name: "role", Combine: Separate, Sets: sets(t, role)}}.Explain(&Request{Action: "iam:users:create"})
	if want := "statement 1 of p allows it, but statement 2 of p takes it away again"; x.Missing != want {
		t.Errorf("got %q, want %q", x.Missing, want)
	}
}

func TestSessionPolicyIsNamedAsWhatIsMissing(t *testing.T) {
	t.Parallel()
	c := Chain{
		{Name: "session", Combine: Required, Sets: sets(t, ram(`"Effect":"Allow","Action":"oss:*","Resource":"*"`))},
		{Name: "account", Sets: sets(t, ram(`"Effect":"Allow","Action":"*","Resource":"*"`))},
	}
	x := c.Explain(&Request{Action: "cs:GetClusters"})
	if want := "no statement of tier session, which must allow, allows cs:GetClusters"; x.Missing != want || x.Closest != nil {
		t.Errorf("got %q and %+v, want %q", x.Missing, x.Closest, want)
	}
	if len(x.Tiers) != 1 || x.Tiers[0].Statements != 1 {
		t.Errorf("tiers: %+v", x.Tiers)
	}
}

func TestSkippedTiersSayWhy(t *testing.T) {
	t.Parallel()
	x := Chain{{Name: "enterprise-project", Skipped: "quotas have no enterprise project", Sets: sets(t, huawei(`"Effect":"Deny","Action":["*:*:*"]`))}}.
		Explain(&Request{Action: "cce:quota:get"})
	want := []TierTrace{{Name: "enterprise-project", Skipped: "quotas have no enterprise project"}}
	if diff := cmp.Diff(want, x.Tiers); diff != "" {
		t.Errorf("tiers (-want +got):\n%s", diff)
	}
}
