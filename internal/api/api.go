package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/directory"
	"github.com/pratique-iam/pratique/internal/job"
	"github.com/pratique-iam/pratique/internal/release"
	"github.com/pratique-iam/pratique/internal/web"
)

// API is the door. Set the exported fields and do not copy it afterwards; it is safe for concurrent use.
type API struct {
	Accounts  Accounts
	Gate      *access.Gate
	Decider   *access.Decider
	Authn     Authn
	Passwords Passwords
	Sealer    Sealer
	Trail     Trail
	Operator  Operator                                          // for AdminHandler only
	Fresh     func() (age time.Duration, state directory.State) // directory.Directory.Freshness
	External  string                                            // where clients reach the server: "https://iam.example.com:8443"; answers never repeat what a request says it is
	Version   string
	Log       *slog.Logger
	Now       func() time.Time

	// Memory keeps decisions for pratique why. The doors that decide share one; nil is a memory of this door's own.
	Memory *access.Memory

	// What clusters need, and the certificate authority of this server, which they are told to trust (PEM). All of these may be nil: the
	// routes that need one then answer that the server runs without it.
	CA            []byte
	LocalClusters bool // this server can run control planes
	Clusters      Clusters
	Issuer        Issuer
	RBAC          RBAC
	Jobs          *job.Runner
	Blobs         Blobs          // archives of charts
	Render        release.Render // of charts
	Requester     Requester
	Kubectl       Kubectl
	Federation    Federation                       // nil: nobody signs in through identity providers
	Asked         func(clusterID string) time.Time // when the cluster's kube-apiserver last asked this server; zero: not since it started

	// OnBootstrapUsed is told when an account's one-time secret has been used up. It may be nil.
	OnBootstrapUsed func(account string)

	decisions   access.Memory // where Memory is nil
	failures    audit.Brake
	minted      audit.Brake // of cluster tokens, by principal
	lent        audit.Brake // of role sessions, by principal or service account
	reviews     atomic.Int32
	description struct {
		once sync.Once
		body written
		err  error
	}
}

// Accounts holds the directories as they are now.
//
// WaitFor fails with pratique.ErrUnavailable when the generation is not reached before the context ends.
type Accounts interface {
	Account(id string) (*pratique.Snapshot, bool)
	Accounts() []*pratique.Snapshot
	WaitFor(ctx context.Context, account string, generation uint64) (*pratique.Snapshot, error)
}

// memory keeps decisions.
func (a *API) memory() *access.Memory {
	if a.Memory != nil {
		return a.Memory
	}
	return &a.decisions
}

// Visit is what is known of every request.
type Visit struct {
	Source  string // network address of the client, from its connection
	Request string // the server's own id of the request
}

// Call is a request of somebody who has proved who they are.
type Call struct {
	Visit
	Who      pratique.Principal
	Session  *pratique.Session  // what they showed; not to be modified
	Snapshot *pratique.Snapshot // their account as the request found it
	Cluster  *pratique.Cluster  // that the path names; of routes that a cluster guards
}

// Handler serves Routes. It fails when a route's input or output cannot be described, which a test would have found.
func (a *API) Handler() (http.Handler, error) {
	return a.serve(a.Routes())
}

// AdminHandler serves AdminRoutes: to whoever can open the local socket of the server, without credentials.
func (a *API) AdminHandler() (http.Handler, error) {
	return a.serve(a.AdminRoutes())
}

func (a *API) serve(routes []Route) (http.Handler, error) {
	edge := &web.Edge{Log: a.Log, Now: a.Now, Probes: []string{"/livez", "/readyz"}}
	mux := http.NewServeMux()
	for _, r := range routes {
		in, err := inputOf(r.in)
		if err != nil {
			return nil, err
		}
		mux.Handle(r.Method+" "+r.Path, edge.Handle(a.dispatch(r, in)))
	}
	return edge.Wrap(mux), nil
}
