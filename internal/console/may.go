package console

import (
	"context"

	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// ask is an operation that a button of a page would do.
type ask = client.Evaluation

// may decides on all buttons of a page in one request. The permits stand in the order of the questions; one that could not be answered is
// a no with the reason.
func (v *visit) may(ctx context.Context, asks ...ask) ([]ui.Permit, error) {
	for i := range asks {
		if asks[i].Subject.ID == "" {
			asks[i].Subject.Type, asks[i].Subject.ID = v.me.Type, v.me.ID
		}
	}
	verdicts, err := v.api.Evaluate(ctx, asks)
	if err != nil {
		return nil, err
	}
	out := make([]ui.Permit, len(asks))
	for i, verdict := range verdicts {
		out[i] = ui.Permit{Allowed: verdict.Allowed, Why: verdict.Reason}
	}
	return out, nil
}

// on is a question about an operation on something by name. Properties are those of an AuthZEN resource: project, clusterType, cluster…
func on(operation, name string, properties ...string) ask {
	a := ask{Action: operation, ResourceType: "object", ResourceID: name, Properties: map[string]any{}}
	for i := 0; i+1 < len(properties); i += 2 {
		if properties[i+1] != "" {
			a.Properties[properties[i]] = properties[i+1]
		}
	}
	if a.ResourceID == "" {
		a.ResourceID = "-"
	}
	return a
}
