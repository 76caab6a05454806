package client

import (
	"context"
	"net/http"

	"github.com/pratique-iam/pratique/apiv1"
)

// Evaluation is a question of a batch (AuthZEN Access Evaluations). The subject is one's own, or another for whoever may simulate.
type Evaluation struct {
	Subject      apiv1.Subject
	Action       string         // an operation's id, or an action of a policy language
	ResourceType string         // fills the variable of that name, if it is one
	ResourceID   string         // the name of the thing
	Properties   map[string]any // as docs/authzen.md says: project, clusterType, cluster, tags…
}

// Verdict answers an Evaluation. The zero value is a no.
type Verdict struct {
	Allowed bool
	Reason  string
}

type evaluation struct {
	Subject  entity `json:"subject"`
	Action   entity `json:"action"`
	Resource entity `json:"resource"`
}

type entity struct {
	Type       string         `json:"type,omitempty"`
	ID         string         `json:"id,omitempty"`
	Name       string         `json:"name,omitempty"`
	Properties map[string]any `json:"properties,omitempty"`
}

// Evaluate answers up to a thousand questions at once, in their order. A question that cannot be answered is a no with the reason.
func (c *Client) Evaluate(ctx context.Context, asked []Evaluation) ([]Verdict, error) {
	if len(asked) == 0 {
		return nil, nil
	}
	var body struct {
		Evaluations []evaluation `json:"evaluations"`
	}
	for _, e := range asked {
		body.Evaluations = append(body.Evaluations, evaluation{
			Subject:  entity{Type: e.Subject.Type, ID: e.Subject.ID},
			Action:   entity{Name: e.Action},
			Resource: entity{Type: e.ResourceType, ID: e.ResourceID, Properties: e.Properties},
		})
	}
	var answer struct {
		Evaluations []struct {
			Decision bool `json:"decision"`
			Context  struct {
				Reason string `json:"reason"`
				Error  *struct {
					Message string `json:"message"`
				} `json:"error"`
			} `json:"context"`
		} `json:"evaluations"`
	}
	k := call{method: http.MethodPost, path: []string{"access", "v1", "evaluations"}, body: body, answer: &answer, safe: true}
	if err := c.do(ctx, k); err != nil {
		return nil, err
	}
	out := make([]Verdict, len(asked))
	for i, e := range answer.Evaluations[:min(len(out), len(answer.Evaluations))] {
		out[i] = Verdict{Allowed: e.Decision, Reason: e.Context.Reason}
		if e.Context.Error != nil {
			out[i].Reason = e.Context.Error.Message
		}
	}
	return out, nil
}
