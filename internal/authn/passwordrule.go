package authn

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pratique-iam/pratique"
)

// MinPassword is the shortest password, in characters. Length is the only rule that helps; classes of characters are not asked for, because
// people answer with "Password1!".
const MinPassword = 12

// CheckPassword refuses a new password that would be guessed. user is the name of its user. The error wraps pratique.ErrInvalid
// and does not quote the password.
func CheckPassword(user, password string) error {
	if len(password) > MaxPassword {
		return tooLong()
	}
	if !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl) {
		return bad("the password holds a control character or is not valid UTF-8", "a line break at the end of a file is one, too")
	}
	if n := utf8.RuneCountInString(password); n < MinPassword {
		return bad(fmt.Sprintf("the password has %d characters and needs at least %d", n, MinPassword), "use several words")
	}
	low := strings.ToLower(password)
	// Names of three letters and fewer occur in innocent words.
	if len(user) > 3 && strings.Contains(low, pratique.Fold(user)) {
		return bad("the password holds the name of the user", "use other words")
	}
	if hopeless(low) {
		return bad("the password is one of the first that are tried", "use several words that do not belong together")
	}
	return nil
}

// hopeless tells what an attacker tries first: few different characters, a run on the keyboard, or one common word with digits and signs around it.
func hopeless(low string) bool {
	distinct := map[rune]bool{}
	for _, r := range low {
		distinct[r] = true
	}
	if len(distinct) < 5 {
		return true
	}
	for _, run := range []string{
		"abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "09876543210987654321",
		"qwertyuiopasdfghjklzxcvbnm", "1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx3edc4rfv5tgb",
	} {
		if strings.Contains(run, low) || strings.Contains(low, run[:MinPassword]) && len(low) < MinPassword+4 {
			return true
		}
	}
	word := strings.TrimRightFunc(low, func(r rune) bool { return !unicode.IsLetter(r) })
	return common(letters(low)) || common(letters(strings.Map(plain, word)))
}

// plain undoes the usual disguises of letters.
func plain(r rune) rune {
	switch r {
	case '0':
		return 'o'
	case '1', '!':
		return 'i'
	case '3':
		return 'e'
	case '4', '@':
		return 'a'
	case '5', '$':
		return 's'
	default:
		return r
	}
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, s)
}

// common knows the words, once or repeated.
func common(word string) bool {
	return slices.ContainsFunc([]string{
		"password", "passwort", "passwd", "pass", "pratique", "kubernetes", "cluster", "administrator", "admin", "root", "rootroot", "qwerty", "qwertz",
		"qwertyuiop", "asdf", "asdfghjkl", "letmein", "welcome", "changeme", "changemenow", "changeit", "default", "secret", "supersecret", "iloveyou",
		"trustnoone", "monkey", "dragon", "football", "baseball", "superman", "batman", "master", "sunshine", "princess", "login", "guest", "test",
		"testing", "tester", "testtest", "user", "hello", "helloworld", "abc", "abcd", "abcdef", "correcthorsebatterystaple", "summer", "winter", "spring", "autumn",
		"passwordpassword", "adminadmin", "adminpassword", "rootpassword", "mypassword", "newpassword", "temppassword", "huawei", "huaweicloud", "alibaba", "alibabacloud", "aliyun",
	}, func(w string) bool { return word != "" && strings.ReplaceAll(word, w, "") == "" })
}

func tooLong() error {
	return bad(fmt.Sprintf("the password has more than %d bytes", MaxPassword), "use a shorter one")
}

func bad(message, hint string) error {
	return &pratique.Error{Kind: pratique.ErrInvalid, Message: message, Hint: hint}
}
