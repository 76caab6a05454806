package webhook

import (
	"context"
	"log/slog"
	"sync"
)

// record writes a denial into the log: a closed list, of which nothing is a secret. What is not so goes without saying.
//
// It goes to the handler itself, past slog.Logger: that would look up the line of code, which is always this one. The attributes are a group
// without a name, which means the same as without the group; as they are, those beyond five would be copied.
func (w *Webhook) record(ctx context.Context, v *visit, reason, id string) {
	to := w.Log.Handler()
	if !to.Enabled(ctx, slog.LevelInfo) {
		return
	}
	list := make([]slog.Attr, 0, 10)
	list = append(list, slog.String("decision", id), slog.String("cluster", v.cluster.ID))
	if v.cluster.Shadow {
		list = append(list, slog.Bool("shadow", true))
	}
	list = append(list, slog.String("principal", v.query.Principal.ID), slog.String("action", clip(v.query.Action, 256)),
		slog.String("resource", clip(v.query.Resource, 512)), slog.String("verb", clip(v.review.Verb, 64)), slog.String("reason", reason))
	if v.fresh.Stale || !v.fresh.Usable {
		list = append(list, slog.Bool("stale", true), slog.Duration("policy_age", v.fresh.Age))
	}
	r := slog.NewRecord(v.query.Time, slog.LevelInfo, "kubernetes request denied", 0)
	r.AddAttrs(slog.Attr{Value: slog.GroupValue(list...)})
	_ = to.Handle(ctx, r) // as slog.Logger does: a log that cannot be written must not stop an answer
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
