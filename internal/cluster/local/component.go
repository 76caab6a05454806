package local

import (
	"fmt"
	"path/filepath"
	"strconv"
)

const (
	loopback     = "127.0.0.1"
	serviceRange = "10.96.0.0/16"
	serviceIP    = "10.96.0.1" // the first of the range: the apiserver, as pods know it
	stagesFile   = "kwok-stages.yaml"
)

// Names of the programs, of their logs and of their kubeconfigs.
const (
	etcd              = "etcd"
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	scheduler         = "kube-scheduler"
	kwok              = "kwok"
)

// programs are those a plane runs, in the order in which they start.
func programs() []string { return []string{etcd, apiServer, controllerManager, scheduler, kwok} }

// arguments gives the command line of a program.
func (p *Plane) arguments(name string) []string {
	switch name {
	case etcd:
		return p.etcdArgs()
	case apiServer:
		return p.apiServerArgs()
	case controllerManager:
		return p.controllerManagerArgs()
	case scheduler:
		return []string{"--kubeconfig=" + p.kubeconfig(scheduler), "--leader-elect=false", "--secure-port=0"}
	default:
		return p.kwokArgs()
	}
}

func (p *Plane) etcdArgs() []string {
	client := https(p.state.Ports.Etcd)
	// A member must have a peer address, from which its id is made. Nobody will ever call it, so it need not be where it listens, and
	// stays the same when the port does not.
	const peer = "https://" + loopback + ":2380"
	args := []string{
		"--name=local", "--data-dir=" + filepath.Join(p.cfg.Dir, "etcd"), "--log-level=warn",
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + https(p.state.Ports.EtcdPeer), "--initial-advertise-peer-urls=" + peer, "--initial-cluster=local=" + peer,
		"--client-cert-auth", "--trusted-ca-file=" + p.creds.etcdCA, "--cert-file=" + p.creds.etcdServer.certFile, "--key-file=" + p.creds.etcdServer.keyFile,
		"--peer-client-cert-auth", "--peer-trusted-ca-file=" + p.creds.etcdCA,
		"--peer-cert-file=" + p.creds.etcdServer.certFile, "--peer-key-file=" + p.creds.etcdServer.keyFile,
		// One member has nobody to wait for: short ticks make it its own leader at once, instead of after a second.
		"--heartbeat-interval=20", "--election-timeout=200",
	}
	if p.cfg.UnsafeNoFsync {
		args = append(args, "--unsafe-no-fsync")
	}
	return args
}

func (p *Plane) apiServerArgs() []string {
	c := p.creds
	args := []string{
		"--bind-address=" + loopback, "--secure-port=" + strconv.Itoa(p.state.Ports.APIServer), "--cert-dir=" + filepath.Join(p.cfg.Dir, "pki"),
		"--tls-cert-file=" + c.apiServer.certFile, "--tls-private-key-file=" + c.apiServer.keyFile, "--client-ca-file=" + c.ca.certFile(),
		"--etcd-servers=" + https(p.state.Ports.Etcd), "--etcd-cafile=" + c.etcdCA,
		"--etcd-certfile=" + c.etcdClient.certFile, "--etcd-keyfile=" + c.etcdClient.keyFile,
		"--service-account-issuer=" + p.cfg.ServiceAccountIssuer,
		"--service-account-signing-key-file=" + c.serviceAccountKey, "--service-account-key-file=" + c.serviceAccountKey,
		"--authentication-config=" + p.authenticationFile(), "--authorization-config=" + p.authorizationFile(),
		"--service-cluster-ip-range=" + serviceRange, "--allow-privileged", "--profiling=false",
		// An address on loopback may not stand in Endpoints, and no simulated pod will ask for it.
		"--endpoint-reconciler-type=none",
		"--kubelet-certificate-authority=" + c.ca.certFile(), "--kubelet-preferred-address-types=InternalIP",
		"--kubelet-client-certificate=" + c.kubelet.certFile, "--kubelet-client-key=" + c.kubelet.keyFile,
	}
	return append(args, p.cfg.APIServerArgs...)
}

func (p *Plane) controllerManagerArgs() []string {
	return []string{
		"--kubeconfig=" + p.kubeconfig(controllerManager), "--leader-elect=false", "--secure-port=0", "--use-service-account-credentials",
		"--service-account-private-key-file=" + p.creds.serviceAccountKey, "--root-ca-file=" + p.creds.ca.certFile(),
		"--cluster-signing-cert-file=" + p.creds.ca.certFile(), "--cluster-signing-key-file=" + p.creds.ca.keyFile(),
		// These nodes cannot fail; only their player can be late, on a machine that is busy.
		"--node-monitor-grace-period=3m",
	}
}

func (p *Plane) kwokArgs() []string {
	port := strconv.Itoa(p.state.Ports.Kubelet)
	return []string{
		"--kubeconfig=" + p.kubeconfig(kwok), "--manage-all-nodes",
		"--config=" + filepath.Join(p.cfg.Binaries, stagesFile), "--config=" + p.playFile(),
		"--node-ip=" + loopback, "--node-port=" + port, "--server-address=" + loopback + ":" + port,
		"--tls-cert-file=" + p.creds.kubeletServer.certFile, "--tls-private-key-file=" + p.creds.kubeletServer.keyFile,
	}
}

func https(port int) string { return fmt.Sprintf("https://%s:%d", loopback, port) }
