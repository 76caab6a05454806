package webhook

import (
	"context"
	"log/slog"
	"sync"
)

// attrs are what the log tells of a denial: a closed list, of which nothing is a secret.
func (v *visit) attrs(reason, id string) []slog.Attr {
	r := &v.review
	return []slog.Attr{
		slog.String("decision", id), slog.String("cluster", v.cluster.ID), slog.Bool("shadow", v.cluster.Shadow),
		slog.String("principal", v.query.Principal.ID), slog.String("action", clip(v.query.Action, 256)),
		slog.String("resource", clip(v.query.Resource, 512)), slog.String("verb", clip(r.Verb, 64)), slog.String("reason", reason),
		slog.Bool("stale", v.fresh.Stale || !v.fresh.Usable), slog.Duration("policy_age", v.fresh.Age),
	}
}

// strange remembers which members of reviews were not known, so that each is told once.
type strange struct {
	mu   sync.Mutex
	seen map[string]bool
}

// maxStrange bounds the memory; after that nothing is told.
const maxStrange = 256

// tell warns about members that this version does not know. A selector in them would only have narrowed the question, so that the answer
// errs on the safe side.
func (s *strange) tell(ctx context.Context, to *slog.Logger, cluster string, members []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	for _, m := range members {
		key := cluster + " " + m
		if s.seen[key] || len(s.seen) >= maxStrange {
			continue
		}
		s.seen[key] = true
		to.WarnContext(ctx, "the kube-apiserver says more than is understood", "cluster", cluster, "member", m)
	}
}
