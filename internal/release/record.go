package release

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/release/common"
	helm "helm.sh/helm/v4/pkg/release/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pratique-iam/pratique"
)

// A record is a Secret in the namespace of the release, in Helm's own form.
const (
	recordType = "helm.sh/release.v1"
	recordName = "sh.helm.release.v1."
	maxRecord  = 1_000_000 // what Kubernetes takes, nearly
	maxText    = 64 << 20  // of a record, once it is decompressed; whoever may write Secrets may have written it
	keepRecord = 10        // revisions of a release

	// until says when whoever began an operation has stopped, at the latest. A record that is pending after that is nobody's.
	until = "pratique.dev/until"
)

// record is one revision of a release.
type record struct {
	*helm.Release
	secret *corev1.Secret
}

// busy is a refusal while somebody works on the release, or may: whoever began may have ended without a word. Helm itself writes no time; it has
// half an hour.
func (r *record) busy(now time.Time) error {
	if !r.Info.Status.IsPending() && r.Info.Status != common.StatusUninstalling {
		return nil
	}
	ends := r.Info.LastDeployed.Add(30 * time.Minute)
	if unix, err := strconv.ParseInt(r.secret.Labels[until], 10, 64); err == nil {
		ends = time.Unix(unix, 0)
	}
	if !now.Before(ends) {
		return nil
	}
	return conflict("wait until it is done; if whoever began it is gone, as after a crash, try again after "+ends.UTC().Format("15:04:05 MST"),
		"somebody is working on release %q", r.Name)
}

func secretName(release string, revision int) string {
	return fmt.Sprintf("%s%s.v%d", recordName, release, revision)
}

// encode makes the Secret of a record.
func (t *Target) encode(r *helm.Release, ends time.Time) (*corev1.Secret, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, invalid("the record of the release cannot be written: %v", err)
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err = w.Write(text)
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	data := []byte(base64.StdEncoding.EncodeToString(zipped.Bytes()))
	if len(data) > maxRecord {
		return nil, invalid("the chart and what it renders have %d bytes as a record, and a Secret of Kubernetes may have %d; take files out of the chart", len(data), maxRecord)
	}
	labels := map[string]string{}
	maps.Copy(labels, r.Labels)
	maps.Copy(labels, map[string]string{"name": r.Name, "owner": "helm", "status": r.Info.Status.String(), "version": strconv.Itoa(r.Version)})
	delete(labels, until)
	if !ends.IsZero() {
		labels[until] = strconv.FormatInt(ends.Unix(), 10)
	}
	labels["modifiedAt"] = strconv.FormatInt(t.Now().Unix(), 10)
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: secretName(r.Name, r.Version), Namespace: r.Namespace, Labels: labels},
		Type:       recordType, Data: map[string][]byte{"release": data},
	}, nil
}

// decode reads a Secret. What is in it may come from anybody who may write Secrets in the namespace.
func decode(s *corev1.Secret) (*record, error) {
	broken := func(err error) error {
		return &pratique.Error{
			Kind: pratique.ErrInvalid, Message: fmt.Sprintf("the record of a release in Secret %s cannot be read: %v", s.Name, err),
			Hint: "delete that Secret if it is not of Helm",
		}
	}
	data, err := base64.StdEncoding.DecodeString(string(s.Data["release"]))
	if err != nil {
		return nil, broken(err)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, broken(err)
	}
	text, err := io.ReadAll(io.LimitReader(unzipped, maxText+1))
	switch {
	case err != nil:
		return nil, broken(err)
	case len(text) > maxText:
		return nil, broken(errors.New("it is too large"))
	}
	r := &helm.Release{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, broken(err)
	}
	if r.Info == nil || r.Chart == nil || r.Chart.Metadata == nil || secretName(r.Name, r.Version) != s.Name || r.Namespace != s.Namespace {
		return nil, broken(errors.New("it is that of another release, or incomplete"))
	}
	r.Labels = userLabels(s.Labels)
	return &record{r, s}, nil
}

func userLabels(all map[string]string) map[string]string {
	out := maps.Clone(all)
	for _, system := range []string{"name", "owner", "status", "version", "createdAt", "modifiedAt", until} {
		delete(out, system)
	}
	return out
}

// history reads all revisions of a release, the oldest first.
func (t *Target) history(ctx context.Context, release string) ([]*record, error) {
	list, err := t.client.CoreV1().Secrets(t.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "owner=helm,name=" + release})
	if err != nil {
		return nil, t.failed("read the records of release "+release, err)
	}
	var out []*record
	for i := range list.Items {
		s := &list.Items[i]
		if s.Type != recordType || !strings.HasPrefix(s.Name, recordName+release+".v") {
			continue
		}
		r, err := decode(s)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *record) int { return a.Version - b.Version })
	return out, nil
}

// create writes a record that must not be there: two operations at once meet here.
func (t *Target) create(ctx context.Context, r *helm.Release, ends time.Time) (*record, error) {
	s, err := t.encode(r, ends)
	if err != nil {
		return nil, err
	}
	kept, err := t.client.CoreV1().Secrets(t.Namespace).Create(ctx, s, metav1.CreateOptions{FieldManager: fieldManager})
	if apierrors.IsAlreadyExists(err) {
		return nil, conflict("see it with: pratique release list", "somebody else is working on release %q", r.Name)
	}
	if err != nil {
		return nil, t.failed("write the record of release "+r.Name, err)
	}
	return &record{r, kept}, nil
}

// update writes a record again, unless somebody else has done so since.
func (t *Target) update(ctx context.Context, r *record, status common.Status, description string) error {
	r.Info.Status, r.Info.Description = status, description
	s, err := t.encode(r.Release, time.Time{})
	if err != nil {
		return err
	}
	return t.write(ctx, r, s)
}

func (t *Target) write(ctx context.Context, r *record, s *corev1.Secret) error {
	s.ResourceVersion = r.secret.ResourceVersion
	kept, err := t.client.CoreV1().Secrets(t.Namespace).Update(ctx, s, metav1.UpdateOptions{FieldManager: fieldManager})
	if err != nil {
		return t.failed("write the record of release "+r.Name, err)
	}
	r.secret = kept
	return nil
}

// forget deletes a record.
func (t *Target) forget(ctx context.Context, r *record) error {
	err := t.client.CoreV1().Secrets(t.Namespace).Delete(ctx, r.secret.Name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return t.failed("delete a record of release "+r.Name, err)
	}
	return nil
}
