package authn

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
)

const badSignature = "the signature of the request is not valid; check the access key, its secret and the clock"

// emptyHash is the SHA-256 of nothing.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// vector is the published example of the algorithm (reference/huawei-iam-cce.md §5.5).
func vector() *SignedRequest {
	return &SignedRequest{
		Method: "GET",
		Path:   "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
		Query:  map[string][]string{"limit": {"2"}, "marker": {"13551d6b-755d-4757-b956-536f674975c0"}},
		Header: map[string][]string{
			"Host": {"service.region.example.com"}, "Content-Type": {"application/json"}, "X-Sdk-Date": {"20191115T033655Z"},
			"Authorization": {"SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, SignedHeaders=content-type;host;x-sdk-date, " +
				"Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"},
		},
		BodyHash: emptyHash,
	}
}

func TestPublishedExampleVerifies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.clock = time.Date(2019, 11, 15, 3, 36, 55, 0, time.UTC)
	w.storeKey("acme", "alice", "QTWAOYTTINDUT2QVKYUC", "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc")
	c, problem := vector().parse()
	if problem != "" {
		t.Fatal(problem)
	}
	const want = "SDK-HMAC-SHA256\n20191115T033655Z\nb25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a"
	if c.toSign != want {
		t.Errorf("to sign:\n%s\nwant:\n%s", c.toSign, want)
	}
	p, err := w.Signed(vector())
	if err != nil || p.ID != w.id("acme", "alice") || p.Session != "QTWAOYTTINDUT2QVKYUC" || p.Account != "account-acme" {
		t.Errorf("Signed = %+v, %v (%s)", p, err, reason(err))
	}
}

func TestAnyChangeToASignedRequestIsNoticed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key("acme", "alice")
	for name, change := range map[string]func(*SignedRequest){
		"method":                func(r *SignedRequest) { r.Method = "PUT" },
		"path":                  func(r *SignedRequest) { r.Path = "/v1/y" },
		"path is longer":        func(r *SignedRequest) { r.Path += "/z" },
		"query value":           func(r *SignedRequest) { r.Query["limit"] = []string{"3"} },
		"query key":             func(r *SignedRequest) { r.Query["all"] = []string{""} },
		"query removed":         func(r *SignedRequest) { delete(r.Query, "limit") },
		"host":                  func(r *SignedRequest) { r.Header["Host"] = []string{"other.example.com"} },
		"signed header":         func(r *SignedRequest) { r.Header["X-Project-Id"] = []string{"other"} },
		"date":                  func(r *SignedRequest) { r.Header["X-Sdk-Date"] = []string{"20261121T120001Z"} },
		"body":                  func(r *SignedRequest) { r.BodyHash = strings.Repeat("0", 64) },
		"signature":             func(r *SignedRequest) { flip(r, "Signature=") },
		"access key of another": func(r *SignedRequest) { swap(r, key.id, w.key("globex", "bob").id) },
	} {
		r := w.sign(key, "POST", "/v1/x")
		change(r)
		if _, err := w.Signed(r); reason(err) != "the signature is wrong" {
			t.Errorf("%s: %v (%s)", name, err, reason(err))
		}
	}
}

func TestWhatIsNotSignedMayChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.sign(w.key("acme", "alice"), "POST", "/v1/x")
	r.Header["User-Agent"] = []string{"x"}
	r.Header["Accept"] = []string{"a", "b"}
	if _, err := w.Signed(r); err != nil {
		t.Errorf("%v (%s)", err, reason(err))
	}
}

func TestSignedRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	header := func(name string, values ...string) func(*SignedRequest) {
		return func(r *SignedRequest) { r.Header[name] = values }
	}
	auth := func(old, with string) func(*SignedRequest) {
		return func(r *SignedRequest) { swap(r, old, with) }
	}
	path := func(p string) func(*SignedRequest) { return func(r *SignedRequest) { r.Path = p } }
	query := func(q map[string][]string) func(*SignedRequest) { return func(r *SignedRequest) { r.Query = q } }
	for name, c := range map[string]struct {
		change func(*SignedRequest)
		why    string
	}{
		"no authorization":       {header("Authorization", ""), "the Authorization header is not of the algorithm SDK-HMAC-SHA256"},
		"another algorithm":      {auth("SDK-HMAC-SHA256", "SDK-HMAC-SM3"), "the Authorization header is not of the algorithm SDK-HMAC-SHA256"},
		"the derived variant":    {auth("SDK-HMAC-SHA256", "V11-HMAC-SHA256"), "the Authorization header is not of the algorithm SDK-HMAC-SHA256"},
		"huge authorization":     {header("Authorization", strings.Repeat("x", 5000)), "the Authorization header is too long"},
		"a part too many":        {auth("Access=", "Access=X, Access="), "the Authorization header does not have three parts"},
		"parts renamed":          {auth("Signature=", "Sig="), "the Authorization header lacks Signature="},
		"a key of odd form":      {auth("Access=PAK", "Access=../"), "the access key has the wrong form"},
		"a short signature":      {auth("Signature=", "Signature=00"), "the signature has the wrong form"},
		"two authorizations":     {header("Authorization", "a", "b"), "a header comes more than once"},
		"two spellings":          {header("AUTHORIZATION", "x"), "a header comes more than once"},
		"two dates":              {header("x-sdk-date", "20261121T120000Z"), "a header comes more than once"},
		"two projects":           {header("X-Project-Id", "mine", "theirs"), "a header comes more than once"},
		"a line break":           {header("X-Other", "a\nhost:b"), "a header is too long or holds a character that it may not"},
		"a header of odd name":   {header("x:y", "z"), "a header is too long or holds a character that it may not"},
		"unsorted headers":       {auth("host;x-project-id", "x-project-id;host"), "the signed headers are not sorted, or one is named twice"},
		"a header named twice":   {auth("host;", "host;host;"), "the signed headers are not sorted, or one is named twice"},
		"capital letters":        {auth("host;", "Host;"), "a signed header is missing"},
		"authorization signed":   {auth("=host;", "=authorization;host;"), "a signed header is missing"},
		"a header not there":     {auth("=host;", "=accept;host;"), "a signed header is missing"},
		"host not signed":        {auth("host;", ""), "the header host is not signed"},
		"date not signed":        {auth(";x-sdk-date", ""), "the header x-sdk-date is not signed"},
		"a date of other form":   {header("X-Sdk-Date", "2026-11-21T12:00:00Z"), "the header X-Sdk-Date is not a date such as 20261121T150405Z"},
		"a temporary key":        {header("X-Security-Token", "x"), "temporary access keys are not served"},
		"unsigned body":          {header("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD"), "the body is not signed"},
		"another body":           {header("X-Sdk-Content-Sha256", strings.Repeat("0", 64)), "the body is not the one that was signed"},
		"no hash of the body":    {func(r *SignedRequest) { r.BodyHash = "" }, "the hash of the body is not known"},
		"method in small":        {func(r *SignedRequest) { r.Method = "post" }, "the method has the wrong form"},
		"no method":              {func(r *SignedRequest) { r.Method = "" }, "the method has the wrong form"},
		"no path":                {path(""), "the path is too long, or does not begin with a slash"},
		"empty segment":          {path("//x"), "the path holds an empty segment or dots"},
		"dots":                   {path("/v1/../x"), "the path holds an empty segment or dots"},
		"a dot":                  {path("/./x"), "the path holds an empty segment or dots"},
		"escaped dots":           {path("/v1/%2e%2E/x"), "the path holds an empty segment or dots"},
		"escaped slash":          {path("/v1%2fx"), "the path holds an escaped slash, a backslash or a control character"},
		"escaped backslash":      {path("/v1%5Cx"), "the path holds an escaped slash, a backslash or a control character"},
		"backslash":              {path(`/v1\x`), "the path holds an escaped slash, a backslash or a control character"},
		"escaped zero":           {path("/v1/x%00"), "the path holds an escaped slash, a backslash or a control character"},
		"half an escape":         {path("/v1/%2"), "the path is not escaped correctly"},
		"not UTF-8":              {path("/v1/%ff"), "the path is not escaped correctly"},
		"parameter twice":        {query(map[string][]string{"a": {"1", "2"}}), "a parameter comes more than once"},
		"parameter in two cases": {query(map[string][]string{"Action": {"x"}, "action": {"y"}}), "a parameter comes more than once"},
		"parameter of no value":  {query(map[string][]string{"a": nil}), "a parameter comes more than once"},
		"parameter of no name":   {query(map[string][]string{"": {"x"}}), "a parameter is too long, has no name or is not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.sign(w.key("acme", "alice"), "POST", "/v1/x")
			c.change(r)
			p, err := w.Signed(r)
			refused(t, err, c.why, badSignature)
			if !p.IsZero() {
				t.Error("a refusal came with a principal")
			}
		})
	}
}

func TestClockMayBeAQuarterOfAnHourOff(t *testing.T) {
	t.Parallel()
	for off, ok := range map[time.Duration]bool{
		clockSkew: true, -clockSkew: true, clockSkew + time.Second: false, -clockSkew - time.Second: false, 365 * 24 * time.Hour: false,
	} {
		w := newWorld(t)
		r := w.sign(w.key("acme", "alice"), "GET", "/v1/x")
		w.pass(off)
		_, err := w.Signed(r)
		if ok && err != nil {
			t.Errorf("%s off: %s", off, reason(err))
		}
		if !ok {
			refused(t, err, "the date of the request is more than 15 minutes off", badSignature)
		}
	}
}

func TestKeysThatMayNotActAreRefusedLikeWrongOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	unknown := testKey{id: "PAKAAAAAAAAAAAAAAAAA", secret: "x"}
	_, err := w.Signed(w.sign(unknown, "GET", "/v1/x"))
	refused(t, err, "the access key does not exist", badSignature)

	key := w.key("acme", "alice")
	w.change("acme", pratique.SetAccessKey{ID: key.id, Disabled: true})
	_, err = w.Signed(w.sign(key, "GET", "/v1/x"))
	refused(t, err, "the access key is disabled", badSignature)
	w.change("acme", pratique.SetAccessKey{ID: key.id})
	if _, err = w.Signed(w.sign(key, "GET", "/v1/x")); err != nil {
		t.Errorf("enabled again: %s", reason(err))
	}
	w.user("acme", "alice", `{"access":["console"]}`)
	_, err = w.Signed(w.sign(key, "GET", "/v1/x"))
	refused(t, err, "the user has no programmatic access", badSignature)
}

// Somebody who can write to the store, and cannot read the keys, puts alice's sealed secret into a key of bob's.
func TestSealedSecretMovedToAnotherKeyIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key("acme", "alice")
	snap, _ := w.AccountNamed("acme")
	stored, _ := snap.AccessKeys.ID(key.id)
	forged := testKey{id: "PAKBBBBBBBBBBBBBBBBB", secret: key.secret}
	w.change("acme", pratique.AddAccessKey{ID: forged.id, User: "bob", Sealed: stored.Sealed})
	_, err := w.Signed(w.sign(forged, "GET", "/v1/x"))
	if !strings.HasPrefix(reason(err), "the secret of the access key: the sealed value cannot be opened") {
		t.Errorf("refused because %q", reason(err))
	}
}

func TestWithoutKeysNoSignatureIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key("acme", "alice")
	for _, a := range []*Authenticator{{Accounts: w, Now: w.now, Keys: w}, {Accounts: w, Now: w.now, Secrets: w.seal}} {
		_, err := a.Signed(w.sign(key, "GET", "/v1/x"))
		refused(t, err, "signed requests are not served here", badSignature)
	}
}

func TestWriteCannotBeReplayed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.sign(w.key("acme", "alice"), "POST", "/v1/x")
	if _, err := w.Signed(r); err != nil {
		t.Fatal(reason(err))
	}
	for range 3 {
		_, err := w.Signed(r)
		refused(t, err, "the request was sent before: its signature has been seen", badSignature)
		w.pass(5 * time.Minute)
	}
	w.pass(clockSkew)
	_, err := w.Signed(r)
	refused(t, err, "the date of the request is more than 15 minutes off", badSignature)
}

func TestReplayMemoryCoversDatesAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.sign(w.key("acme", "alice"), "POST", "/v1/x")
	w.pass(-clockSkew)
	if _, err := w.Signed(r); err != nil {
		t.Fatal(reason(err))
	}
	w.pass(2 * clockSkew) // the last moment at which the date is accepted
	_, err := w.Signed(r)
	refused(t, err, "the request was sent before: its signature has been seen", badSignature)
}

func TestReadMayBeRepeatedForAFewSeconds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.sign(w.key("acme", "alice"), "GET", "/v1/x")
	for range 3 {
		if _, err := w.Signed(r); err != nil {
			t.Fatal(reason(err))
		}
	}
	w.pass(repeatedReads)
	_, err := w.Signed(r)
	refused(t, err, "the request was sent before: its signature has been seen", badSignature)
}

func TestOfManyEqualWritesOneIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.sign(w.key("acme", "alice"), "POST", "/v1/x")
	var accepted atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := w.Signed(r); err == nil {
				accepted.Add(1)
			}
		})
	}
	wg.Wait()
	if n := accepted.Load(); n != 1 {
		t.Errorf("%d of 16 were accepted", n)
	}
}

func TestReplayMemoryIsBoundedAndForgetsWhatIsOver(t *testing.T) {
	t.Parallel()
	var r replays
	start := time.Unix(0, 0)
	for i := range 100 {
		r.first([16]byte{byte(i)}, start, start.Add(time.Minute), 0)
	}
	r.first([16]byte{200}, start.Add(2*time.Minute), start.Add(time.Hour), 0)
	if n := len(r.seen.items); n != 1 {
		t.Errorf("%d signatures are remembered; 100 are over", n)
	}
	var l lru[int, int]
	for i := range 1000 {
		l.add(i, i, 10)
	}
	if kept := slices.Sorted(maps.Keys(l.items)); len(kept) != 10 || kept[0] != 990 {
		t.Errorf("kept %v; want the newest ten", kept)
	}
}

func TestUploadRouteTakesAnUnsignedBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key("acme", "alice")
	r := w.unsigned("POST", "/v1/x")
	r.Header["X-Sdk-Content-Sha256"] = []string{unsignedPayload}
	key.sign(t, r, unsignedPayload)
	_, err := w.Signed(r)
	refused(t, err, "the body is not signed", badSignature)
	r.UnsignedBody = true
	if _, err := w.Signed(r); err != nil {
		t.Error(reason(err))
	}
}

func TestPathsAndQueriesAreCanonical(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"/": "/", "/a": "/a/", "/a/": "/a/", "/a/b": "/a/b/", "/a%20b": "/a%20b/", "/a+b": "/a%2Bb/", "/%7euser": "/~user/", "/a:b,c": "/a%3Ab%2Cc/", "/ü": "/%C3%BC/", "/...": "/.../",
	} {
		if got, problem := canonicalPath(raw); got != want || problem != "" {
			t.Errorf("path %q is %q (%s); want %q", raw, got, problem, want)
		}
	}
	for raw, want := range map[string]string{
		"": "", "b=2&a=1": "a=1&b=2", "a": "a=", "a=b c": "a=b%20c", "a=b%2Bc": "a=b%2Bc", "ab=1&a=2&a-=3": "a=2&a-=3&ab=1", "ü=&x=%7e": "x=~&%C3%BC=",
	} {
		query, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got, problem := canonicalQuery(query); got != want || problem != "" {
			t.Errorf("query %q is %q (%s); want %q", raw, got, problem, want)
		}
	}
}

// Two requests that a server would treat differently never have one canonical form.
func FuzzCanonicalFormIsUnambiguous(f *testing.F) {
	f.Add("/a", "k", "v", "h", "/a/", "k", "v", "h")
	f.Add("/a%2Fb", "a=b&c", "d", "", "/a/b", "a", "b&c=d", "")
	f.Add("/a", "k", "v", "x\nhost:y", "/a", "k", "v\n", " x")
	f.Fuzz(func(t *testing.T, path1, key1, value1, header1, path2, key2, value2, header2 string) {
		one, ok1 := fuzzed(path1, key1, value1, header1)
		two, ok2 := fuzzed(path2, key2, value2, header2)
		if !ok1 || !ok2 || one != two {
			return
		}
		p1, _ := url.PathUnescape(strings.TrimSuffix(path1, "/"))
		p2, _ := url.PathUnescape(strings.TrimSuffix(path2, "/"))
		if p1 != p2 || key1 != key2 || value1 != value2 || strings.Trim(header1, " ") != strings.Trim(header2, " ") {
			t.Errorf("(%q %q %q %q) and (%q %q %q %q) have one form:\n%s", path1, key1, value1, header1, path2, key2, value2, header2, one)
		}
	})
}

func fuzzed(path, key, value, header string) (string, bool) {
	r := &SignedRequest{Method: "GET", Path: path, Query: map[string][]string{key: {value}}, Header: map[string][]string{"Host": {header}}}
	headers, problem := r.headers()
	if problem != "" {
		return "", false
	}
	text, problem := r.canonical(headers, []string{"host"}, emptyHash)
	return text, problem == ""
}

func FuzzSignedRequestNeverCrashes(f *testing.F) {
	v := vector()
	f.Add(v.Header["Authorization"][0], "20191115T033655Z", v.Path, "a", "b")
	f.Add("SDK-HMAC-SHA256 Access=,SignedHeaders=,Signature=", "", "/", "", "")
	f.Fuzz(func(_ *testing.T, authorization, date, path, key, value string) {
		r := &SignedRequest{
			Method: "GET", Path: path, Query: map[string][]string{key: {value}}, BodyHash: emptyHash,
			Header: map[string][]string{"Authorization": {authorization}, "X-Sdk-Date": {date}, "Host": {key}, "Content-Type": {value}},
		}
		_, _ = r.parse()
	})
}

func TestNewAccessKeysHaveTheVendorsForm(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		id, secret := NewAccessKey()
		if !validKeyID(id) || !strings.HasPrefix(id, "PAK") || len(secret) != 40 || seen[id] || seen[secret] {
			t.Fatalf("key %s, secret of %d characters", id, len(secret))
		}
		seen[id], seen[secret] = true, true
	}
}

// testKey is an access key as its user knows it.
type testKey struct{ id, secret string }

// key gives a user an access key, sealed and stored as the server does.
func (w *world) key(account, user string) testKey {
	w.t.Helper()
	id, secret := NewAccessKey()
	w.storeKey(account, user, id, secret)
	return testKey{id, secret}
}

func (w *world) storeKey(account, user, id, secret string) {
	w.t.Helper()
	snap, _ := w.AccountNamed(account)
	sealed, err := w.seal.Seal([]byte(secret), AccessKeyPath(snap.Account.ID, id))
	if err != nil {
		w.t.Fatal(err)
	}
	w.change(account, pratique.AddAccessKey{ID: id, User: user, Sealed: sealed})
}

func (w *world) unsigned(method, path string) *SignedRequest {
	return &SignedRequest{
		Method: method, Path: path, Query: map[string][]string{"limit": {"2"}}, BodyHash: emptyHash,
		Header: map[string][]string{
			"Host": {"iam.example.com"}, "X-Project-Id": {"mine"}, "X-Sdk-Date": {w.now().UTC().Format(signatureDate)},
		},
	}
}

func (w *world) sign(key testKey, method, path string) *SignedRequest {
	r := w.unsigned(method, path)
	key.sign(w.t, r, r.BodyHash)
	return r
}

// sign is a client: it writes the canonical form out by hand, for the requests of these tests.
func (k testKey) sign(t *testing.T, r *SignedRequest, body string) {
	t.Helper()
	date := r.Header["X-Sdk-Date"][0]
	canonical := strings.Join([]string{
		r.Method, r.Path + "/", "limit=2", "host:iam.example.com", "x-project-id:mine", "x-sdk-date:" + date, "", "host;x-project-id;x-sdk-date", body,
	}, "\n")
	sum := sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(k.secret))
	mac.Write([]byte("SDK-HMAC-SHA256\n" + date + "\n" + hex.EncodeToString(sum[:])))
	r.Header["Authorization"] = []string{
		"SDK-HMAC-SHA256 Access=" + k.id + ", SignedHeaders=host;x-project-id;x-sdk-date, Signature=" + hex.EncodeToString(mac.Sum(nil)),
	}
}

func swap(r *SignedRequest, old, with string) {
	r.Header["Authorization"] = []string{strings.Replace(r.Header["Authorization"][0], old, with, 1)}
}

// flip changes the first digit after a text.
func flip(r *SignedRequest, after string) {
	text := []byte(r.Header["Authorization"][0])
	i := strings.Index(string(text), after) + len(after)
	if text[i] == '0' {
		text[i] = '1'
	} else {
		text[i] = '0'
	}
	r.Header["Authorization"] = []string{string(text)}
}
