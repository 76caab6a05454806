package webhook_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/webhook"
)

const connections = 16

// BenchmarkReview measures reviews over HTTPS/1.1 on 16 connections against two handlers that decide nothing: one answers every request
// with the same verdict, the other writes nothing at all, which no kube-apiserver would understand. They run in turns of a quarter of a
// second, so that what else the machine does weighs on all. It prints the median rates and, of the rates and of the processor time, the
// ratio to the one that answers; the rest of the difference is what net/http takes for a body.
func BenchmarkReview(b *testing.B) {
	for _, c := range []struct{ name, policy string }{{"NoOpinion", "CCE ReadOnlyAccess"}, {"Conditions", "office"}, {"Denied", ""}} {
		b.Run(c.name, func(b *testing.B) { benchmarkReview(b, c.policy) })
	}
}

func benchmarkReview(b *testing.B, policy string) {
	b.Helper()
	w := newWorld(b)
	w.Log = slog.New(slog.NewJSONHandler(nowhere{}, nil)) // with the work of writing, without the disk
	w.Remember = new(access.Memory).Remember
	w.apply("kind: Policy\nmetadata: {name: office}\nspec:\n  document: {Version: '1.1', Statement: [" +
		"{Effect: Allow, Action: ['cce:kubernetes:*']}, " +
		"{Effect: Deny, Action: ['cce:kubernetes:create'], Resource: ['cce:*:*:pods/exec:*'], Condition: {StringEquals: {'g:ResourceTag/env': [prod]}}}]}")
	if policy != "" {
		w.grant(policy)
	}
	directory := make([]byte, 64<<20) // a server is not empty beside it, and collects its garbage accordingly
	defer runtime.KeepAlive(directory)
	verdict := []byte(`{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","status":{"allowed":false}}` + "\n")
	handlers := []http.Handler{
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "application/json")
			_, _ = rw.Write(verdict)
		}),
		w,
	}
	path, secret := webhook.AuthorizePath+w.cluster("prod").ID, w.credential("prod")
	body := review(w.user("alice"), w.login("alice"), podRead, w.group("team"))
	loads := make([]*load, len(handlers))
	for i, h := range handlers {
		srv := serve(b, h)
		loads[i] = &load{client: srv.Client(), url: srv.URL + path, secret: secret, body: body}
		transport, ok := srv.Client().Transport.(*http.Transport)
		if !ok {
			b.Fatal("no transport")
		}
		transport.MaxIdleConnsPerHost = connections
		loads[i].run(b, 100*time.Millisecond)
	}
	rates, ratios, cpus := make([][]float64, len(loads)), []float64(nil), []float64(nil)
	for b.Loop() {
		var rate, cpu [3]float64
		for i, l := range loads {
			rate[i], cpu[i] = l.run(b, 250*time.Millisecond)
			rates[i] = append(rates[i], rate[i])
		}
		ratios, cpus = append(ratios, rate[2]/rate[1]), append(cpus, cpu[1]/cpu[2])
	}
	b.ReportMetric(median(rates[0]), "silent/s")
	b.ReportMetric(median(rates[1]), "empty/s")
	b.ReportMetric(median(rates[2]), "reviews/s")
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(median(cpus), "cpu-ratio") // other programs do not take this away
	b.ReportMetric(0, "ns/op")
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// load is a client that asks the same thing as fast as it is answered.
type load struct {
	client            *http.Client
	url, secret, body string
}

// run asks for a while and tells the rate, and the processor time of one request, the client's included.
func (l *load) run(b *testing.B, during time.Duration) (rate, cpu float64) {
	b.Helper()
	var done atomic.Int64
	var all sync.WaitGroup
	start, used := time.Now(), processor(b)
	for range connections {
		all.Go(func() {
			for time.Since(start) < during {
				if err := l.ask(b.Context()); err != nil {
					b.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	n := float64(done.Load())
	return n / time.Since(start).Seconds(), (processor(b) - used) / n
}

// processor is the processor time that this process has used, in seconds.
func processor(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

func (l *load) ask(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, strings.NewReader(l.body))
	if err != nil {
		return err
	}
	req.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + l.secret}, "Accept": {"application/json"}}
	res, err := l.client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("answer %s (%w)", res.Status, err)
	}
	return err
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
	w := newWorld(b)
	w.grant("CCE ReadOnlyAccess")
	body := review(w.user("alice"), w.login("alice"), podRead, w.group("team"))
	secret := w.credential("prod")
	req := httptest.NewRequestWithContext(b.Context(), http.MethodPost, webhook.AuthorizePath+w.cluster("prod").ID, nil)
	req.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + secret}}
	req.ContentLength = int64(len(body))
	answer := &blank{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		req.Body = io.NopCloser(strings.NewReader(body))
		w.ServeHTTP(answer, req)
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
