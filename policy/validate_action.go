package policy

import (
	"strconv"
	"strings"
)

// actions reads Action or NotAction: exactly one of the two.
func (r *reader) actions(s *Statement, action, notAction *member) {
	switch {
	case action != nil && notAction != nil:
		r.refuse(notAction.pos, "IAM.1031", "a statement has Action or NotAction, not both", "split it into two statements")
	case action == nil && notAction == nil:
		r.refuse(s.Pos, "IAM.1030", `member "Action" is missing`, "")
	}
	if action != nil {
		s.Actions = r.actionList(action)
	}
	if notAction != nil {
		s.NotActions = r.actionList(notAction)
		if r.Kind == Trust {
			r.refuse(notAction.pos, "", "a trust policy has no NotAction", `write "Action": "sts:AssumeRole"`)
		}
	}
}

func (r *reader) actionList(m *member) []Value {
	list := r.list(m, listRule{name: m.name, notList: "IAM.1030", empty: "IAM.1033"})
	r.limit(m.value.pos, "IAM.1033", "actions in one statement", len(list), r.limits.Actions)
	for _, v := range list {
		r.length(v, "IAM.1034", "an action", r.limits.ActionLength)
		if message, hint := r.checkAction(v.Text); message != "" {
			r.refuse(v.Pos, "IAM.1035", "action "+quote(v.Text)+" "+message, hint)
			continue
		}
		r.register(v)
	}
	return list
}

// checkAction says what is wrong with an action, or nothing.
//
// RAM: "*" or service:operation. Huawei 1.1: service:type:operation, "*" for a whole segment or a part of one, and never a lone "*". Huawei
// 1.0: "*", two or three segments, with spaces ("identity:assume role") and with empty segments ("::Get"), as the vendor prints its roles.
// "**" is "*"; Lint mentions it.
func (r *reader) checkAction(action string) (message, hint string) {
	if action == "" {
		return "is empty", ""
	}
	if c := strings.IndexFunc(action, r.notInAction); c >= 0 {
		return "contains " + strconv.QuoteRune([]rune(action[c:])[0]), "an action is made of ASCII letters, digits, - _ . : / and the wildcards * ?"
	}
	segments := strings.Split(action, ":")
	all := allStars(action)
	empty := len(segments) - countFilled(segments)
	switch {
	case r.roles:
		if len(segments) > 3 || empty == len(segments) || len(segments) == 1 && !all {
			return "must be \"*\" or have two or three segments", ""
		}
		return "", ""
	case r.Kind == Trust && !trustAction(foldText(action)):
		return "is not an action of a trust policy", `write "sts:AssumeRole"`
	case r.dialect == RAM && all:
		return "", ""
	case all:
		return "must have three segments", `write "*:*:*" for everything`
	case empty > 0:
		return "has an empty segment", `write "*" for any`
	case r.dialect == RAM && len(segments) == 3:
		return "has three segments, and RAM actions have two", `three are Huawei IAM, "Version": "1.1"`
	case r.dialect == Huawei && len(segments) == 2:
		return "has two segments, and Huawei IAM actions have three", `two are RAM, "Version": "1"`
	case r.dialect == RAM && len(segments) != 2:
		return "must be service:operation", ""
	case r.dialect == Huawei && len(segments) != 3:
		return "must be service:type:operation", ""
	}
	return "", ""
}

// trustAction knows what a role can be asked for: to be assumed, by one of three calls, and with a source identity set. A wider pattern,
// "sts:*" or "*", would trust with more than its author can have looked up.
func trustAction(lower string) bool {
	return strings.HasPrefix(lower, "sts:assumerole") || lower == "sts:setsourceidentity"
}

func (r *reader) notInAction(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.ContainsRune("-_.:/*?", c):
		return false
	}
	return c != ' ' || !r.roles
}

func countFilled(segments []string) int {
	n := 0
	for _, s := range segments {
		if s != "" {
			n++
		}
	}
	return n
}

// register refuses a literal action that the registry does not know. Patterns are welcome even when they match nothing yet. NotAction is
// checked too: a misspelt exception is no exception.
func (r *reader) register(v Value) {
	if r.Registry == nil || r.Kind == System || r.Kind == Trust || hasWildcard(v.Text) {
		return
	}
	known, nearest := r.Registry.Action(v.Text)
	if known {
		return
	}
	hint := ""
	if len(nearest) > 0 {
		hint = "the nearest known: " + strings.Join(nearest, ", ")
	}
	r.refuse(v.Pos, "IAM.1036", "action "+quote(v.Text)+" is not registered", hint)
}
