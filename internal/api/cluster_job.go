package api

import (
	"context"
	"fmt"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/cluster"
	"github.com/pratique-iam/pratique/internal/job"
)

// The change of the directory is what makes a cluster start, stop or go: its keeper carries it out, on whichever server it runs, and again
// after a crash. The job watches how it gets there. When the job ends early, the cluster goes on its way all the same.

// clusterPatience is how long a job watches a cluster. Starts wait for one another, and take a minute each on a small machine.
const clusterPatience = 10 * time.Minute

// watchCluster starts the job of an operation on a cluster that was committed. A job that cannot be recorded undoes nothing: the answer is
// then the same without a job.
func (a *API) watchCluster(ctx context.Context, c Call, cl *pratique.Cluster, operation, verb string, work job.Work) *pratique.Job {
	spec := job.Spec{Operation: operation, Title: verb + " cluster " + cl.Name, Cluster: cl, Timeout: clusterPatience}
	j, err := a.begin(ctx, c, spec, work)
	if err != nil {
		a.Log.WarnContext(ctx, "an operation goes on without a job", "operation", operation, "cluster", cl.ID, "error", err.Error())
		return &pratique.Job{}
	}
	return j
}

// reaches is the work of waiting for a phase of a cluster.
func (a *API) reaches(account string, cl *pratique.Cluster, want cluster.Phase) job.Work {
	return func(ctx context.Context, p *job.Progress) (map[string]string, error) {
		if a.Clusters == nil {
			return nil, without("somebody who looks after clusters")
		}
		for {
			changed := a.Clusters.Changed()
			if err := a.stillWanted(account, cl, want); err != nil {
				return nil, err
			}
			seen := a.Clusters.Status(cl.ID)
			p.Say(ctx, "%s", phaseText(cl, seen))
			if seen.Phase == want {
				result := map[string]string{"cluster": cl.ID, "phase": string(want)}
				if seen.Version != "" {
					result["version"] = seen.Version
				}
				return result, nil
			}
			select {
			case <-ctx.Done():
				return nil, &pratique.Error{
					Kind: pratique.ErrUnavailable, Message: phaseText(cl, seen), Hint: "see how it goes on with: pratique cluster get " + cl.Name,
				}
			case <-changed:
			}
		}
	}
}

// stillWanted tells a job that somebody has asked for the opposite meanwhile.
func (a *API) stillWanted(account string, cl *pratique.Cluster, want cluster.Phase) error {
	s, ok := a.Accounts.Account(account)
	if !ok {
		return nil // a directory that is loading anew
	}
	now, there := s.Clusters.ID(cl.ID)
	message := ""
	switch {
	case !there:
		message = "it was deleted meanwhile"
	case now.Stopped && want == cluster.PhaseRunning:
		message = "it was told to stop meanwhile"
	case !now.Stopped && want == cluster.PhaseStopped:
		message = "it was told to start meanwhile"
	default:
		return nil
	}
	return &pratique.Error{Kind: pratique.ErrConflict, Message: fmt.Sprintf("cluster %s: %s", cl.Name, message)}
}

// goes is the work of waiting until nothing is left of a deleted cluster.
func (a *API) goes(cl *pratique.Cluster) job.Work {
	return func(ctx context.Context, p *job.Progress) (map[string]string, error) {
		p.Say(ctx, "cluster %s is taken out of the directory", cl.Name)
		for a.Clusters != nil {
			changed := a.Clusters.Changed()
			if a.Clusters.Status(cl.ID).Phase == cluster.PhaseUnknown {
				break
			}
			if cl.Provisioner == pratique.ProvisionerLocal {
				p.Say(ctx, "its control plane stops, and its data is removed")
			}
			select {
			case <-ctx.Done():
				return nil, &pratique.Error{Kind: pratique.ErrUnavailable, Message: fmt.Sprintf("cluster %s is deleted, but its control plane has not stopped yet", cl.Name)}
			case <-changed:
			}
		}
		return map[string]string{"cluster": cl.ID}, nil
	}
}

// phaseText is a line of progress.
func phaseText(cl *pratique.Cluster, s cluster.Status) string {
	name := "cluster " + cl.Name
	switch s.Phase {
	case cluster.PhaseUnknown:
		return name + " waits to be looked at"
	case cluster.PhaseStarting:
		return name + " is starting"
	case cluster.PhaseRunning:
		return name + " is running, Kubernetes " + s.Version
	case cluster.PhaseStopping:
		return name + " is stopping"
	case cluster.PhaseStopped:
		return name + " is stopped"
	case cluster.PhaseUnreachable:
		return name + " is unreachable: " + s.Error
	}
	return name + " is " + string(s.Phase)
}
