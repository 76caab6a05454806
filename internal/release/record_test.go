package release

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	v2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/release/common"
	helm "helm.sh/helm/v4/pkg/release/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/pratique-iam/pratique"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func target() *Target {
	return &Target{Cluster: "prod", Namespace: "dev", Now: func() time.Time { return noon }}
}

func web(revision int) *helm.Release {
	return &helm.Release{
		Name: "site", Namespace: "dev", Version: revision, Chart: &v2.Chart{Metadata: &v2.Metadata{Name: "web", Version: "1.0.0"}},
		Config: map[string]any{"a": "b"}, Manifest: "kind: X\n", Labels: map[string]string{"team": "a"},
		Info: &helm.Info{Status: common.StatusDeployed, FirstDeployed: noon, LastDeployed: noon},
	}
}

func TestARecordIsOneOfHelms(t *testing.T) {
	t.Parallel()
	s, err := target().encode(web(3), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "sh.helm.release.v1.site.v3" || s.Type != "helm.sh/release.v1" || s.Labels["owner"] != "helm" || s.Labels["name"] != "site" ||
		s.Labels["status"] != "deployed" || s.Labels["version"] != "3" || s.Labels["team"] != "a" {
		t.Errorf("it is %s of type %s with %v", s.Name, s.Type, s.Labels)
	}
	r, err := decode(s)
	if err != nil {
		t.Fatal(err)
	}
	if r.Config["a"] != "b" || r.Manifest != "kind: X\n" || r.Chart.Metadata.Name != "web" || len(r.Labels) != 1 || !r.Info.LastDeployed.Equal(noon) {
		t.Errorf("it came back as %+v", r.Release)
	}
}

func TestARecordThatSomebodyElseWroteDoesNoHarm(t *testing.T) {
	t.Parallel()
	zipped := func(text string) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
		return []byte(base64.StdEncoding.EncodeToString(out.Bytes()))
	}
	good, err := target().encode(web(3), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		secret string
		data   []byte
	}{
		"text":               {good.Name, []byte("text")},
		"no archive":         {good.Name, []byte("dGV4dA==")},
		"a bomb":             {good.Name, zipped(`{"manifest":"` + strings.Repeat("x", maxText) + `"}`)},
		"empty":              {good.Name, zipped("{}")},
		"null":               {good.Name, zipped("null")},
		"of another release": {"sh.helm.release.v1.other.v3", good.Data["release"]},
		"of another number":  {"sh.helm.release.v1.site.v4", good.Data["release"]},
	} {
		s := &corev1.Secret{Data: map[string][]byte{"release": c.data}, Type: recordType}
		s.Name, s.Namespace = c.secret, "dev"
		if r, err := decode(s); !errors.Is(err, pratique.ErrInvalid) {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}

func TestARecordThatDoesNotFitIsRefusedBeforeAnythingHappens(t *testing.T) {
	t.Parallel()
	r := web(1)
	var noise strings.Builder
	for i := range 120_000 {
		noise.WriteByte("0123456789abcdefghijklmnopqrstuvwxyz"[(i*i*31+i*7+i/13)%36])
		noise.WriteString(time.Unix(int64(i)*104729, 0).String())
	}
	r.Manifest = noise.String()
	if _, err := target().encode(r, time.Time{}); !errors.Is(err, pratique.ErrInvalid) || !strings.Contains(err.Error(), "take files out of the chart") {
		t.Errorf("it is %v", err)
	}
}

func TestAnOperationThatWasLeftBehindBlocksForItsOwnTimeOnly(t *testing.T) {
	t.Parallel()
	r := web(1)
	r.Info.Status = common.StatusPendingInstall
	s, err := target().encode(r, noon.Add(5*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	left, err := decode(s)
	if err != nil {
		t.Fatal(err)
	}
	if left.busy(noon.Add(4*time.Minute)) == nil || left.busy(noon.Add(6*time.Minute)) != nil {
		t.Error("it blocks at another time")
	}
	delete(s.Labels, until) // as Helm itself writes it
	if left, _ = decode(s); left.busy(noon.Add(20*time.Minute)) == nil || left.busy(noon.Add(40*time.Minute)) != nil {
		t.Error("one of Helm's blocks at another time")
	}
	left.Info.Status = common.StatusDeployed
	if left.busy(noon) != nil {
		t.Error("what is done blocks")
	}
}

func TestManifestsAreReadAsTheyStand(t *testing.T) {
	t.Parallel()
	all, err := parse("---\n# nothing\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n---\napiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}]\n")
	if err != nil || len(all) != 2 || all[0].GetName() != "b" || all[1].GetName() != "a" {
		t.Errorf("%v, %v", all, err)
	}
	for _, text := range []string{"kind: X", "apiVersion: v1\nkind: X\nmetadata: {generateName: x}", "a: {", "- a"} {
		if _, err := parse(text); !errors.Is(err, pratique.ErrInvalid) {
			t.Errorf("%q gives %v", text, err)
		}
	}
}
