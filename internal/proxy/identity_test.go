package proxy

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestNothingLeavesWithoutExactlyOneIdentityOfOurs(t *testing.T) {
	t.Parallel()
	header := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Add(pairs[i], pairs[i+1])
		}
		return h
	}
	for _, good := range []http.Header{
		header("Impersonate-User", "pratique:usr-1"),
		header("Impersonate-User", "pratique:usr-1", "Impersonate-Group", "pratique:grp-1", "Impersonate-Group", "system:authenticated"),
	} {
		if err := checkIdentity(good); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	for _, bad := range []http.Header{
		header(),
		header("Impersonate-Group", "pratique:grp-1"),
		header("Impersonate-User", ""),
		header("Impersonate-User", "pratique:"),
		header("Impersonate-User", "alice"),
		header("Impersonate-User", "system:serviceaccount:kube-system:x"),
		header("Impersonate-User", "pratique:a b"),
		header("Impersonate-User", "pratique:usr-1", "Impersonate-User", "pratique:usr-2"),
		header("Impersonate-User", "pratique:usr-1", "Impersonate-Group", "system:masters"),
		header("Impersonate-User", "pratique:usr-1", "Impersonate-Group", "system:unauthenticated"),
		header("Impersonate-User", "pratique:usr-1", "Impersonate-Group", ""),
	} {
		if err := checkIdentity(bad); err == nil {
			t.Errorf("%v may leave", bad)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://nowhere.invalid/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = bad
		res, err := lastLook{&http.Transport{}}.RoundTrip(r)
		if !errors.Is(err, errNoIdentity) {
			t.Errorf("%v is sent: %v", bad, err)
		}
		if res != nil {
			_ = res.Body.Close()
		}
	}
}

func TestHeaderNamesAreComparedAsTheLaxestServerReadsThem(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Impersonate-User", "impersonate_user", "IMPERSONATE.USER", "Impersonate User"} {
		if got := normal(name); got != "impersonate-user" {
			t.Errorf("%q is read as %q", name, got)
		}
	}
}

func FuzzConnectionNamesNothingOfOurs(f *testing.F) {
	for _, seed := range []string{"close", "keep-alive, Upgrade", "close, Impersonate-User", "impersonate-group", " , ,", "te\t,close", "Authorization"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		r := &http.Request{Header: http.Header{"Connection": {value}}}
		if checkConnection(r) != nil {
			return
		}
		for _, token := range []string{"impersonate", "authorization", "x-forwarded", "audit", "host", "_", "."} {
			if strings.Contains(strings.ToLower(value), token) {
				t.Errorf("Connection: %q is accepted", value)
			}
		}
	})
}
