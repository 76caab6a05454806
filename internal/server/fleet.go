package server

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/authn"
	"github.com/pratique-iam/pratique/internal/cluster"
	"github.com/pratique-iam/pratique/internal/console"
	"github.com/pratique-iam/pratique/internal/directory"
	"github.com/pratique-iam/pratique/internal/nodepool"
	"github.com/pratique-iam/pratique/internal/oidc"
	"github.com/pratique-iam/pratique/internal/proxy"
	"github.com/pratique-iam/pratique/internal/rbacsync"
	"github.com/pratique-iam/pratique/internal/seal"
	"github.com/pratique-iam/pratique/internal/webhook"
)

// fleet is what a server has for clusters: the connections to them, what keeps their RBAC, and the two doors that stand in front of them.
type fleet struct {
	memory  *access.Memory // of decisions; shared by all doors
	issuer  *oidc.Issuer
	manager *cluster.Manager
	sync    *rbacsync.Fleet
	pools   *nodepool.Fleet
	webhook *webhook.Webhook
	proxy   *proxy.Proxy
	asked   *callers
}

func (s *Server) newFleet(decider *access.Decider, who *authn.Authenticator, sealer *seal.Sealer) *fleet {
	c := &s.config
	f := &fleet{
		memory: &access.Memory{}, asked: &callers{Authenticator: who},
		issuer: &oidc.Issuer{URL: c.URL, Secrets: s.directory, Sealer: sealer, Now: c.Now},
	}
	f.manager = &cluster.Manager{
		Directory: s.directory, Sealer: sealer, Log: c.Log, Now: c.Now, Networks: c.Networks,
		Enforce: func(ctx context.Context, account, id string) (cluster.EnforcementParams, error) {
			return s.enforcement(ctx, who, account, id)
		},
	}
	if c.KubeDir != "" {
		f.manager.LocalDir, f.manager.KubeDir = filepath.Join(c.Data, "clusters"), c.KubeDir
	}
	f.sync = &rbacsync.Fleet{Directory: s.directory, Clusters: f.manager, Log: c.Log, Now: c.Now}
	f.pools = &nodepool.Fleet{Directory: s.directory, Clusters: f.manager, Log: c.Log}
	f.webhook = &webhook.Webhook{
		Callers: f.asked, Decider: decider, Issuer: reviewer{f.issuer}, Remember: f.memory.Remember, Log: c.Log, Now: c.Now,
		Fresh: func() webhook.Freshness { return webhook.Freshness(freshness(s.directory)) },
	}
	f.proxy = &proxy.Proxy{
		Accounts: s.directory, Callers: who, Tokens: f.issuer, Clusters: reach{f.manager}, Bindings: f.sync, Decider: decider, Trail: trail{s.gate},
		Remember: f.memory.Remember, Log: c.Log, Now: c.Now,
		Fresh: func() proxy.Freshness { return proxy.Freshness(freshness(s.directory)) },
	}
	s.closers = append(s.closers, f.proxy.Close)
	return f
}

// age is how old the directory is, in the shape that both doors take.
type age struct {
	Age    time.Duration
	Usable bool
	Stale  bool
}

func freshness(d *directory.Directory) age {
	old, state := d.Freshness()
	return age{Age: old, Usable: state != directory.Closed, Stale: state != directory.Fresh}
}

// doors puts the doors that take requests before any mux in front of the one behind a mux.
func (f *fleet) doors(api, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, webhook.AuthorizePath):
			f.webhook.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, webhook.AuthenticatePath):
			f.webhook.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, proxy.Prefix):
			f.proxy.ServeHTTP(w, r)
		case r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, console.Prefix):
			pages.ServeHTTP(w, r)
		default:
			api.ServeHTTP(w, r)
		}
	})
}

// callers tells which cluster asks, and remembers when it did.
type callers struct {
	*authn.Authenticator
	last sync.Map // id of a cluster → *atomic.Int64, Unix time in nanoseconds
}

// Cluster is that of the Authenticator; whoever is not let in leaves no trace.
func (c *callers) Cluster(secret string) (*pratique.Snapshot, *pratique.Cluster, error) {
	s, cl, err := c.Authenticator.Cluster(secret)
	if err != nil {
		return nil, nil, err
	}
	at, ok := c.last.Load(cl.ID)
	if !ok {
		at, _ = c.last.LoadOrStore(cl.ID, new(atomic.Int64))
	}
	if t, ok := at.(*atomic.Int64); ok {
		t.Store(c.Now().UnixNano())
	}
	return s, cl, nil
}

// asked tells when a cluster's kube-apiserver last asked this server; zero: not since it started.
func (c *callers) asked(id string) time.Time {
	at, _ := c.last.Load(id)
	if t, ok := at.(*atomic.Int64); ok {
		return time.Unix(0, t.Load()).UTC()
	}
	return time.Time{}
}

// localCredential is how long the credential of a local cluster's kube-apiserver lives; every start makes a new one.
const localCredential = 90 * 24 * time.Hour

// enforcement makes a local cluster ask this server. Older credentials of the cluster end.
func (s *Server) enforcement(ctx context.Context, who *authn.Authenticator, account, id string) (cluster.EnforcementParams, error) {
	var none cluster.EnforcementParams
	snapshot, ok := s.directory.Account(account)
	if !ok {
		return none, pratique.ErrNotFound
	}
	secret, session, err := who.NewClusterSession(snapshot, id, localCredential)
	if err != nil {
		return none, err
	}
	changes := []pratique.Change{pratique.OpenSession{Session: session}}
	for old := range snapshot.SessionsOf(id) {
		changes = append(changes, pratique.EndSession{ID: old.ID})
	}
	_, err = s.gate.Apply(ctx, access.Intent{
		Who: operator(account), Event: audit.ClusterConnected, Detail: "local control plane started", Changes: changes,
	})
	if err != nil {
		return none, err
	}
	return cluster.EnforcementParams{URL: s.config.URL, CA: s.authority.CAPEM(), Cluster: id, Token: secret}, nil
}

// reach lets the proxy into clusters.
type reach struct{ manager *cluster.Manager }

func (r reach) Reach(_ context.Context, s *pratique.Snapshot, c *pratique.Cluster) (proxy.Access, error) {
	conn, err := r.manager.Connect(s, c)
	if err != nil {
		return proxy.Access{}, err
	}
	a := conn.Access
	return proxy.Access{
		Server: a.Server, CA: a.CA, Token: a.Token, ClientCert: a.ClientCert, ClientKey: a.ClientKey, Dial: conn.Config().Dial, Done: conn.Done(),
	}, nil
}

// trail lets the proxy record before it acts.
type trail struct{ gate *access.Gate }

func (t trail) Record(ctx context.Context, r audit.Record) error {
	return t.gate.Record(ctx, r.Account, r)
}

// reviewer verifies tokens for clusters that ask by TokenReview.
type reviewer struct{ issuer *oidc.Issuer }

func (r reviewer) VerifyClusterToken(token string, c *pratique.Cluster) (webhook.Claims, error) {
	claims, err := r.issuer.Verify(context.Background(), token, c.ID)
	if err != nil {
		return webhook.Claims{}, err
	}
	return webhook.Claims{
		UserID: claims.Subject, UserName: claims.Name, Groups: claims.Groups, Session: claims.Session, Expires: claims.Expires,
	}, nil
}

func (reviewer) Audience(c *pratique.Cluster) string { return c.ID }
