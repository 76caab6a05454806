package policy

import (
	"fmt"
	"strings"
	"testing"
)

// decideText compiles texts and decides one request.
func decideText(t *testing.T, r Request, texts ...string) Effect {
	t.Helper()
	var sources []Source
	for _, text := range texts {
		sources = append(sources, Source{Document: mustParse(t, Parser{Kind: kindOf(text)}, text)})
	}
	e, _, _ := Compile(sources...).Decide(&r)
	return e
}

func kindOf(text string) Kind {
	switch {
	case strings.Contains(text, `"Principal"`):
		return Trust
	case strings.Contains(text, `"Version":"1.0"`):
		return System
	}
	return Identity
}

func TestActions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, action string
		want            bool
	}{
		{"cce:cluster:get", "cce:cluster:get", true},
		{"cce:cluster:get", "CCE:Cluster:GET", true},
		{"cce:Cluster:Get", "cce:cluster:get", true},
		{"cce:cluster:get", "cce:cluster:getDetail", false},
		{"cce:cluster:*", "cce:cluster:get", true},
		{"cce:cluster:*", "cce:clusters:get", false},
		{"cce:cluster:g*", "cce:cluster:get", true},
		{"cce:cluster:g*", "cce:cluster:list", false},
		{"cce:*:get", "cce:cluster:get", true},
		{"cce:*:get", "cce:cluster:getDetail", false},
		{"cce:*:get", "cce:cluster:reget", false},
		{"cce:*:get*", "cce:cluster:getDetail", true},
		{"cce:*:get*", "cce:cluster:ge", false},
		{"cce:*:g?t", "cce:cluster:get", true},
		{"cce:*", "cce:cluster:get", true},
		{"cce:*", "ecs:cluster:get", false},
		{"cce:clu*", "cce:cluster:get", true},
		{"cce*:get", "cce:cluster:get", true},
		{"c*", "cce:cluster:get", true},
		{"*", "cce:cluster:get", true},
		{"*:*:*", "cce:cluster:get", true},
		{"*:*:get", "cce:cluster:get", true},
		{"*:*:get", "cce:cluster:list", false},
		{"?ce:*:*", "cce:cluster:get", true},
		{"cce:cluster:get:*", "cce:cluster:get", false},
		{"*", "cce:cluster", false},         // RAM
		{"*", "cce::get", false},            // no dialect
		{"*", "cce:cluster:get:now", false}, // no dialect
	} {
		d := &Document{Version: "1.1", Dialect: Huawei, Statements: []Statement{{Effect: Allow, Actions: []Value{{Text: c.pattern}}}}}
		if e, _, _ := Compile(Source{Document: d}).Decide(&Request{Action: c.action}); (e == Allow) != c.want {
			t.Errorf("%s, asked for %s: %v", c.pattern, c.action, e)
		}
	}
}

func TestRolesAbbreviateActions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, action string
		want            bool
	}{
		{"*", "cce:cluster:get", true},
		{"identity:*", "iam:users:create", true},
		{"identity:*", "cce:cluster:get", false},
		{"identity:*", "identity:users:create", false},
		{"identity:assume role", "iam:tokens:assume", true},
		{"identity:assume role", "iam:agencies:assume", true},
		{"identity:assume role", "iam:agencies:get", false},
		{"Identity:get*", "iam:users:getUser", true},
		{"identity:users:get", "iam:users:get", true},
		{"ecs:*", "ecs:servers:get", true},
		{"DNS:Zone:*", "dns:zone:create", true},
		{"::Get", "ecs:servers:get", true},
		{"::Get", "ecs:servers:list", false},
		{"*:*:Get*", "ecs:servers:getAll", true},
	} {
		d := &Document{Version: "1.0", Dialect: Huawei, Statements: []Statement{{Effect: Allow, Actions: []Value{{Text: c.pattern}}}}}
		if e, _, _ := Compile(Source{Document: d}).Decide(&Request{Action: c.action}); (e == Allow) != c.want {
			t.Errorf("%s, asked for %s: %v", c.pattern, c.action, e)
		}
	}
}

func TestResources(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		dialect        Dialect
		pattern, named string
		want           bool
	}{
		{RAM, "*", "", true},
		{RAM, "acs:*", "", false},
		{RAM, "acs:log:*:*:project/*/logstore/mse_*", "acs:log:cn-hangzhou:1:project/p/logstore/mse_a", true},
		{RAM, "acs:log:*:*:project/*/logstore/mse_*", "acs:log:cn-hangzhou:1:project/p/logstore/other", false},
		{RAM, "acs:vpc:*:*:*/*", "acs:vpc:cn-hangzhou:1:vpc/v", true},
		{RAM, "acs:*:*cn-beijing*:*:*", "acs:ecs:cn-beijing-a:1:instance/i", true},
		{RAM, "acs:oss:*:*:bucket", "acs:oss:::bucket/x", false},
		{RAM, "acs:oss:*:*:bucket", "acs:oss:::bucket", true},
		{RAM, "acs:ram:*:*:user/Bob", "acs:ram::1:user/bob", false},
		{RAM, "acs:ram::*:role/aliyunserviceroleforslsaudit", "acs:ram::1:role/AliyunServiceRoleForSLSAudit", true},
		{RAM, "acs:ram:*:*:role/Prod?", "acs:ram::1:role/prod1", true},
		{RAM, "acs:ram::1:role/Admin", "acs:ram::1:role/admin", true},
		{RAM, "acs:ram::1:role/Adm*", "acs:ram::1:role/admin", true},
		{Huawei, "*", "", true},
		{Huawei, "cce:*:*:cluster:*", "", false},
		{Huawei, "cce:*:*:cluster:c1", "cce:local-1:a:cluster:c1", true},
		{Huawei, "cce:*:*:cluster:c1", "cce:local-1:a:cluster:C1", false},
		{Huawei, "cce:*:*:pods:*", "cce:r:a:pods/exec:c/ns/p", false}, // no glob slides from pods to pods/exec
		{Huawei, "cce:*:pods:*:*", "cce:r:pods:x:y", true},
		{Huawei, "cce:*:pods:*:*", "cce:r:a:pods:x", false}, // nor over a colon
		{Huawei, "obs:*:*:object:bucket/*", "obs:::object:bucket/a:b/c", true},
		{Huawei, "obs:r:a:object:bucket/*", "obs:r:a:object:bucket/a", true},
		{Huawei, "obs:*:*:object:${g:UserName}/*", "obs:::object:alice/x", true},
		{Huawei, "obs:*:*:object:${g:UserName}/*", "obs:::object:bob/x", false},
		{Huawei, "obs:*:*:object:${g:Nick, 'any'}", "obs:::object:any", true},
		{Huawei, "obs:*:*:object:${g:Nobody}", "obs:::object:x", false},
	} {
		d := &Document{Dialect: c.dialect, Statements: []Statement{{Effect: Allow, Actions: []Value{{Text: "*"}}, Resources: []Value{{Text: c.pattern}}}}}
		r := &Request{Action: "a:b:c", Resource: c.named, Context: []Attribute{has("g:UserName", "alice")}}
		if c.dialect == RAM {
			r.Action = "a:b"
		}
		if e, _, _ := Compile(Source{Document: d}).Decide(r); (e == Allow) != c.want {
			t.Errorf("%s, asked for %s: %v", c.pattern, c.named, e)
		}
	}
}

func TestVariableWithoutValueDenies(t *testing.T) {
	t.Parallel()
	deny := huawei(`"Effect":"Deny","Action":["obs:*:*"],"Resource":["obs:*:*:object:${g:UserName}/*"]`)
	allow := huawei(`"Effect":"Allow","Action":["obs:*:*"]`)
	r := Request{Action: "obs:object:get", Resource: "obs:::object:x"}
	if e := decideText(t, r, allow, deny); e != Deny {
		t.Errorf("without a user name: %v", e)
	}
	r.Context = []Attribute{has("g:UserName", "alice")}
	if e := decideText(t, r, allow, deny); e != Allow {
		t.Errorf("with another user's name: %v", e)
	}
}

func TestExceptions(t *testing.T) {
	t.Parallel()
	notAction := ram(`"Effect":"Deny","NotAction":["ram:Get*","sts:*"],"Resource":"*"`)
	notResource := ram(`"Effect":"Allow","Action":"*","NotResource":["acs:ram:*:*:role/Admin","acs:oss:*:*:secret/*"]`)
	for _, c := range []struct {
		action, resource string
		want             Effect
	}{
		{"ram:GetUser", "acs:ram::1:user/bob", Allow},
		{"ram:GetRole", "acs:ram::1:role/ADMIN", Undecided},
		{"sts:AssumeRole", "acs:oss:::secret/x", Undecided},
		{"sts:AssumeRole", "", Allow},
		{"ram:DeleteUser", "acs:ram::1:user/bob", Deny},
		{"iam:users:delete", "", Undecided},
	} {
		if e := decideText(t, Request{Action: c.action, Resource: c.resource}, notAction, notResource); e != c.want {
			t.Errorf("%s on %q: %v, want %v", c.action, c.resource, e, c.want)
		}
	}
}

func TestAgencyURIs(t *testing.T) {
	t.Parallel()
	text := huawei(`"Effect":"Allow","Action":["iam:agencies:assume"],"Resource":{"uri":["/iam/agencies/ops","/iam/agencies/dev-*"]}`)
	for resource, want := range map[string]Effect{
		"/iam/agencies/ops": Allow, "iam:*:d1:agency:ops": Allow, "iam::d1:agency:dev-1": Allow,
		"/iam/agencies/other": Undecided, "iam::d1:user:ops": Undecided, "": Undecided,
	} {
		if e := decideText(t, Request{Action: "iam:agencies:assume", Resource: resource}, text); e != want {
			t.Errorf("%q: %v", resource, e)
		}
	}
}

func TestTrustPoliciesNeedOneOfTheirPrincipals(t *testing.T) {
	t.Parallel()
	text := `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{
		"RAM":["acs:ram::1:root","acs:ram::2:role/Deploy"],"Service":["cs.aliyuncs.com"]}}]}`
	for _, c := range []struct {
		name string
		who  []Principal
		want Effect
	}{
		{"nobody", nil, Undecided},
		{"the service", []Principal{{Type: "Service", ID: "cs.aliyuncs.com"}}, Allow},
		{"a user that is called like it", []Principal{{Type: "RAM", ID: "cs.aliyuncs.com"}}, Undecided},
		{"a user of the account", []Principal{{Type: "RAM", ID: "acs:ram::1:user/bob"}, {Type: "RAM", ID: "acs:ram::1:root"}}, Allow},
		{"a user of another account", []Principal{{Type: "RAM", ID: "acs:ram::3:user/bob"}, {Type: "RAM", ID: "acs:ram::3:root"}}, Undecided},
		{"a role, in another case", []Principal{{Type: "RAM", ID: "acs:ram::2:role/deploy"}}, Allow},
		{"a service in another case", []Principal{{Type: "Service", ID: "CS.aliyuncs.com"}}, Undecided},
	} {
		if e := decideText(t, Request{Action: "sts:AssumeRole", Resource: "acs:ram::1:role/r", Principals: c.who}, text); e != c.want {
			t.Errorf("%s: %v", c.name, e)
		}
	}
}

func TestDenyBeatsAllowWhateverTheOrder(t *testing.T) {
	t.Parallel()
	allow, deny := huawei(`"Effect":"Allow","Action":["cce:*:*"]`), huawei(`"Effect":"Deny","Action":["cce:node:delete"]`)
	for _, texts := range [][]string{{allow, deny}, {deny, allow}} {
		if e := decideText(t, Request{Action: "cce:node:delete"}, texts...); e != Deny {
			t.Errorf("delete: %v", e)
		}
		if e := decideText(t, Request{Action: "cce:node:create"}, texts...); e != Allow {
			t.Errorf("create: %v", e)
		}
	}
}

func TestDialectsDoNotMeet(t *testing.T) {
	t.Parallel()
	ramAll, huaweiAll := ram(`"Effect":"Deny","Action":"*","Resource":"*"`), huawei(`"Effect":"Allow","Action":["*:*:*"]`)
	if e := decideText(t, Request{Action: "cce:node:get"}, ramAll, huaweiAll); e != Allow {
		t.Errorf("Huawei action: %v", e)
	}
	if e := decideText(t, Request{Action: "cs:GetNode"}, ramAll, huaweiAll); e != Deny {
		t.Errorf("RAM action: %v", e)
	}
}

// TestLongRunsAreSearched has more resources for one action than are scanned, with heads that are prefixes of one another.
func TestLongRunsAreSearched(t *testing.T) {
	t.Parallel()
	var sources []Source
	add := func(effect Effect, resources ...string) {
		s := Statement{Effect: effect, Actions: []Value{{Text: "cce:cluster:get"}}}
		for _, r := range resources {
			s.Resources = append(s.Resources, Value{Text: r})
		}
		sources = append(sources, Source{Document: &Document{Version: "1.1", Dialect: Huawei, Statements: []Statement{s}}})
	}
	for i := range 4 * searchFrom {
		add(Allow, fmt.Sprintf("cce:r:a:cluster:team-%d/*", i))
	}
	add(Allow, "cce:r:a:cluster:t*/shared", "cce:*:*:cluster:*/public")
	add(Deny, "cce:r:a:cluster:team-7/secret*")
	s := Compile(sources...)
	if s.up == nil {
		t.Fatal("nothing to search")
	}
	for resource, want := range map[string]Effect{
		"cce:r:a:cluster:team-0/x":        Allow,
		"cce:r:a:cluster:team-19/x":       Allow,
		"cce:r:a:cluster:team-191/":       Allow,
		"cce:r:a:cluster:team-192/x":      Undecided,
		"cce:r:a:cluster:team-7/secret-1": Deny,
		"cce:r:a:cluster:team-7/shared":   Allow,
		"cce:r:a:cluster:team-x/shared":   Allow,
		"cce:x:a:cluster:b/public":        Allow,
		"cce:r:a:cluster:zzz/public":      Allow,
		"cce:r:a:cluster:zzz/private":     Undecided,
		"a":                               Undecided,
		"":                                Undecided,
	} {
		if e, _, _ := s.Decide(&Request{Action: "cce:cluster:get", Resource: resource}); e != want {
			t.Errorf("%s: %v, want %v", resource, e, want)
		}
	}
}

// TestKeysThatShareTheirBitsAreToldApart looks for two actions that the slots cannot tell apart.
func TestKeysThatShareTheirBitsAreToldApart(t *testing.T) {
	t.Parallel()
	shift := uint8(2) // two cells
	seen := map[uint32]string{}
	for i := range 1 << 20 {
		action := fmt.Sprintf("cce:node:action%d", i)
		tag := tagOf(hashKey(action), shift)
		other, ok := seen[tag]
		seen[tag] = action
		if !ok {
			continue
		}
		allow := func(action string) Source {
			return Source{Document: &Document{Version: "1.1", Dialect: Huawei, Statements: []Statement{{Effect: Allow, Actions: []Value{{Text: action}}}}}}
		}
		s := Compile(allow(action), allow(other))
		if !s.collides || s.shift != shift {
			t.Fatalf("%s and %s do not collide", action, other)
		}
		for want, action := range []string{action, other} {
			if e, source, _ := s.Decide(&Request{Action: action}); e != Allow || source != want {
				t.Errorf("%s: %v by source %d", action, e, source)
			}
		}
		return
	}
	t.Fatal("no two actions collide")
}

func TestLongTextsAreDecidedToo(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 70_000)
	d := &Document{Version: "1.1", Dialect: Huawei, Statements: []Statement{
		{Effect: Allow, Actions: []Value{{Text: "A:b:" + long}, {Text: "a:" + long + ":*"}}, Resources: []Value{{Text: "a:b:c:d:" + long}, {Text: "a:b:c:d:" + long + "/*"}}},
	}}
	s := Compile(Source{Document: d})
	for _, c := range []struct {
		action, resource string
		want             Effect
	}{
		{"a:b:" + long, "a:b:c:d:" + long, Allow},
		{"a:B:" + long, "a:b:c:d:" + long + "/y", Allow},
		{"a:" + long + ":c", "a:b:c:d:" + long, Allow},
		{"a:b:" + long + "x", "a:b:c:d:" + long, Undecided},
		{"a:b:" + long, "a:b:c:d:" + long + "y", Undecided},
	} {
		if e, _, _ := s.Decide(&Request{Action: c.action, Resource: c.resource}); e != c.want {
			t.Errorf("%v, want %v", e, c.want)
		}
	}
}

func TestNilDocumentsKeepTheirIndex(t *testing.T) {
	t.Parallel()
	d := mustParse(t, Parser{}, huawei(`"Effect":"Allow","Action":["cce:node:get"]`))
	shared := CompileDocument(d)
	s := Compile(Source{}, Source{Compiled: shared, Policy: "p"})
	if e, source, statement := s.Decide(&Request{Action: "cce:node:get"}); e != Allow || source != 1 || statement != 0 {
		t.Errorf("%v by source %d, statement %d", e, source, statement)
	}
	if s.Len() != 1 || len(s.Sources()) != 2 || s.Sources()[1].Document != d {
		t.Errorf("%d statements, sources %v", s.Len(), s.Sources())
	}
	var none *Set
	if e, source, statement := none.Decide(&Request{Action: "cce:node:get"}); e != Undecided || source != -1 || statement != -1 || none.Len() != 0 {
		t.Error("a nil set is not empty")
	}
}
