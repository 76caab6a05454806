package policy

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// refusal parses a text that must be refused and returns the problems.
func refusal(t *testing.T, p Parser, text string) []Problem {
	t.Helper()
	doc, err := p.Parse([]byte(text))
	refused, ok := errors.AsType[*Error](err)
	if !ok || doc != nil || len(refused.Problems) == 0 {
		t.Fatalf("%s\nmust be refused: document %v, error %v", text, doc, err)
	}
	return refused.Problems
}

// ram and huawei wrap the members of one statement in a document.
func ram(members string) string {
	return `{"Version":"1","Statement":[{` + members + `}]}`
}

func huawei(members string) string {
	return `{"Version":"1.1","Statement":[{` + members + `}]}`
}

// refusedCase is a text and the start of its first problem: place, severity and message, then the class somewhere in it.
type refusedCase struct{ name, text, want, class string }

func checkRefused(t *testing.T, p Parser, cases []refusedCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			first := refusal(t, p, c.text)[0]
			if !strings.HasPrefix(first.String(), c.want) || first.Class != c.class {
				t.Errorf("%s\nis refused with  %s\nand must be with %s… (%s)", c.text, first, c.want, c.class)
			}
		})
	}
}

func TestTextsThatOtherReadersTakeForAnAllowAreRefused(t *testing.T) {
	t.Parallel()
	const malformed = "MalformedPolicyDocument"
	deny := `"Action":"cs:*","Resource":"*","Effect":"Deny"`
	checkRefused(t, Parser{}, []refusedCase{
		{"second Effect", ram(deny + `,"Effect":"Allow"`), `1:77: error: member "Effect" appears twice`, malformed},
		{"effect in another case", ram(deny + `,"effect":"Allow"`), `1:77: error: a statement has no member "effect"`, malformed},
		{"second Statement", `{"Version":"1","Statement":[{` + deny + `}],"Statement":[{"Effect":"Allow"}]}`, `1:79: error: member "Statement" appears twice`, malformed},
		{"STATEMENT erases", `{"Version":"1","Statement":[{` + deny + `}],"STATEMENT":[]}`, `1:79: error: a policy has no member "STATEMENT"`, malformed},
		{"long s", "{\"Version\":\"1\",\"Statement\":[{" + deny + "}],\"\u017ftatement\":[]}", `1:79: error: a policy has no member "ſtatement"`, malformed},
		{"escaped long s", `{"Version":"1","Statement":[{` + deny + `}],"\u017ftatement":[]}`, `1:79: error: a policy has no member "ſtatement"`, malformed},
		{"same name in escapes", ram(deny + `,"\u0045ffect":"Allow"`), `1:77: error: member "Effect" appears twice`, malformed},
		{"trailing document", ram(deny) + ` {}`, `1:80: error: something follows the end`, malformed},
		{"trailing word", ram(deny) + "\n\nx", `3:1: error: something follows the end`, malformed},
		{"trailing comma", ram(deny) + ",", `1:79: error: something follows`, malformed},
		{"byte order mark", "\ufeff" + ram(deny), `1:1: error: the text starts with a byte order mark`, malformed},
		{"invalid UTF-8", ram(deny + ",\"x\":\"\xff\""), `1:82: error: not JSON`, malformed},
		{"lone surrogate", ram(deny + `,"x":"\ud800"`), `1:82: error: not JSON`, malformed},
		{"empty", "", `1:1: error: the document is empty`, malformed},
		{"white space only", " \n ", `2:2: error: the document is empty`, malformed},
		{"cut off", `{"Version":"1","Statement":[`, `1:29: error: the document ends in the middle`, malformed},
		{"not an object", `["Version"]`, `1:1: error: a policy is a JSON object, and this is a list`, malformed},
		{"null", `null`, `1:1: error: a policy is a JSON object, and this is null`, malformed},
		{"comment", "{\n  // no\n}", `2:3: error: not JSON`, malformed},
		{"too deep", ram(`"Condition":` + strings.Repeat("[", 20) + strings.Repeat("]", 20)), `1:55: error: the document is nested deeper than 16`, malformed},
		{"too deep by far", strings.Repeat("[", 30000), `1:17: error: the document is nested deeper than 16`, malformed},
		{"too many bytes", ram(deny) + strings.Repeat(" ", 32<<10), `1:1: error: the document has`, "InvalidParameter.PolicyDocument.Length"},
	})
}

func TestVersionDecidesTheDialectWhereverItStands(t *testing.T) {
	t.Parallel()
	after := `{"Statement":[{"Effect":"allow","Action":["cce:node:delete"]}],"Version":"1.1"}`
	if doc := mustParse(t, Parser{}, after); doc.Dialect != Huawei || doc.Statements[0].Effect != Allow {
		t.Errorf("got %+v", doc)
	}
	if doc := mustParse(t, Parser{}, ram(`"Effect":"Allow","Action":"*","Resource":"*"`)); doc.Dialect != RAM {
		t.Errorf("got %+v", doc)
	}
}

func TestVersionsThatAreNotReadAreNamed(t *testing.T) {
	t.Parallel()
	checkRefused(t, Parser{}, []refusedCase{
		{"missing", `{"Statement":[]}`, `1:1: error: member "Version" is missing`, "MalformedPolicyDocument"},
		{"misspelt", `{"version":"1","Statement":[]}`, `1:1: error: member "Version" is missing`, "MalformedPolicyDocument"},
		{"number", `{"Version":1.1}`, `1:12: error: Version must be a string, and this is a number`, "MalformedPolicyDocument"},
		{"AWS", `{"Version":"2012-10-17"}`, `1:12: error: Version "2012-10-17" is not known: "1" is RAM, "1.1" and "1.0" are Huawei IAM`, "MalformedPolicyDocument"},
		{"5.0", `{"Version":"5.0","Statement":[]}`, `1:12: error: identity policies 5.0 ("Version": "5.0") are not supported (IAM.1024); write a fine-grained policy, "Version": "1.1"`, "IAM.1024"},
		{"role as a custom policy", `{"Version":"1.0","Statement":[]}`, `1:12: error: "Version": "1.0" is for system roles only`, "IAM.1024"},
		{"broken after a Huawei version", `{"Version":"1.1",`, `1:18: error: the document ends in the middle`, "IAM.1020"},
	})
	checkRefused(t, Parser{Kind: Trust}, []refusedCase{
		{"trust in Huawei", huawei(``), `1:12: error: trust and session policies are written in RAM`, "IAM.1024"},
	})
}

func TestPositionsCountLinesAndBytes(t *testing.T) {
	t.Parallel()
	text := "{\r\n  \"Version\": \"1\",\n  \"Statement\": [ {\n\t\"Effect\": \"Allow\", \"Action\": [\"cs:é\\u00e9\",\"cs:Get\"], \"Resource\":\"*\",\n \"Condition\": {\"Bool\": { \"acs:SecureTransport\" : \"true\"} } } ]\n}"
	text = strings.Replace(text, `"cs:é\u00e9"`, `"cs:\u0041A"`, 1)
	s := mustParse(t, Parser{}, text).Statements[0]
	got := fmt.Sprint(s.Pos, s.Actions[0].Pos, s.Actions[1].Pos, s.Resources[0].Pos, s.Conditions[0].Pos, s.Conditions[0].Values[0].Pos)
	if want := "{38 3 18} {71 4 32} {84 4 45} {106 4 67} {136 5 26} {160 5 50}"; got != want {
		t.Errorf("positions\n got %s\nwant %s", got, want)
	}
	problems := refusal(t, Parser{}, ram(`"Effect":"Allow","Resource":"é","Action":"é"`))
	if diff := cmp.Diff([]string{"1:58", "1:72"}, places(problems)); diff != "" {
		t.Errorf("columns count bytes:\n%s", diff)
	}
}

func places(problems []Problem) []string {
	var list []string
	for _, p := range problems {
		list = append(list, fmt.Sprintf("%d:%d", p.Pos.Line, p.Pos.Column))
	}
	return list
}

func TestAllProblemsAreReportedInTheOrderOfTheText(t *testing.T) {
	t.Parallel()
	problems := refusal(t, Parser{}, `{"Version":"1","Statement":[
{"Condition":{"StringLyke":{"a":"b"}},"Resource":"x","Effect":"allow"},
{"Effect":"Allow","Actions":"cs:*","Resource":"*"}]}`)
	var got []string
	for _, p := range problems {
		got = append(got, p.String())
	}
	want := []string{
		`2:1: error: member "Action" is missing (MalformedPolicyDocument)`,
		`2:15: error: condition operator "StringLyke" is not supported (MalformedPolicyDocument); did you mean "StringLike"?`,
		`2:50: error: resource "x" does not start with "acs:" (MalformedPolicyDocument); write "acs:<service>:<region>:<account>:<name>", or "*"`,
		`2:63: error: Effect must be "Allow" or "Deny", and this is "allow" (MalformedPolicyDocument); did you mean "Allow"?`,
		`3:1: error: member "Action" is missing (MalformedPolicyDocument)`,
		`3:19: error: a statement has no member "Actions" (MalformedPolicyDocument); did you mean "Action"?`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	err := &Error{Problems: problems}
	if want := want[0] + " (and 5 more)"; err.Error() != want {
		t.Errorf("error reads %s", err)
	}
}

func TestAtMostFiftyProblemsAreReported(t *testing.T) {
	t.Parallel()
	text := ram(`"Effect":"Allow","Resource":"*","Action":[` + strings.Repeat(`"x",`, 200) + `"y"]`)
	if n := len(refusal(t, Parser{}, text)); n != 50 {
		t.Errorf("%d problems", n)
	}
}

func TestEmptyListsAndForeignValuesAreRefused(t *testing.T) {
	t.Parallel()
	const malformed = "MalformedPolicyDocument"
	checkRefused(t, Parser{}, []refusedCase{
		{"no statement", `{"Version":"1","Statement":[]}`, `1:28: error: Statement is empty`, malformed},
		{"no statement, Huawei", `{"Version":"1.1","Statement":[]}`, `1:30: error: Statement is empty`, "IAM.1028"},
		{"bare statement", `{"Version":"1","Statement":{}}`, `1:28: error: Statement must be a list, and this is an object`, malformed},
		{"statement of another kind", `{"Version":"1.1","Statement":["x"]}`, `1:31: error: a statement is an object, and this is a string`, "IAM.1027"},
		{"no action", ram(`"Effect":"Allow","Resource":"*","Action":[]`), `1:71: error: Action is an empty list`, malformed},
		{"no action, Huawei", huawei(`"Effect":"Allow","Action":[]`), `1:58: error: Action is an empty list`, "IAM.1033"},
		{"no resource", ram(`"Effect":"Allow","Action":"*","Resource":[]`), `1:71: error: Resource is an empty list`, malformed},
		{"null action", ram(`"Effect":"Allow","Resource":"*","Action":null`), `1:71: error: Action must be a list of strings, and this is null`, malformed},
		{"null in a list", ram(`"Effect":"Allow","Resource":"*","Action":["cs:*",null]`), `1:79: error: an element of Action must be a string, and this is null`, malformed},
		{"null effect", ram(`"Effect":null,"Resource":"*","Action":"*"`), `1:39: error: Effect must be "Allow" or "Deny", and this is null`, malformed},
		{"boolean value", ram(`"Effect":"Allow","Resource":"*","Action":"*","Condition":{"Bool":{"acs:SecureTransport":true}}`), `1:118: error: the value of "acs:SecureTransport" must be a list of strings, and this is a boolean (MalformedPolicyDocument); write it in quotes: "true"`, malformed},
		{"number value, Huawei", huawei(`"Effect":"Allow","Action":["a:b:c"],"Condition":{"NumberEquals":{"g:MFAAge":[5]}}`), `1:109: error: an element of the value of "g:MFAAge" must be a string, and this is a number (IAM.1053); write it in quotes: "5"`, "IAM.1053"},
		{"bare value, Huawei", huawei(`"Effect":"Allow","Action":["a:b:c"],"Condition":{"NumberEquals":{"g:MFAAge":"5"}}`), `1:108: error: the value of "g:MFAAge" must be a list, and this is a string`, "IAM.1053"},
		{"bare action, Huawei", huawei(`"Effect":"Allow","Action":"cce:*:*"`), `1:58: error: Action must be a list, and this is a string (IAM.1030); write ["cce:*:*"]`, "IAM.1030"},
		{"bare resource, Huawei", huawei(`"Effect":"Allow","Action":["cce:*:*"],"Resource":"*"`), `1:81: error: Resource must be a list`, "IAM.1049"},
	})
}

func TestBareStringsAreListsOfOneInRAM(t *testing.T) {
	t.Parallel()
	s := mustParse(t, Parser{}, ram(`"Effect":"Deny","Action":"cs:*","Resource":"*","Condition":{"Bool":{"acs:MFAPresent":"true"}}`)).Statements[0]
	if len(s.Actions) != 1 || len(s.Resources) != 1 || len(s.Conditions) != 1 || len(s.Conditions[0].Values) != 1 {
		t.Errorf("got %+v", s)
	}
	if s := mustParse(t, Parser{}, ram(`"Effect":"Deny","Action":"cs:*","Resource":"*","Condition":{}`)).Statements[0]; s.Conditions != nil {
		t.Errorf("an empty Condition is none, got %+v", s.Conditions)
	}
}
