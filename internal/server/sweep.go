package server

import (
	"context"
	"runtime/debug"
	"slices"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/directory"
)

const sweepEvery = 10 * time.Minute

// sweep removes sessions that have run out, and archives of charts that are gone. It is tidiness, not safety: every use of a session looks at its expiry.
func (s *Server) sweep(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			for _, account := range s.directory.Accounts() {
				if err := s.sweepAccount(ctx, account); err != nil {
					s.config.Log.WarnContext(ctx, "sessions that have ended were not removed", "account", account.Account.Name, "error", err.Error())
				}
				if err := s.sweepBlobs(ctx, account); err != nil {
					s.config.Log.WarnContext(ctx, "archives that no chart names were not removed", "account", account.Account.Name, "error", err.Error())
				}
			}
		}
	}
}

// sweepAccount removes up to a transaction's worth; the rest waits for the next turn.
func (s *Server) sweepAccount(ctx context.Context, account *pratique.Snapshot) error {
	const batch = 100
	var ended []string
	for session := range account.Sessions.All() {
		if !session.Expires.After(s.config.Now()) && len(ended) < batch {
			ended = append(ended, session.ID)
		}
	}
	if len(ended) == 0 {
		return nil
	}
	_, err := s.gate.Apply(ctx, access.Intent{
		Who: operator(account.Account.ID), Event: audit.SessionsExpired, Changes: []pratique.Change{pratique.EndExpired{IDs: ended}},
	})
	return err
}

// forgottenAfter is how old an archive must be before it goes because no chart names it: that of an upload is written before its chart.
const forgottenAfter = time.Hour

// sweepBlobs removes archives of charts that are gone. A directory that may be behind the store does not know which those are.
func (s *Server) sweepBlobs(ctx context.Context, account *pratique.Snapshot) error {
	if _, state := s.directory.Freshness(); state != directory.Fresh {
		return nil
	}
	used := map[string]bool{}
	for c := range account.Charts.All() {
		used[c.Digest] = true
	}
	_, err := s.directory.DropBlobs(ctx, account.Account.ID, used, s.config.Now().Add(-forgottenAfter))
	return err
}

// addRegions gives accounts the default projects of regions that the server has gained.
func (s *Server) addRegions(ctx context.Context) error {
	for _, account := range s.directory.Accounts() {
		missing := slices.ContainsFunc(s.config.Regions, func(r string) bool {
			_, ok := account.Projects.Name(r)
			return !ok
		})
		if !missing {
			continue
		}
		_, err := s.gate.Apply(ctx, access.Intent{
			Who: operator(account.Account.ID), Event: audit.Changed, Detail: "regions of the server", Changes: []pratique.Change{pratique.AddRegions{}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Version is that of the module, or of the commit it was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "development"
	}
	return info.Main.Version
}
