package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestActionsHaveTheSegmentsOfTheirDialect(t *testing.T) {
	t.Parallel()
	check := func(p Parser, format string, accepted, refused []string) {
		t.Helper()
		for _, a := range accepted {
			mustParse(t, p, fmt.Sprintf(format, a))
		}
		for _, a := range refused {
			refusal(t, p, fmt.Sprintf(format, a))
		}
	}
	check(Parser{}, ram(`"Effect":"Allow","Resource":"*","Action":%q`),
		[]string{"*", "**", "cs:*", "*:Describe*", "cs:Get?", "cs:**", "yundun-aegis:Describe_X", "oss:Get/Object"},
		[]string{"", "cs", "cs:", ":Get", "cs:a:b", "cs:Get Cluster", "cs:Gét", "cs:\u212a", "cs:${x}", "cs:a\n", "***:"})
	check(Parser{}, huawei(`"Effect":"Allow","Action":[%q]`),
		[]string{"*:*:*", "cce:*:get", "bms:*:get*", "cce:cluster:**", "obs:bucket:ListAllMybuckets"},
		[]string{"", "*", "**", "cce:*", "cce:cluster:", "::get", "a:b:c:d", "cce:cluster: get", "identity:*", "cce:cluster:ſ"})
	check(Parser{Kind: System}, `{"Version":"1.0","Statement":[{"Effect":"Allow","Action":[%q]}]}`,
		[]string{"*", "identity:*", "*:*:Get*", "identity:assume role", "::Get", "cce:cluster:get"},
		[]string{"", "::", "a:b:c:d", "cluster", "get*"})
	check(Parser{Kind: System}, huawei(`"Effect":"Allow","Action":[%q]`),
		[]string{"*:*:*"}, []string{"*", "identity:*"})
}

func TestMisplacedActionsSayWhichDialectTheyAre(t *testing.T) {
	t.Parallel()
	checkRefused(t, Parser{}, []refusedCase{
		{"Huawei in RAM", ram(`"Effect":"Allow","Resource":"*","Action":"cce:node:get"`), `1:71: error: action "cce:node:get" has three segments, and RAM actions have two (MalformedPolicyDocument); three are Huawei IAM, "Version": "1.1"`, "MalformedPolicyDocument"},
		{"RAM in Huawei", huawei(`"Effect":"Allow","Action":["cs:GetClusters"]`), `1:59: error: action "cs:GetClusters" has two segments, and Huawei IAM actions have three (IAM.1035); two are RAM, "Version": "1"`, "IAM.1035"},
		{"star in Huawei", huawei(`"Effect":"Allow","Action":["*"]`), `1:59: error: action "*" must have three segments (IAM.1035); write "*:*:*" for everything`, "IAM.1035"},
		{"both", huawei(`"Effect":"Allow","Action":["a:b:c"],"NotAction":["a:b:c"]`), `1:68: error: a statement has Action or NotAction, not both`, "IAM.1031"},
	})
}

// names is a registry of the actions it lists.
type names []string

func (n names) Action(name string) (bool, []string) {
	return slices.ContainsFunc(n, func(s string) bool { return strings.EqualFold(s, name) }), n
}

func TestLiteralActionsMustBeRegistered(t *testing.T) {
	t.Parallel()
	p := Parser{Registry: names{"cce:node:get", "cs:GetCluster"}}
	mustParse(t, p, huawei(`"Effect":"Allow","Action":["CCE:node:Get","cce:nodes:*","cce:nod?:get"]`))
	mustParse(t, Parser{Kind: System, Registry: p.Registry}, huawei(`"Effect":"Allow","Action":["cce:nodes:get"]`))
	checkRefused(t, p, []refusedCase{
		{"Huawei", huawei(`"Effect":"Allow","Action":["cce:nodes:get"]`), `1:59: error: action "cce:nodes:get" is not registered (IAM.1036); the nearest known: cce:node:get, cs:GetCluster`, "IAM.1036"},
		{"NotAction", huawei(`"Effect":"Allow","NotAction":["cce:nodes:get"]`), `1:62: error: action "cce:nodes:get" is not registered`, "IAM.1036"},
		{"RAM", ram(`"Effect":"Allow","Resource":"*","Action":"cs:GetClusterr"`), `1:71: error: action "cs:GetClusterr" is not registered`, "MalformedPolicyDocument"},
	})
	checkRefused(t, Parser{Kind: Session, Registry: p.Registry}, []refusedCase{
		{"session", ram(`"Effect":"Allow","Resource":"*","Action":"cs:X"`), `1:71: error: action "cs:X" is not registered`, "InvalidParameter.PolicyGrammar"},
	})
}

func TestResourcesAreWrittenAsTheirDialectWritesThem(t *testing.T) {
	t.Parallel()
	allow := `"Effect":"Allow","Action":["a:b:c"],"Resource":`
	for _, text := range []string{
		ram(`"Effect":"Allow","Action":"*","Resource":["*","acs:cs:*:*:cluster/a b","acs:ram::*:role/x","acs:*"]`),
		ram(`"Effect":"Allow","Action":"*","NotResource":"acs:cs:*:*:cluster/x"`),
		huawei(allow + `["*","obs:*:*:bucket:a:b","OBS:*:*:*:*/*","obs:*:*:object:${g:UserName}/*","a:*:*:t:${k, 'a b:c'}"]`),
		huawei(`"Effect":"Allow","Action":["iam:tokens:assume","iam:agencies:assume"],"Resource":{"uri":["/iam/agencies/x"]}`),
	} {
		mustParse(t, Parser{}, text)
	}
	checkRefused(t, Parser{}, []refusedCase{
		{"missing in RAM", ram(`"Effect":"Allow","Action":"*"`), `1:29: error: member "Resource" is missing`, "MalformedPolicyDocument"},
		{"both", ram(`"Effect":"Allow","Action":"*","Resource":"*","NotResource":"*"`), `1:75: error: a statement has Resource or NotResource, not both`, "MalformedPolicyDocument"},
		{"not an ARN", ram(`"Effect":"Allow","Action":"*","Resource":"cluster/x"`), `1:71: error: resource "cluster/x" does not start with "acs:"`, "MalformedPolicyDocument"},
		{"control character", ram(`"Effect":"Allow","Action":"*","Resource":"acs:\u0000"`), `1:71: error: resource "acs:\x00" contains a control character`, "MalformedPolicyDocument"},
		{"NotResource in Huawei", huawei(`"Effect":"Allow","Action":["a:b:c"],"NotResource":["*"]`), `1:68: error: Huawei IAM has no NotResource`, "IAM.1059"},
		{"too few segments", huawei(allow + `["obs:*:*:bucket"]`), `1:80: error: resource "obs:*:*:bucket" must have five segments`, "IAM.1045"},
		{"empty service", huawei(allow + `[":*:*:t:x"]`), `1:80: error: resource ":*:*:t:x" has an empty service`, "IAM.1045"},
		{"empty region", huawei(allow + `["a::*:t:x"]`), `1:80: error: resource "a::*:t:x" has an empty region`, "IAM.1043"},
		{"empty domain", huawei(allow + `["a:*::t:x"]`), `1:80: error: resource "a:*::t:x" has an empty domain`, "IAM.1045"},
		{"empty type", huawei(allow + `["a:*:*::x"]`), `1:80: error: resource "a:*:*::x" has an empty type`, "IAM.1046"},
		{"empty path", huawei(allow + `["a:*:*:t:"]`), `1:80: error: resource "a:*:*:t:" has an empty path`, "IAM.1045"},
		{"space", huawei(allow + `["a:*:*:t:x y"]`), `1:80: error: resource "a:*:*:t:x y" has a space in its path`, "IAM.1041"},
		{"variable in the region", huawei(allow + `["a:${r}:*:t:x"]`), `1:80: error: resource "a:${r}:*:t:x" has a variable in its region`, "IAM.1047"},
		{"broken variable", huawei(allow + `["a:*:*:t:${r"]`), `1:80: error: resource "a:*:*:t:${r": malformed variable ${r: no closing brace`, "IAM.1047"},
		{"URI for another action", huawei(`"Effect":"Allow","Action":["cce:node:get"],"Resource":{"uri":["/iam/agencies/x"]}`), `1:59: error: Resource {"uri": […]} does not go with action "cce:node:get"`, "IAM.1038"},
		{"URI of something else", huawei(`"Effect":"Allow","Action":["iam:tokens:assume"],"Resource":{"uri":["/iam/users/x"]}`), `1:99: error: URI "/iam/users/x" does not name an agency`, "IAM.1038"},
		{"URI and Condition", huawei(`"Effect":"Allow","Action":["iam:tokens:assume"],"Resource":{"uri":["/iam/agencies/x"]},"Condition":{"Bool":{"g:MFAPresent":["true"]}}`), `1:119: error: a statement on {"uri": […]} has no Condition`, "IAM.1039"},
	})
}

func TestConditionsFitTheirOperators(t *testing.T) {
	t.Parallel()
	format := map[Dialect]string{
		RAM:    ram(`"Effect":"Allow","Action":"*","Resource":"*","Condition":{%q:{"acs:K":[%q]}}`),
		Huawei: huawei(`"Effect":"Allow","Action":["a:b:c"],"Condition":{%q:{"g:K":[%q]}}`),
	}
	for _, c := range []struct {
		dialect         Dialect
		operator, value string
		class           string // empty when accepted
	}{
		{RAM, "StringEquals", "", ""},
		{RAM, "NumericLessThan", "-2.50", ""},
		{RAM, "NumericLessThan", "1e9", "MalformedPolicyDocument"},
		{RAM, "NumericLessThan", ".5", "MalformedPolicyDocument"},
		{RAM, "NumericLessThan", "ten", "MalformedPolicyDocument"},
		{RAM, "DateLessThan", "2012-11-11T23:59:59Z", ""},
		{RAM, "DateLessThan", "2019-08-12T17:00:00+08:00", ""},
		{RAM, "DateLessThan", "2019-08-12T17:00+08:00", ""},
		{RAM, "DateLessThan", "2019-08-12", "MalformedPolicyDocument"},
		{RAM, "DateLessThan", "2019-02-30T00:00:00Z", "MalformedPolicyDocument"},
		{RAM, "Bool", "true", ""},
		{RAM, "Bool", "True", "MalformedPolicyDocument"},
		{RAM, "IpAddress", "10.0.0.0/8", ""},
		{RAM, "NotIpAddress", "2001:db8::1", ""},
		{RAM, "IpAddress", "10.0.0.0/33", "MalformedPolicyDocument"},
		{RAM, "IpAddress", "fe80::1%eth0", "MalformedPolicyDocument"},
		{RAM, "StringMatch", "x", "MalformedPolicyDocument"},
		{RAM, "StringEqualsIfExists", "x", "MalformedPolicyDocument"},
		{RAM, "ForAnyValue:StringEquals", "x", "MalformedPolicyDocument"},
		{RAM, "Null", "true", "MalformedPolicyDocument"},
		{RAM, "stringEquals", "x", "MalformedPolicyDocument"},
		{RAM, "StringEquals", "${", ""},
		{Huawei, "StringMatch", "a*${g:UserName}", ""},
		{Huawei, "ForAllValues:StringNotLikeIfExists", "x", ""},
		{Huawei, "StringNotEqualsIgnoreCaseAnyOf", "x", ""},
		{Huawei, "NumberGreaterThanEquals", "3", ""},
		{Huawei, "NumericEquals", "3", ""},
		{Huawei, "NumberEquals", "${g:MFAAge}", ""},
		{Huawei, "NumberEquals", "x", "IAM.1055"},
		{Huawei, "Null", "false", ""},
		{Huawei, "IsNullOrEmpty", "x", "IAM.1055"},
		{Huawei, "NullIfExists", "true", "IAM.1059"},
		{Huawei, "ForAnyValue:Null", "true", "IAM.1059"},
		{Huawei, "ForSomeValues:StringEquals", "x", "IAM.1059"},
		{Huawei, "NotIpAddress", "10.1.2.3", ""},
		{Huawei, "StringEquals", "", "IAM.1056"},
		{Huawei, "StringEquals", strings.Repeat("é", 1024), ""},
		{Huawei, "StringEquals", strings.Repeat("é", 1025), "IAM.1056"},
		{Huawei, "StringEquals", "${g:UserName", "IAM.1057"},
	} {
		_, err := Parse(fmt.Appendf(nil, format[c.dialect], c.operator, c.value))
		switch {
		case c.class == "" && err != nil:
			t.Errorf("%s %q: %v", c.operator, c.value, err)
		case c.class != "" && (err == nil || !strings.Contains(err.Error(), "("+c.class+")")):
			t.Errorf("%s %q: want %s, got %v", c.operator, c.value, c.class, err)
		}
	}
}

func TestConditionTreesAreComplete(t *testing.T) {
	t.Parallel()
	allow := `"Effect":"Allow","Action":["a:b:c"],"Condition":`
	many := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`"g:K%d":["x"]`, i))
		}
		return `{"StringEquals":{` + strings.Join(list, ",") + `}}`
	}
	mustParse(t, Parser{}, huawei(allow+many(10)))
	checkRefused(t, Parser{}, []refusedCase{
		{"empty in Huawei", huawei(allow + `{}`), `1:80: error: Condition is empty`, "IAM.1050"},
		{"a list", huawei(allow + `[]`), `1:80: error: Condition must be an object, and this is a list`, "IAM.1050"},
		{"operator of nothing", huawei(allow + `{"Bool":null}`), `1:88: error: operator "Bool" takes an object, and this is null`, "IAM.1051"},
		{"operator without keys", huawei(allow + `{"Bool":{}}`), `1:88: error: operator "Bool" has no key`, "IAM.1054"},
		{"no values", huawei(allow + `{"Bool":{"g:MFAPresent":[]}}`), `1:104: error: the value of "g:MFAPresent" is an empty list`, "IAM.1053"},
		{"eleven keys", huawei(allow + many(11)), `1:96: error: 11 keys under one operator, 10 are allowed`, "IAM.1054"},
		{"one key in two cases", huawei(allow + `{"StringEquals":{"g:UserName":["a"],"G:username":["b"]}}`), `1:116: error: condition key "G:username" stands twice under "StringEquals"`, "IAM.1052"},
		{"space in a key", huawei(allow + `{"Bool":{"g:MFA Present":["true"]}}`), `1:89: error: condition key "g:MFA Present" is empty or contains a space`, "IAM.1052"},
		{"misspelt suffix", huawei(allow + `{"StringEndWithIfExsits":{"g:UserName":["x"]}}`), `1:81: error: condition operator "StringEndWithIfExsits" is not supported (IAM.1059); did you mean "StringEndWithIfExists"?`, "IAM.1059"},
	})
}

func TestTrustPoliciesNameWhomTheyTrust(t *testing.T) {
	t.Parallel()
	p := Parser{Kind: Trust}
	doc := mustParse(t, p, ram(`"Effect":"Allow","Action":["sts:AssumeRole","sts:SetSourceIdentity"],"Principal":{"Service":["cs.aliyuncs.com"],"RAM":"acs:ram::1:root","Federated":["acs:ram::1:oidc-provider/x"]},"Condition":{"StringEquals":{"oidc:aud":"sts.aliyuncs.com"}}`))
	if len(doc.Statements[0].Principals) != 3 {
		t.Errorf("got %+v", doc.Statements[0].Principals)
	}
	assume := `"Effect":"Allow","Action":"sts:AssumeRole","Principal":`
	const malformed = "MalformedPolicyDocument"
	checkRefused(t, p, []refusedCase{
		{"nobody", ram(`"Effect":"Allow","Action":"sts:AssumeRole"`), `1:29: error: member "Principal" is missing`, malformed},
		{"everybody", ram(assume + `"*"`), `1:85: error: Principal must be an object, and this is "*"`, malformed},
		{"empty", ram(assume + `{}`), `1:85: error: Principal is empty`, malformed},
		{"every account", ram(assume + `{"RAM":"acs:ram::*:root"}`), `1:92: error: principal "acs:ram::*:root" has a wildcard`, malformed},
		{"another kind", ram(assume + `{"AWS":"x"}`), `1:86: error: Principal has no member "AWS"`, malformed},
		{"not a name", ram(assume + `{"RAM":"1234"}`), `1:92: error: principal "1234" does not start with "acs:ram:"`, malformed},
		{"a resource", ram(assume + `{"Service":"x"},"Resource":"*"`), `1:101: error: a trust policy has no Resource`, malformed},
		{"another action", ram(`"Effect":"Allow","Action":"sts:*","Principal":{"Service":"x"}`), `1:56: error: action "sts:*" is not an action of a trust policy`, malformed},
		{"all other actions", ram(`"Effect":"Allow","NotAction":"sts:AssumeRole","Principal":{"Service":"x"}`), `1:47: error: a trust policy has no NotAction`, malformed},
		{"too long", ram(assume+`{"Service":"x"}`) + strings.Repeat(" ", 4096), `1:1: error: the document has 4198 characters, 4096 are allowed`, "InvalidParameter.AssumeRolePolicyDocument.Length"},
	})
	checkRefused(t, Parser{}, []refusedCase{
		{"identity", ram(`"Effect":"Allow","Action":"*","Resource":"*","Principal":{"Service":"x"}`), `1:75: error: Principal belongs to trust policies`, malformed},
		{"identity, Huawei", huawei(`"Effect":"Allow","Action":["*:*:*"],"Principal":{}`), `1:68: error: Principal belongs to trust policies`, "IAM.1059"},
	})
}

func TestRolesMayDependAndPoliciesMayNot(t *testing.T) {
	t.Parallel()
	role := func(depends string) string {
		return `{"Version":"1.0","Statement":[{"Effect":"Allow","Action":["*"]}],"Depends":` + depends + `}`
	}
	p := Parser{Kind: System}
	doc := mustParse(t, p, role(`[{"catalog":"BASE","display_name":"Tenant Guest"}]`))
	if len(doc.Depends) != 1 || doc.Depends[0].DisplayName != "Tenant Guest" {
		t.Errorf("got %+v", doc.Depends)
	}
	checkRefused(t, p, []refusedCase{
		{"in 1.1", `{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["a:b:c"]}],"Depends":[]}`, `1:70: error: Depends is for system roles`, "IAM.1025"},
		{"not a list", role(`{}`), `1:76: error: Depends must be a list`, "IAM.1060"},
		{"no name", role(`[{"catalog":"BASE"}]`), `1:77: error: member "display_name" is missing`, "IAM.1060"},
		{"a stranger", role(`[{"catalog":"BASE","display_name":"x","id":"1"}]`), `1:114: error: a dependency has no member "id"`, "IAM.1059"},
		{"21 of them", role("[" + strings.Repeat(`{"catalog":"BASE","display_name":"x"},`, 20) + `{"catalog":"BASE","display_name":"x"}]`), `1:76: error: 21 dependencies, 20 are allowed`, "IAM.1058"},
	})
}

func TestDocumentsOverALimitAreRefusedAndNeverCut(t *testing.T) {
	t.Parallel()
	list := func(n int, element string) string {
		return "[" + strings.Repeat(element+",", n-1) + element + "]"
	}
	statements := func(n int) string {
		return `{"Version":"1.1","Statement":` + list(n, `{"Effect":"Allow","Action":["a:b:c"]}`) + `}`
	}
	resources := func(n int) string {
		return huawei(`"Effect":"Allow","Action":["a:b:c"],"Resource":` + list(n, `"a:*:*:t:x"`))
	}
	action := func(n int) string {
		return huawei(`"Effect":"Allow","Action":["a:b:` + strings.Repeat("x", n-4) + `"]`)
	}
	padded := func(characters int) string {
		text := ram(`"Effect":"Allow","Action":"*","Resource":"acs:é"`)
		return text + strings.Repeat(" ", characters-len(text)+1) // é is one character of two bytes
	}
	for _, text := range []string{
		statements(8), resources(10), action(128), padded(6144),
		huawei(`"Effect":"Allow","Action":` + list(100, `"a:b:c"`)),
		`{"Version":"1","Statement":` + list(50, `{"Effect":"Allow","Action":"*","Resource":"*"}`) + `}`,
	} {
		mustParse(t, Parser{}, text)
	}
	checkRefused(t, Parser{}, []refusedCase{
		{"nine statements", statements(9), `1:30: error: 9 statements, 8 are allowed`, "IAM.1028"},
		{"eleven resources", resources(11), `1:79: error: 11 resources in one statement, 10 are allowed`, "IAM.1040"},
		{"101 actions", huawei(`"Effect":"Allow","Action":` + list(101, `"a:b:c"`)), `1:58: error: 101 actions in one statement, 100 are allowed`, "IAM.1033"},
		{"129 characters of action", action(129), `1:59: error: an action has 129 characters, 128 are allowed`, "IAM.1034"},
		{"6,145 characters", padded(6145), `1:1: error: the document has 6145 characters, 6144 are allowed`, "InvalidParameter.PolicyDocument.Length"},
		{"6,145 characters, Huawei", statements(1) + strings.Repeat(" ", 6145-len(statements(1))), `1:1: error: the document has 6145 characters, 6144 are allowed`, "IAM.1021"},
	})
	checkRefused(t, Parser{Kind: Session}, []refusedCase{
		{"2,049 characters of session", padded(2049), `1:1: error: the document has 2049 characters, 2048 are allowed`, "InvalidParameter.PolicySize"},
	})
	mustParse(t, Parser{Kind: System}, statements(200))
	unset := Parser{Limits: func(Dialect) Limits { return Limits{Bytes: 1 << 20} }}
	refusal(t, unset, statements(1))
}
