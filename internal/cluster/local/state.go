package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/secretfile"
)

// state is what must be the same at the next start, as far as it can.
type state struct {
	Ports ports `json:"ports"`
	Nodes bool  `json:"nodes"` // they were made once
}

// ports of a plane, all on loopback. People keep the first one in kubeconfigs, so it is kept as well.
type ports struct {
	APIServer int `json:"apiServer"`
	Etcd      int `json:"etcd"`
	EtcdPeer  int `json:"etcdPeer"` // etcd insists on one, for members it will never have
	Kubelet   int `json:"kubelet"`  // of all nodes: KWOK's
}

func stateFile(dir string) string { return filepath.Join(dir, "state.json") }

func readState(dir string) (state, error) {
	var s state
	data, err := secretfile.Read(stateFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("state of the local cluster: %w", err)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("state of the local cluster: %s: %w", stateFile(dir), err)
	}
	return s, nil
}

func (s state) write(dir string) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := secretfile.Replace(stateFile(dir), data); err != nil {
		return fmt.Errorf("state of the local cluster: %w", err)
	}
	return nil
}

// The ports that are tried. They end below those that Linux gives to outgoing connections: one of these could be taken by anybody between
// the choice and the start, or while a component is down for a second after a crash.
const (
	firstPort = 20000
	endPort   = 32768
)

// choose keeps the ports that are free and replaces the others. The search begins at a place that depends on the directory, so that two
// planes that start at once do not follow each other from port to port.
func (p *ports) choose(ctx context.Context, dir string) error {
	h := fnv.New32a()
	_, _ = h.Write([]byte(dir)) // documented never to fail
	next := int(h.Sum32() % (endPort - firstPort))
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close() // nothing was sent
		}
	}()
	var lc net.ListenConfig
	hold := func(port int) bool {
		l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
		if err != nil {
			return false
		}
		held = append(held, l) // until all are chosen, so that none is chosen twice
		return true
	}
	var wanting []*int
	for _, port := range []*int{&p.APIServer, &p.Etcd, &p.EtcdPeer, &p.Kubelet} {
		if *port == 0 || !hold(*port) {
			wanting = append(wanting, port) // after those that stay: it must not take the place of one
		}
	}
	for _, port := range wanting {
		found := false
		for tries := 0; !found && tries < endPort-firstPort; tries++ {
			*port = firstPort + next
			next = (next + 1) % (endPort - firstPort)
			found = hold(*port)
		}
		if !found {
			return unavailable("no port from %d to %d is free on %s", firstPort, endPort-1, loopback)
		}
	}
	return nil
}

// lockDir keeps a second plane out of a directory. The kernel gives the lock up when this process ends, however it ends.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the directory of the plane is the operator's choice
	if err != nil {
		return nil, fmt.Errorf("lock the local cluster: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return f, nil
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = &pratique.Error{Kind: pratique.ErrConflict, Message: fmt.Sprintf("the local cluster in %s runs already", dir)}
	}
	return nil, errors.Join(err, f.Close())
}
