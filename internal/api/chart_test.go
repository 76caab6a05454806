package api_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"

	kuberest "k8s.io/client-go/rest"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/chart"
)

// packed is the archive of a chart with one file more than its metadata.
func packed(t *testing.T, name, version, values string) string {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	for file, text := range map[string]string{
		"Chart.yaml": fmt.Sprintf("apiVersion: v2\nname: %s\nversion: %s\n", name, version), "values.yaml": values,
	} {
		if err := w.WriteHeader(&tar.Header{Name: name + "/" + file, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = w.Close(), zipped.Close()
	return out.String()
}

func uploads(user, actions string) string {
	return fmt.Sprintf("kind: Policy\nmetadata: {name: %[1]s-charts}\nspec: {document: {Version: \"1.1\", Statement: [{Effect: Allow, Action: [%[2]s]}]}}", user, actions) +
		"\n---\n" + grant(user+"-charts", user+"-group", user+"-charts", "{allProjects: true}")
}

func (p person) upload(method, path, archive string) answer {
	p.Helper()
	return p.send(method, path, "application/gzip", archive)
}

func chartTown(t *testing.T) *town {
	t.Helper()
	w := settled(t, users("alice", "bob", "carol"), uploads("alice", `"cce:chart:*"`), uploads("bob", `"cce:chart:list", "cce:chart:get"`))
	w.api.Blobs = w.dir
	return w
}

func TestAChartIsKeptUntilItIsDeleted(t *testing.T) {
	t.Parallel()
	w := chartTown(t)
	alice := w.as("alice")
	first, second := packed(t, "web", "1.0.0", "a: 1"), packed(t, "web", "1.0.0", "a: 2")
	var c apiv1.Chart
	alice.upload("POST", "/v1/charts", first).want(201).into(&c)
	if c.Name != "web-1.0.0" || c.Chart != "web" || c.Version != "1.0.0" || c.Size != len(first) || c.Digest == "" {
		t.Errorf("it is %+v", c)
	}
	alice.upload("POST", "/v1/charts", first).want(201) // the same again changes nothing
	if p := alice.upload("POST", "/v1/charts", second).problem(409, "conflict"); !strings.Contains(p.Hint, "pratique chart update") {
		t.Errorf("the problem is %+v", p)
	}
	alice.upload("PUT", "/v1/charts/web-1.0.0", second).want(200).into(&c)
	alice.upload("PUT", "/v1/charts/"+c.Name, packed(t, "web", "1.0.1", "")).problem(400, "invalid")
	alice.upload("PUT", "/v1/charts/web-2.0.0", packed(t, "web", "2.0.0", "")).problem(404, "not-found")
	got := alice.get("/v1/charts/web-1.0.0/archive").want(200)
	if string(got.body) != second || got.header.Get("Content-Type") != "application/gzip" || got.header.Get("Content-Disposition") != "attachment" {
		t.Errorf("%d bytes of %s", len(got.body), got.header)
	}
	var list apiv1.List[apiv1.Chart]
	alice.get("/v1/charts").want(200).into(&list)
	if len(list.Items) != 1 || list.Items[0].Digest != c.Digest {
		t.Errorf("listed are %+v", list.Items)
	}
	alice.delete("/v1/charts/web-1.0.0").want(204)
	alice.get("/v1/charts/web-1.0.0").problem(404, "not-found")
	alice.get("/v1/charts/web-1.0.0/archive").problem(404, "not-found")
}

func TestChartsNeedTheirOperations(t *testing.T) {
	t.Parallel()
	w := chartTown(t)
	alice, bob, carol := w.as("alice"), w.as("bob"), w.as("carol")
	data := packed(t, "web", "1.0.0", "")
	alice.upload("POST", "/v1/charts", data).want(201)
	bob.get("/v1/charts/web-1.0.0/archive").want(200)
	for operation, refused := range map[string]answer{
		"cce:chart:upload": bob.upload("POST", "/v1/charts", packed(t, "db", "1.0.0", "")),
		"cce:chart:update": bob.upload("PUT", "/v1/charts/web-1.0.0", packed(t, "web", "1.0.0", "b: 1")),
		"cce:chart:delete": bob.delete("/v1/charts/web-1.0.0"),
		"cce:chart:list":   carol.get("/v1/charts"),
		"cce:chart:get":    carol.get("/v1/charts/web-1.0.0"),
	} {
		if p := refused.problem(403, "denied"); !strings.Contains(p.Detail, operation) {
			t.Errorf("%s: %s", operation, p.Detail)
		}
	}
	carol.get("/v1/charts/web-1.0.0/archive").problem(403, "denied")
	carol.upload("POST", "/v1/charts", "no chart").problem(403, "denied")
}

func TestABodyThatIsNoChartIsRefused(t *testing.T) {
	t.Parallel()
	w := chartTown(t)
	alice := w.as("alice")
	if p := alice.upload("POST", "/v1/charts", "text").problem(400, "invalid"); !strings.Contains(p.Detail, "not compressed with gzip") {
		t.Errorf("it is %s", p.Detail)
	}
	alice.upload("POST", "/v1/charts", "").want(400)
	alice.upload("POST", "/v1/charts", strings.Repeat("x", chart.MaxArchive+1)).want(413)
	alice.post("/v1/charts", "{}").want(415)
	alice.send("POST", "/v1/charts", "text/plain", packed(t, "web", "1.0.0", "")).want(415)
	if _, err := w.dir.Blob(t.Context(), "1", "x"); err == nil {
		t.Error("something was kept")
	}
}

// nobody reaches no cluster.
type nobody struct{ asked []string }

func (n *nobody) As(_ *pratique.Snapshot, who pratique.Principal, _ string, cl *pratique.Cluster, operation string) (*kuberest.Config, error) {
	n.asked = append(n.asked, who.Name+" "+operation+" "+cl.Name)
	return &kuberest.Config{Host: "https://x.invalid", Transport: refusing{}}, nil
}

type refusing struct{}

func (refusing) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, &pratique.Error{Kind: pratique.ErrUnavailable, Message: "nobody is reached at " + r.URL.Path}
}

func TestReleasesNeedTheirOperations(t *testing.T) {
	t.Parallel()
	w := harbour(t)
	reach := &nobody{}
	w.api.Blobs, w.api.Render, w.api.Requester = w.dir, chart.Render, reach
	w.root.upload("POST", "/v1/charts", packed(t, "web", "1.0.0", "")).want(201)
	w.root.apply(uploads("dora", `"cce:release:create"`)).want(200)
	alice, dora := w.as("alice"), w.as("dora")
	install := apiv1.NewRelease{Namespace: "dev", Release: "site", Chart: "web-1.0.0"}
	const all, one = "/v1/clusters/prod/releases", "/v1/clusters/prod/releases/dev/site"
	for operation, refused := range map[string]answer{
		"cce:release:create": alice.post(all, install),
		"cce:release:update": alice.patch(one, apiv1.UpgradeRelease{Chart: "web-1.0.0"}),
		"cce:release:delete": alice.delete(one),
	} {
		if p := refused.problem(403, "denied"); !strings.Contains(p.Detail, operation) {
			t.Errorf("%s: %s", operation, p.Detail)
		}
	}
	dora.get(all).problem(403, "denied")
	if len(reach.asked) > 0 {
		t.Errorf("the cluster was asked for %v", reach.asked)
	}
	dora.post(all, apiv1.NewRelease{Release: "site", Chart: "web-1.0.0"}).problem(400, "invalid")
	dora.post(all, apiv1.NewRelease{Namespace: "dev", Release: "site", Chart: "db-1.0.0"}).problem(404, "not-found")
	install.Timeout = -1
	dora.post(all, install).problem(400, "invalid")
	install.Timeout = 5
	var j apiv1.Job
	dora.post(all, install).want(202).into(&j)
	if j.Operation != "release.create" || j.Title != "install release site in namespace dev of cluster prod with chart web-1.0.0" {
		t.Errorf("the job is %+v", j)
	}
	if last := reach.asked[len(reach.asked)-1]; last != "dora release.create prod" {
		t.Errorf("the cluster was asked as %s", last)
	}
}
