//go:build kube

package cluster_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster"
	"github.com/pratique-iam/pratique/internal/cluster/local"
)

// onboarded starts a control plane, and applies the manifest with kubectl as its administrator would. It gives what attaches it.
func onboarded(t *testing.T, o cluster.Onboarding) (plane *local.Plane, admin kubernetes.Interface, access cluster.Access) {
	t.Helper()
	plane, err := local.Start(t.Context(), local.Config{Dir: t.TempDir(), Name: "theirs", UnsafeNoFsync: true, Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { plane.Stop(context.Background()) })
	binaries, err := local.DefaultBinaries()
	if err != nil {
		t.Fatal(err)
	}
	apply := exec.CommandContext(t.Context(), filepath.Join(binaries, "kubectl"), "--kubeconfig", plane.KubeconfigPath(), "apply", "-f", "-")
	apply.Stdin = strings.NewReader(string(o.Manifest()))
	apply.Env = []string{"HOME=" + t.TempDir()}
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("kubectl apply: %v\n%s", err, out)
	}
	a := plane.Admin()
	admin, err = kubernetes.NewForConfig(cluster.Access{Server: a.Server, CA: a.CA, ClientCert: a.Cert, ClientKey: a.Key}.Config())
	if err != nil {
		t.Fatal(err)
	}
	var secret *corev1.Secret
	eventually(t, "the token is in the secret", func() bool {
		secret, err = admin.CoreV1().Secrets(cluster.OnboardingNamespace).Get(t.Context(), cluster.OnboardingToken, metav1.GetOptions{})
		return err == nil && len(secret.Data["token"]) > 0
	})
	return plane, admin, cluster.Access{Server: a.Server, CA: a.CA, Token: string(secret.Data["token"])}
}

// A credential with the manifest's rights does all that is done in an attached cluster, and what is not in the manifest it may not.
func TestTheManifestIsEnoughAndNoMore(t *testing.T) {
	t.Parallel()
	_, admin, access := onboarded(t, cluster.Onboarding{ClusterRoles: []string{"view"}})
	w, sealer := newTown(t), newSealer(t)
	w.attach(t, sealer, "prod", access)
	m := manager(t, w, "")
	m.Sealer, m.Networks = sealer, loopback()
	run(t, m)
	mine := running(t, w, m, "prod")
	s, c := w.cluster(t, "prod")
	conn, err := m.Connect(s, c)
	if err != nil {
		t.Fatal(err)
	}
	if missing := cluster.CheckRights(t.Context(), conn, s, c); len(missing) > 0 {
		t.Errorf("something is missing: %q", missing)
	}
	if st := m.Status("c-attached"); len(st.Warnings) > 0 || st.Nodes != 1 {
		t.Errorf("the status is %+v", st)
	}
	creator := *c
	creator.Creator = pratique.Ref{Kind: pratique.KindUser, ID: "usr-creator"}
	if err := cluster.EnsureCreator(t.Context(), mine, &creator); err != nil {
		t.Errorf("the creator: %v", err)
	}
	if _, err := admin.RbacV1().ClusterRoleBindings().Get(t.Context(), cluster.AdministratorsBinding, metav1.GetOptions{}); err != nil {
		t.Errorf("the binding of administrators: %v", err)
	}
	if _, err := mine.CoreV1().Secrets("default").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("it may read secrets: %v", err)
	}
	// Kubernetes gathers the rules of its own roles in the first moments of a cluster. A role that holds nothing yet anybody may give.
	eventually(t, "edit holds something", func() bool {
		edit, err := admin.RbacV1().ClusterRoles().Get(t.Context(), "edit", metav1.GetOptions{})
		return err == nil && len(edit.Rules) > 0
	})
	if err := bindRole(t, mine, "edit"); !apierrors.IsForbidden(err) {
		t.Errorf("it may bind a role that is not named: %v", err)
	}
	if err := bindRole(t, mine, "view"); err != nil {
		t.Errorf("it may not bind a role that is named: %v", err)
	}
	role, err := admin.RbacV1().ClusterRoles().Get(t.Context(), "view", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mine.RbacV1().ClusterRoles().Update(t.Context(), role, metav1.UpdateOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("it may change the role that it may bind: %v", err)
	}

	// A right that goes is seen in time, and so is one that comes back.
	theirs := admin.RbacV1().ClusterRoles()
	full, err := theirs.Get(t.Context(), cluster.OnboardingRole, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rules := full.Rules
	full.Rules = nil
	if full, err = theirs.Update(t.Context(), full, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is asked and missed", func() bool { return len(cluster.CheckRights(t.Context(), conn, s, c)) > 5 })
	full.Rules = rules
	if _, err = theirs.Update(t.Context(), full, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nothing is missing again", func() bool { return len(cluster.CheckRights(t.Context(), conn, s, c)) == 0 })
}

func bindRole(t *testing.T, client kubernetes.Interface, role string) error {
	t.Helper()
	_, err := client.RbacV1().ClusterRoleBindings().Create(t.Context(), bindingTo(role, "pratique:x"), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}

// What is wrong with a real cluster is said in words, holds up nothing, and is over when it is over.
func TestWhatIsWrongWithAClusterIsSaidAndHeals(t *testing.T) {
	t.Parallel()
	plane, admin, access := onboarded(t, cluster.Onboarding{ClusterRoles: []string{"view"}})
	w, sealer := newTown(t), newSealer(t)
	w.attach(t, sealer, "prod", access)
	m := manager(t, w, "")
	m.Sealer, m.Networks = sealer, loopback()
	run(t, m)
	running(t, w, m, "prod")
	says := func(sentence string) {
		t.Helper()
		eventually(t, "the status says "+sentence, func() bool {
			s := m.Status("c-attached")
			return s.Phase == cluster.PhaseUnreachable && strings.Contains(s.Error, sentence)
		})
	}
	heals := func() {
		t.Helper()
		eventually(t, "it is over", func() bool { return m.Status("c-attached").Phase == cluster.PhaseRunning })
	}

	server := 0
	for _, c := range plane.Components() {
		if c.Name == "kube-apiserver" {
			server = c.PID
		}
	}
	if err := syscall.Kill(server, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	_, c := w.cluster(t, "prod")
	conn, err := m.Connect(w.snapshot(), c)
	if err != nil {
		t.Fatal(err)
	}
	if said := cluster.CheckRights(t.Context(), conn, w.snapshot(), c); len(said) != 1 || !strings.Contains(said[0], "does not answer in time") || time.Since(begun) > 10*time.Second {
		t.Errorf("after %s a cluster that hangs gives %q", time.Since(begun), said)
	}
	says("does not answer in time")
	if err := syscall.Kill(server, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	heals()

	stranger, _ := certificate(t)
	w.apply(t, pratique.ClusterUpdate{Name: "prod", CA: &stranger, Sealed: &c.Sealed})
	says("not signed by the attached authority")
	w.apply(t, pratique.ClusterUpdate{Name: "prod", CA: &access.CA, Sealed: &c.Sealed})
	heals()

	if err := admin.CoreV1().Secrets(cluster.OnboardingNamespace).Delete(t.Context(), cluster.OnboardingToken, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	says("refuses the credential, which may have expired or been revoked")
	plane.Stop(t.Context())
	says("refused")
}
