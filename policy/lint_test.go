package policy

import (
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLintWarnsOfWhatIsSeldomMeant(t *testing.T) {
	t.Parallel()
	when := func(condition string) string {
		return ram(`"Effect":"Allow","Action":"cs:Get*","Resource":"*","Condition":{` + condition + `}`)
	}
	whenHuawei := func(condition string) string {
		return huawei(`"Effect":"Allow","Action":["cce:*:get"],"Condition":{` + condition + `}`)
	}
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", when(`"StringEquals":{"acs:ResourceTag/a":"b"}`), nil},
		{"allow everything, RAM", ram(`"Effect":"Allow","Action":["cs:Get","*"],"Resource":"*"`), []string{"1:57 covered-action", "1:66 allow-all"}},
		{"allow everything, Huawei", huawei(`"Effect":"Allow","Action":["*:*:*"]`), []string{"1:59 allow-all"}},
		{"everything in one place", ram(`"Effect":"Allow","Action":"*","Resource":"acs:cs:*:*:*"`), nil},
		{"NotAction in Allow", ram(`"Effect":"Allow","NotAction":"ram:*","Resource":"*"`), []string{"1:59 allow-not-action"}},
		{"only denies", ram(`"Effect":"Deny","NotAction":"ram:*","Resource":"*"`), []string{"1:29 deny-only"}},
		{"duplicates", huawei(`"Effect":"Allow","Action":["cce:node:get","CCE:node:Get","cce:*:get","cce:node:list"]`), []string{"1:59 covered-action", "1:74 duplicate-action"}},
		{"the wider of two", huawei(`"Effect":"Allow","Action":["cce:node:g*","cce:node:?*"]`), []string{"1:59 covered-action"}},
		{"patterns that overlap", huawei(`"Effect":"Allow","Action":["cce:node:*x","cce:node:x*"]`), nil},
		{"double star", huawei(`"Effect":"Allow","Action":["cce:node:**"],"Resource":["cce:*:*:node:a**"]`), []string{"1:59 double-star", "1:86 double-star"}},
		{"variable in RAM", ram(`"Effect":"Allow","Action":"cs:Get","Resource":"acs:cs:*:*:${x}"`), []string{"1:76 ram-variable"}},
		{"variable in a RAM condition", when(`"StringEquals":{"acs:K":"${x}"}`), []string{"1:118 ram-variable"}},
		{"negated", when(`"StringNotEquals":{"acs:ResourceTag/a":"b"}`), []string{"1:113 negated-missing-key"}},
		{"negated, always there", when(`"NotIpAddress":{"acs:SourceIp":"10.0.0.0/8"}`), nil},
		{"negated, said so", whenHuawei(`"StringNotEqualsIfExists":{"g:ProjectName":["b"]}`), nil},
		{"negated, key required", whenHuawei(`"StringNotEquals":{"g:ProjectName":["b"]},"Null":{"g:ProjectName":["false"]}`), nil},
		{"negated for any", whenHuawei(`"ForAnyValue:StringNotEquals":{"g:TagKeys":["b"]}`), nil},
		{"for all", whenHuawei(`"ForAllValues:StringEquals":{"g:TagKeys":["b"]}`), []string{"1:114 for-all-missing-key"}},
		{"MFA deny", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"cs:*","Resource":"*"},{"Effect":"Deny","Action":"cs:*","Resource":"*","Condition":{"Bool":{"acs:MFAPresent":"false"}}}]}`, []string{"1:148 deny-mfa-absent"}},
		{"disjoint", when(`"StringEquals":{"acs:K":["a","b"]},"StringEqualsIgnoreCase":{"acs:k":"C"}`), []string{"1:155 never-matches"}},
		{"not disjoint", when(`"StringEquals":{"acs:K":["a","b"]},"StringEqualsIgnoreCase":{"acs:k":"B"}`), nil},
		{"equal and not equal", when(`"StringNotEquals":{"acs:K":["a","b"]},"StringEquals":{"acs:K":"a"}`), []string{"1:148 never-matches"}},
		{"equal and another not equal", when(`"StringNotEquals":{"acs:K":["a"]},"StringEquals":{"acs:K":["a","b"]}`), nil},
		{"two patterns may meet", when(`"StringEquals":{"acs:K":"a"},"StringLike":{"acs:K":"b*"}`), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range Lint(mustParse(t, Parser{}, c.text)) {
				if p.Severity != Warning {
					t.Errorf("%s is not a warning", p)
				}
				got = append(got, fmt.Sprintf("%d:%d %s", p.Pos.Line, p.Pos.Column, p.Class[len("lint."):]))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s\n%s", c.text, diff)
			}
		})
	}
}

func TestPatternsCoverOnlyWhatTheyMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, other string
		want           bool
	}{
		{"*", "a:b", true},
		{"cs:*", "CS:Get*", true},
		{"cs:Get*", "cs:*", false},
		{"cs:G?t", "cs:G*t", false},
		{"cs:G?t", "cs:G?t", true},
		{"cs:G*t", "cs:G?t", true},
		{"cs:Get?", "cs:Get*", false},
		{"cs:Get*", "cs:Get?", true},
		{"a*b*c", "axxbyyc", true},
		{"a*b*c", "axxbyy", false},
	} {
		if got := covers(c.pattern, c.other); got != c.want {
			t.Errorf("%q covers %q: %v", c.pattern, c.other, got)
		}
	}
}

func TestLintOfPublishedDocuments(t *testing.T) {
	t.Parallel()
	tally := map[string]int{}
	for _, vendor := range []string{"ram", "huawei"} {
		for _, f := range corpus(t, vendor) {
			data, err := os.ReadFile(f.path)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := Parse(data)
			if err != nil {
				continue
			}
			for _, p := range Lint(doc) {
				tally[p.Class]++
			}
		}
	}
	t.Logf("warnings: %v", tally)
}
