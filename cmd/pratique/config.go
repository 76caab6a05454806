package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique/client"
)

// session is what login keeps on this machine: whom we speak to, as whom, and the proof.
type session struct {
	Server  string    `json:"server"`
	Account string    `json:"account,omitempty"`
	User    string    `json:"user,omitempty"`
	Token   string    `json:"token,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
	CA      string    `json:"ca,omitempty"` // PEM
}

// configPath is where the session is kept.
func (e *env) configPath() (string, error) {
	if path := e.getenv("PRATIQUE_CONFIG"); path != "" {
		return path, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("%w; say where to keep the session with PRATIQUE_CONFIG=FILE", err)
	}
	return filepath.Join(dir, "pratique", "config.yaml"), nil
}

// stored reads the session of this machine; there being none is no error.
func (e *env) stored() (session, error) {
	var s session
	path, err := e.configPath()
	if err != nil {
		return s, nil //nolint:nilerr // no place for a session is no session; whoever writes one is told
	}
	data, err := os.ReadFile(path) //nolint:gosec // the person's own file, named by themselves
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	} else if err != nil {
		return s, fmt.Errorf("read the session: %w", err)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		return s, fmt.Errorf("%s can be read by others, and it holds your session; run: chmod 600 %s", path, path)
	}
	if err := yaml.UnmarshalStrict(data, &s); err != nil {
		return s, fmt.Errorf("%s is not what pratique login writes: %w; delete it and sign in again", path, err)
	}
	return s, nil
}

// keep writes the session, wholly or not at all.
func (e *env) keep(s session) error {
	path, err := e.configPath()
	if err != nil {
		return err
	}
	data, err := yaml.Marshal(s)
	if err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	f, err := os.CreateTemp(dir, ".config-*") // mode 0600 from the start
	if err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already after the rename
	_, err = f.Write(data)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("keep the session in %s: %w", path, err)
	}
	return nil
}

// resolve says whom to speak to: the stored session, with what the environment puts over it. A token and a CA belong to the server that they
// were made for and are never shown to another.
func (e *env) resolve() (session, error) {
	s, err := e.stored()
	if err != nil {
		return s, err
	}
	if server := e.getenv("PRATIQUE_SERVER"); server != "" && server != s.Server {
		s = session{Server: server}
	}
	if token := e.getenv("PRATIQUE_TOKEN"); token != "" {
		s.Token, s.User, s.Account, s.Expires = token, "", "", time.Time{}
	}
	if path := e.getenv("PRATIQUE_CA"); path != "" {
		data, err := os.ReadFile(path) //nolint:gosec // the person's own file, named by themselves
		if err != nil {
			return s, fmt.Errorf("PRATIQUE_CA: %w", err)
		}
		s.CA = string(data)
	}
	return s, nil
}

// connect makes a client for the session of this machine.
func (e *env) connect() (*client.Client, error) {
	s, err := e.resolve()
	switch {
	case err != nil:
		return nil, err
	case s.Server == "" && s.Token != "":
		return nil, errors.New("PRATIQUE_TOKEN is set, but no server is known; set PRATIQUE_SERVER=URL as well")
	case s.Server == "" || s.Token == "":
		return nil, errSignedOut
	case !s.Expires.IsZero() && !s.Expires.After(e.now()):
		return nil, errors.New("your session has ended; run: pratique login")
	}
	return s.client()
}

func (s session) client() (*client.Client, error) {
	return client.New(client.Config{Server: s.Server, Token: s.Token, CA: []byte(s.CA), UserAgent: "pratique/" + version()})
}
