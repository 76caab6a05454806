package client

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"syscall"

	"github.com/pratique-iam/pratique/apiv1"
)

// Admin speaks to a server over its local admin socket, as the operator of the machine: whoever may open the socket may do this.
type Admin struct{ client Client }

// NewAdmin names the socket, which is admin.sock in the server's data directory. It is not opened yet.
func NewAdmin(socket string) *Admin {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &Admin{Client{
		base: &url.URL{Scheme: "http", Host: "admin.sock"}, agent: "pratique-client",
		http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}},
	}}
}

// Accounts lists the accounts of the server.
func (a *Admin) Accounts(ctx context.Context) ([]apiv1.AccountInfo, error) {
	var out apiv1.List[apiv1.AccountInfo]
	err := a.do(ctx, call{method: http.MethodGet, path: []string{"admin", "accounts"}, answer: &out})
	return out.Items, err
}

// NewAccount founds an account. The answer holds the secret with which its root signs in the first time.
func (a *Admin) NewAccount(ctx context.Context, n apiv1.NewAccount) (apiv1.Bootstrap, error) {
	var out apiv1.Bootstrap
	err := a.do(ctx, call{method: http.MethodPost, path: []string{"admin", "accounts"}, body: n, answer: &out})
	return out, err
}

// Bootstrap gives the root of an account a new one-time secret; an older one ends.
func (a *Admin) Bootstrap(ctx context.Context, account string) (apiv1.Bootstrap, error) {
	var out apiv1.Bootstrap
	err := a.do(ctx, call{method: http.MethodPost, path: []string{"admin", "accounts", account, "bootstrap"}, answer: &out})
	return out, err
}

// do says plainly when there is no server behind the socket, or when the socket is not ours to open.
func (a *Admin) do(ctx context.Context, k call) error {
	err := a.client.do(ctx, k)
	u, ok := errors.AsType[*UnreachableError](err)
	if !ok {
		return err
	}
	u.Server = "the server's admin socket"
	switch {
	case errors.Is(u.Err, fs.ErrNotExist):
		u.Cause = "it does not exist"
	case errors.Is(u.Err, syscall.ECONNREFUSED):
		u.Cause = "no server is running on it"
	}
	return u
}
