package server

import (
	"context"
	"runtime/debug"
	"slices"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
)

const sweepEvery = 10 * time.Minute

// sweep removes sessions that have run out. It is tidiness, not safety: every use of a session looks at its expiry.
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
