package authn

import (
	"crypto/sha256"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/pratique-iam/pratique"
)

// MaxClusterLife is the longest life of what a kube-apiserver shows: it stands in a file on the control plane, which somebody must write again.
const MaxClusterLife = 365 * 24 * time.Hour

// NewClusterSession makes the bearer secret that the kube-apiserver of a cluster shows when it asks us, and the session to record with
// pratique.OpenSession; the secret is in no other place. It is good for the webhooks of that cluster and for nothing else. The error wraps
// pratique.ErrNotFound or pratique.ErrInvalid.
func (a *Authenticator) NewClusterSession(snap *pratique.Snapshot, clusterID string, life time.Duration) (secret string, s pratique.Session, err error) {
	c, ok := snap.Clusters.ID(clusterID)
	if !ok {
		return "", pratique.Session{}, fmt.Errorf("cluster %s: %w", clusterID, pratique.ErrNotFound)
	}
	if life <= 0 || life > MaxClusterLife {
		return "", pratique.Session{}, &pratique.Error{
			Kind:    pratique.ErrInvalid,
			Message: fmt.Sprintf("the credential of a cluster cannot live for %s", life),
			Hint:    fmt.Sprintf("give a lifetime of at most %s", MaxClusterLife),
		}
	}
	secret = newToken(pratique.SessionCluster, snap.Account.ID)
	return secret, pratique.Session{
		Type: pratique.SessionCluster, Principal: pratique.Ref{Kind: pratique.KindCluster, ID: c.ID},
		Hash: Hash(secret), Expires: a.Now().UTC().Add(life), Label: "kube-apiserver of " + c.Name,
	}, nil
}

// Cluster tells which cluster's kube-apiserver shows a secret, and the account that the cluster belongs to. Neither may be modified. The error is
// a Refusal. A secret of any other kind is refused here, as this one is everywhere else.
func (a *Authenticator) Cluster(secret string) (*pratique.Snapshot, *pratique.Cluster, error) {
	if len(secret) > maxToken {
		return nil, nil, refuseCluster("the text is not the secret of a cluster")
	}
	sum := sum(secret)
	snap, s := a.proven.find(a.Accounts, &sum)
	if s == nil {
		t, err := ParseToken(secret)
		if err != nil || t.Bootstrap {
			return nil, nil, refuseCluster("the text is not the secret of a cluster")
		}
		if snap, s = a.session(t, secret); s != nil {
			a.proven.keep(&sum, snap, s)
		}
	}
	switch {
	case s == nil:
		return nil, nil, refuseCluster("there is no such session").at(snap, pratique.Principal{})
	case s.Type != pratique.SessionCluster || s.Principal.Kind != pratique.KindCluster:
		return nil, nil, refuseCluster("the session is not that of a cluster").at(snap, pratique.Principal{})
	case !a.Now().Before(s.Expires):
		return nil, nil, refuseCluster("the session has expired").at(snap, pratique.Principal{})
	}
	c, ok := snap.Clusters.ID(s.Principal.ID)
	if !ok {
		return nil, nil, refuseCluster("the cluster does not exist").at(snap, pratique.Principal{})
	}
	return snap, c, nil
}

// proven remembers which session each of some secrets was found to belong to. It holds no secret, only what a session holds as well: the SHA-256.
// That spares the look-up by hash and nothing else: whether the session still is there, the same, and in force is asked every time. Two secrets
// in one place push each other out. It is safe for concurrent use.
type proven [256]atomic.Pointer[proof]

type proof struct {
	sum     [sha256.Size]byte
	account string // id
	session *pratique.Session
}

// find gives the session of a secret with its directory as it is now, nil when it is not remembered or has changed since.
func (p *proven) find(accounts Accounts, sum *[sha256.Size]byte) (*pratique.Snapshot, *pratique.Session) {
	known := p[sum[0]].Load()
	if known == nil || known.sum != *sum {
		return nil, nil
	}
	snap, ok := accounts.Account(known.account)
	if !ok {
		return nil, nil
	}
	if s, ok := snap.Sessions.ID(known.session.ID); ok && s == known.session { // objects of a snapshot never change in place
		return snap, s
	}
	return nil, nil
}

func (p *proven) keep(sum *[sha256.Size]byte, snap *pratique.Snapshot, s *pratique.Session) {
	if s.Type == pratique.SessionCluster {
		p[sum[0]].Store(&proof{sum: *sum, account: snap.Account.ID, session: s})
	}
}

// Ended says why a principal who came with a session, or with an access key, may no longer act; "" when they may. It is asked at every use
// of what was derived from a session: an identity inside a cluster, an open stream. Without a session there is nothing that could have
// ended, and whether the principal may act at all is for the decision to say.
func (a *Authenticator) Ended(snap *pratique.Snapshot, ref pratique.Ref, session string) (reason string) {
	if session == "" {
		return ""
	}
	if s, ok := snap.Sessions.ID(session); ok {
		if s.Principal != ref {
			return "the session is somebody else's"
		}
		_, reason = valid(snap, s, a.Now())
		return reason
	}
	k, ok := snap.AccessKeys.ID(session)
	switch {
	case !ok:
		return "the session has ended"
	case ref.Kind != pratique.KindUser || k.User != ref.ID:
		return "the access key is somebody else's"
	case k.Disabled:
		return "the access key is disabled"
	}
	_, reason = alive(snap, ref, pratique.Programmatic)
	return reason
}

func refuseCluster(reason string) *Refusal {
	return &Refusal{Reason: reason, outward: &pratique.Error{
		Kind: pratique.ErrDenied, Message: "this is not the credential of a cluster",
		Hint: "run pratique cluster connect to write a new one",
	}}
}
