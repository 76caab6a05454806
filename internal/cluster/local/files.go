package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/pratique-iam/pratique/internal/secretfile"
)

// credentials are all certificates and keys of a plane.
type credentials struct {
	ca                *authority // of the cluster: its server, its clients, and what it signs for others
	etcdCA            string     // another one: whoever gets a certificate from the cluster must not get at its store
	apiServer         pair
	admin             pair
	kubelet           pair // with which kube-apiserver calls KWOK
	kubeletServer     pair
	etcdServer        pair
	etcdClient        pair
	serviceAccountKey string
	users             map[string]pair // of the components, by name
}

// newCredentials opens what must last and issues the rest.
func (p *Plane) newCredentials() (credentials, error) {
	dir, now := filepath.Join(p.cfg.Dir, "pki"), p.cfg.Now()
	ca, err := openAuthority(dir, "ca", p.cfg.Name+" CA", now)
	if err != nil {
		return credentials{}, err
	}
	etcdCA, err := openAuthority(dir, "etcd-ca", p.cfg.Name+" etcd CA", now)
	if err != nil {
		return credentials{}, err
	}
	c := credentials{ca: ca, etcdCA: etcdCA.certFile(), users: map[string]pair{}}
	var errs [10]error
	c.serviceAccountKey, errs[0] = serviceAccountKey(dir)
	c.apiServer, errs[1] = ca.server(apiServer, false, "kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc.cluster.local", serviceIP)
	c.kubeletServer, errs[2] = ca.server("kubelet-server", false)
	c.etcdServer, errs[3] = etcdCA.server("etcd", true)
	c.etcdClient, errs[4] = etcdCA.client("etcd-client", apiServer)
	// The compiled-in superuser: this identity must work whatever becomes of RBAC and of our own webhook in the chain.
	c.admin, errs[5] = ca.client("admin", "pratique-admin", "system:masters")
	c.kubelet, errs[6] = ca.client("kubelet-client", "kube-apiserver-kubelet-client")
	c.users[controllerManager], errs[7] = ca.client(controllerManager, "system:kube-controller-manager")
	c.users[scheduler], errs[8] = ca.client(scheduler, "system:kube-scheduler")
	// KWOK acts for every node and every pod on it; a narrower role would have to name all that a kubelet may.
	c.users[kwok], errs[9] = ca.client(kwok, "pratique-kwok", "system:masters")
	if err := errors.Join(errs[:]...); err != nil {
		return credentials{}, fmt.Errorf("certificates of the local cluster: %w", err)
	}
	return c, nil
}

func (p *Plane) authenticationFile() string {
	return filepath.Join(p.cfg.Dir, "config", "authentication.yaml")
}

func (p *Plane) authorizationFile() string {
	return filepath.Join(p.cfg.Dir, "config", "authorization.yaml")
}
func (p *Plane) playFile() string { return filepath.Join(p.cfg.Dir, "config", "kwok.yaml") }
func (p *Plane) kubeconfig(name string) string {
	return filepath.Join(p.cfg.Dir, "kubeconfig", name+".yaml")
}

// Both as files from the first minute: kube-apiserver reloads them, and does not take up a kind of authorizer later that it was not
// started with.
const (
	defaultAuthentication = `apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
anonymous:
  enabled: true
  conditions: [{path: /livez}, {path: /readyz}, {path: /healthz}]
`
	defaultAuthorization = `apiVersion: apiserver.config.k8s.io/v1
kind: AuthorizationConfiguration
authorizers:
- {type: Node, name: node}
- {type: RBAC, name: rbac}
`
)

// writeFiles lays out what the components read.
func (p *Plane) writeFiles() error {
	if err := writeOr(p.authenticationFile(), p.cfg.AuthenticationConfig, defaultAuthentication); err != nil {
		return err
	}
	if err := writeOr(p.authorizationFile(), p.cfg.AuthorizationConfig, defaultAuthorization); err != nil {
		return err
	}
	if err := secretfile.Replace(p.playFile(), []byte(p.play())); err != nil {
		return err
	}
	if err := p.writePodLog(); err != nil {
		return err
	}
	for name, user := range p.creds.users {
		if err := p.writeKubeconfig(name, name, user); err != nil {
			return err
		}
	}
	return p.writeKubeconfig("admin", "admin", p.creds.admin)
}

// writeOr writes a document; without one it leaves what is there, and where there is nothing it writes the other one.
func writeOr(path string, document []byte, other string) error {
	if len(document) > 0 {
		return secretfile.Replace(path, document)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return secretfile.Replace(path, []byte(other))
	} else if err != nil {
		return err
	}
	return nil
}

// writeKubeconfig writes JSON, which is YAML that needs no thought about quoting.
func (p *Plane) writeKubeconfig(name, user string, cred pair) error {
	type object map[string]any
	data, err := json.MarshalIndent(object{
		"apiVersion": "v1", "kind": "Config", "current-context": p.cfg.Name,
		"clusters": []object{{"name": p.cfg.Name, "cluster": object{"server": p.server(), "certificate-authority-data": p.caPEM()}}},
		"users":    []object{{"name": user, "user": object{"client-certificate-data": cred.cert, "client-key-data": cred.key}}},
		"contexts": []object{{"name": p.cfg.Name, "context": object{"cluster": p.cfg.Name, "user": user}}},
	}, "", "  ")
	if err != nil {
		return err
	}
	return secretfile.Replace(p.kubeconfig(name), append(data, '\n'))
}

// writePodLog makes the one log that all containers share, in the format kubelets keep. It is only ever appended to, so that `kubectl logs -f`
// shows what a test writes there.
func (p *Plane) writePodLog() error {
	f, err := os.OpenFile(p.PodLog(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%s stdout F this container is played by KWOK: nothing runs in it\n", p.cfg.Now().UTC().Format("2006-01-02T15:04:05.000000000Z"))
	return errors.Join(err, f.Close())
}

// play is what KWOK answers in the place of a kubelet, besides playing the stages: logs, and a port that says what it hears. A command
// is run only where the configuration allows it.
func (p *Plane) play() string {
	text := `apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterLogs
metadata: {name: all}
spec:
  logs:
  - logsFile: ` + strconv.Quote(p.PodLog()) + `
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterPortForward
metadata: {name: all}
spec:
  forwards:
  - command: [cat]
`
	if !p.cfg.HostExec {
		return text
	}
	return text + `---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterExec
metadata: {name: all}
spec:
  execs:
  - local: {}
`
}
