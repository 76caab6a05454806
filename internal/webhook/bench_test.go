package webhook_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/authn"
	"github.com/pratique-iam/pratique/internal/webhook"
)

const connections = 16

// BenchmarkReview measures reviews over HTTPS/1.1 on 16 connections that are kept, against an empty handler behind the same server: it reads the
// body, forgets it, and writes a small answer. They run in turns of a quarter of a second, so that what else the machine does weighs on both. The
// client runs on the same processors and costs as little as it can. It prints the median rates and, of the rates and of the processor time,
// the ratio to the empty handler: 0.85 is the target.
func BenchmarkReview(b *testing.B) {
	for name, policy := range cases() {
		b.Run(name, func(b *testing.B) { benchmarkReview(b, policy) })
	}
}

// cases are what alice holds: something that lets her through, the same under conditions, nothing.
func cases() map[string]string {
	return map[string]string{"NoOpinion": "CCE ReadOnlyAccess", "Conditions": "office", "Denied": ""}
}

func benchmarkReview(b *testing.B, policy string) {
	b.Helper()
	w := asked(b, policy)
	directory := make([]byte, 64<<20) // a server is not empty beside it, and collects its garbage accordingly
	defer runtime.KeepAlive(directory)
	path, secret := webhook.AuthorizePath+w.cluster("prod").ID, w.credential("prod")
	body := review(w.user("alice"), w.login("alice"), podRead, w.group("team"))
	empty := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(rw, "{}\n")
	})
	w.freeze()
	loads := [...]*load{newLoad(b, empty, path, secret, body), newLoad(b, w, path, secret, body)}
	var rates [len(loads)][]float64
	var ratios, cpus []float64
	for b.Loop() {
		var rate, cpu [len(loads)]float64
		for i, l := range loads {
			rate[i], cpu[i] = l.run(b, 250*time.Millisecond)
			rates[i] = append(rates[i], rate[i])
		}
		ratios, cpus = append(ratios, rate[1]/rate[0]), append(cpus, cpu[0]/cpu[1])
	}
	b.ReportMetric(median(rates[0]), "empty/s")
	b.ReportMetric(median(rates[1]), "reviews/s")
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(median(cpus), "cpu-ratio") // other programs do not take this away
	b.ReportMetric(0, "ns/op")
}

// asked is a world in which alice may do what a policy says, and everything is kept and written as in a server, but for the disk.
func asked(b *testing.B, policy string) *world {
	b.Helper()
	w := newWorld(b)
	w.Log = slog.New(slog.NewJSONHandler(nowhere{}, nil))
	w.Remember = new(access.Memory).Remember
	w.apply("kind: Policy\nmetadata: {name: office}\nspec:\n  document: {Version: '1.1', Statement: [" +
		"{Effect: Allow, Action: ['cce:kubernetes:*'], Condition: {StringEquals: {'g:DomainName': [acme]}}}, " +
		"{Effect: Deny, Action: ['cce:kubernetes:*'], Resource: ['cce:*:*:pods:*'], Condition: {StringEquals: {'g:ResourceTag/env': [test]}}}]}")
	if policy != "" {
		w.grant(policy)
	}
	return w
}

// freeze ends the changes to a world, so that nobody need wait for its lock: a server has none there.
func (w *world) freeze() {
	w.Now = func() time.Time { return noon }
	w.Fresh = func() webhook.Freshness { return webhook.Freshness{Usable: true} }
	w.Callers = &authn.Authenticator{Accounts: frozen{w.snapshot}, Now: w.Now}
}

// frozen is a directory that does not change.
type frozen struct{ s *pratique.Snapshot }

func (f frozen) Account(id string) (*pratique.Snapshot, bool)   { return f.s, id == accountID }
func (f frozen) AccountNamed(string) (*pratique.Snapshot, bool) { return nil, false }
func (f frozen) Only() (*pratique.Snapshot, bool)               { return nil, false }

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// review is a SubjectAccessReview as a kube-apiserver writes it, for a user with a session; attributes are the rest of the spec. Groups are
// ids of ours.
func review(user, session, attributes string, groups ...string) string {
	names := ""
	for _, id := range groups {
		names += `"pratique:` + id + `",`
	}
	return `{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{"creationTimestamp":null},"spec":{` + attributes +
		`,"user":"pratique:` + user + `","groups":[` + names + `"system:authenticated"],` +
		`"extra":{"authentication.kubernetes.io/credential-id":["JTI=5f2c1c8e-0b7e-4b7a-9d3e-1f0a2b3c4d5e"],"pratique.dev/name":["alice"],` +
		`"pratique.dev/session":["` + session + `"]},"uid":"` + user + `"},"status":{"allowed":false}}` + "\n"
}

// BenchmarkHandler measures the handler alone, without network and TLS.
func BenchmarkHandler(b *testing.B) {
	for name, policy := range cases() {
		b.Run(name, func(b *testing.B) {
			w := asked(b, policy)
			body := review(w.user("alice"), w.login("alice"), podRead, w.group("team"))
			req := httptest.NewRequestWithContext(b.Context(), http.MethodPost, webhook.AuthorizePath+w.cluster("prod").ID, nil)
			req.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + w.credential("prod")}}
			req.ContentLength = int64(len(body))
			answer := &blank{header: http.Header{}}
			w.freeze()
			b.ReportAllocs()
			n, used := 0.0, processor(b)
			for b.Loop() {
				req.Body = io.NopCloser(strings.NewReader(body))
				w.ServeHTTP(answer, req)
				n++
			}
			b.ReportMetric((processor(b)-used)/n*1e9, "cpu-ns/op")
		})
	}
}

// nowhere takes lines and forgets them.
type nowhere struct{}

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }

// blank takes an answer and forgets it.
type blank struct{ header http.Header }

func (w *blank) Header() http.Header         { return w.header }
func (w *blank) Write(b []byte) (int, error) { return len(b), nil }
func (w *blank) WriteHeader(int)             {}

const podRead = `"resourceAttributes":{"namespace":"dev","verb":"get","version":"v1","resource":"pods","name":"web-5d8f7c9b4-x2x7k"}`
