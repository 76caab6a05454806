package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// kubeApiserver is as much of one as the webhook sees: it uses the files that cluster connect has written, byte by byte as it likes.
type kubeApiserver struct {
	t      *testing.T
	client *http.Client
	url    string // of the webhook for authorization
	secret string
	id     string // of its cluster
}

func (w *town) kubeApiserver(cluster string) *kubeApiserver {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "files")
	w.must("cluster", "connect", cluster, "--out", dir)
	data, err := os.ReadFile(filepath.Join(dir, "webhook.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	var file struct {
		Clusters []struct {
			Cluster struct {
				Server string `json:"server"`
				CA     []byte `json:"certificate-authority-data"`
			} `json:"cluster"`
		} `json:"clusters"`
		Users []struct {
			User struct {
				Token string `json:"token"`
			} `json:"user"`
		} `json:"users"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		w.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(file.Clusters[0].Cluster.CA)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	w.t.Cleanup(transport.CloseIdleConnections)
	url := file.Clusters[0].Cluster.Server
	return &kubeApiserver{w.t, &http.Client{Transport: transport}, url, file.Users[0].User.Token, url[strings.LastIndex(url, "/")+1:]}
}

// post sends a body and gives the code and the answer; code 0 says that the server hung up.
func (k *kubeApiserver) post(path string, body io.Reader) (code int, answer string) {
	k.t.Helper()
	url := strings.Replace(k.url, "/webhook/authorize/", path, 1)
	r, err := http.NewRequestWithContext(k.t.Context(), http.MethodPost, url, body)
	if err != nil {
		k.t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + k.secret}}
	resp, err := k.client.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, err.Error()
	}
	return resp.StatusCode, string(data)
}

const (
	authorizePath    = "/webhook/authorize/"
	authenticatePath = "/webhook/authenticate/"
)

func reviewOf(spec string) string {
	return `{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{"user":"pratique:root","groups":["system:authenticated"],` + spec + "}}\n"
}

const (
	onPods = `"resourceAttributes":{"verb":"get","resource":"pods","namespace":"dev"}`
	onPath = `"nonResourceAttributes":{"verb":"get","path":"/metrics"}`
)

// token is one for the cluster, and the session that it names.
func (w *town) token(cluster string) (token, session string) {
	w.t.Helper()
	var credential execCredential
	if err := json.Unmarshal([]byte(w.must("token", "--cluster", cluster)), &credential); err != nil {
		w.t.Fatal(err)
	}
	token = credential.Status.Token
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		w.t.Fatal(err)
	}
	var claims struct {
		Session string `json:"session"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Session == "" {
		w.t.Fatalf("the token says %s (%v)", payload, err)
	}
	return token, claims.Session
}

// The whole server, as a kube-apiserver that has gone mad meets it: what can be decided is answered with a denial, what is no review with a
// sentence, nothing with 5xx, nothing with an allow, and the server goes on.
func TestTheServerSurvivesWhatAKubeApiserverMaySend(t *testing.T) {
	t.Parallel()
	w := attached(t)
	k := w.kubeApiserver("prod")
	_, id := w.token(k.id)
	session := `"extra":{"pratique.dev/session":["` + id + `"]`
	extras := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"e%d":["x"]`, i)
		}
		return session + b.String() + "}"
	}
	for name, c := range map[string]struct {
		body string
		code int
		says string
	}{
		"both kinds of attributes":     {reviewOf(onPods + "," + onPath + "," + session + "}"), http.StatusOK, "a resource or about a path, one of the two"},
		"neither":                      {reviewOf(session + "}"), http.StatusOK, "a resource or about a path, one of the two"},
		"50,000 extras":                {reviewOf(onPods + "," + extras(50_000)), http.StatusOK, "too many extras"},
		"100,000 extras, above 1 MiB":  {reviewOf(onPods + "," + extras(100_000)), http.StatusRequestEntityTooLarge, "larger than"},
		"an unknown version":           {strings.Replace(reviewOf(onPods), "k8s.io/v1", "k8s.io/v2", 1), http.StatusBadRequest, "v2"},
		"the version before":           {strings.Replace(reviewOf(onPods), "k8s.io/v1", "k8s.io/v1beta1", 1), http.StatusBadRequest, "subjectAccessReviewVersion: v1"},
		"an ended session":             {reviewOf(onPods + `,"extra":{"pratique.dev/session":["ses-x"]}`), http.StatusOK, "the session has ended"},
		"20 MiB":                       {reviewOf(onPods) + strings.Repeat(" ", 20<<20), http.StatusRequestEntityTooLarge, "larger than"},
		"no JSON":                      {"\x00\xff", http.StatusBadRequest, "invalid JSON"},
		"nothing":                      {"", http.StatusBadRequest, "invalid JSON"},
		"a review of a token":          {`{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"x"}}`, http.StatusBadRequest, "SubjectAccessReview"},
		"a thousand nested lists":      {reviewOf(`"x":` + strings.Repeat("[", 1000)), http.StatusBadRequest, "deep"},
		"somebody who is none of ours": {strings.Replace(reviewOf(onPods), "pratique:root", "system:masters", 1), http.StatusOK, `"allowed":false`},
	} {
		code, answer := k.post(authorizePath, strings.NewReader(c.body))
		if code == 0 && c.code == http.StatusRequestEntityTooLarge {
			continue // the server has answered and hung up while we were still sending
		}
		if code != c.code || !strings.Contains(answer, c.says) || strings.Contains(answer, `"allowed":true`) {
			t.Errorf("%s: %d %.300s; want %d with %q", name, code, answer, c.code, c.says)
		}
	}
	// A body without an end, of which no length is told.
	code, answer := k.post(authorizePath, io.LimitReader(endless{}, 20<<20))
	if code != http.StatusRequestEntityTooLarge && code != 0 {
		t.Errorf("a body of unknown length: %d %s", code, answer)
	}
	if code, answer := k.post(authorizePath, strings.NewReader(reviewOf(onPods+","+session+"}"))); code != http.StatusOK || !strings.Contains(answer, `"allowed":true`) {
		t.Errorf("afterwards the root gets %d %s", code, answer)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestATokenIsReviewedForItsOwnAudienceAlone(t *testing.T) {
	t.Parallel()
	w := attached(t)
	k := w.kubeApiserver("prod")
	token, _ := w.token(k.id)
	ask := func(audiences ...string) (authenticated bool, text string) {
		t.Helper()
		body, err := json.Marshal(map[string]any{
			"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": map[string]any{"token": token, "audiences": audiences},
		})
		if err != nil {
			t.Fatal(err)
		}
		code, answer := k.post(authenticatePath, strings.NewReader(string(body)))
		var out struct {
			Status struct {
				Authenticated bool `json:"authenticated"`
			} `json:"status"`
		}
		if err := json.Unmarshal([]byte(answer), &out); err != nil || code != http.StatusOK {
			t.Fatalf("%d %s (%v)", code, answer, err)
		}
		return out.Status.Authenticated, answer
	}
	if yes, answer := ask("https://kubernetes.default.svc", k.id); !yes || !strings.Contains(answer, `"audiences":["`+k.id+`"]`) || !strings.Contains(answer, "pratique:root") {
		t.Errorf("its own audience among others: %s", answer)
	}
	for name, audiences := range map[string][]string{"a foreign one": {"https://kubernetes.default.svc"}, "another cluster": {"c-other"}, "none": nil} {
		if yes, answer := ask(audiences...); yes || strings.Contains(answer, "pratique:root") {
			t.Errorf("%s: %s", name, answer)
		}
	}
}
