package proxy

import (
	"context"
	"fmt"
	"strings"

	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/kube"
)

// The events of the door.
const (
	eventExec       = audit.Event("kubernetes.exec")        // a way into a pod, a service or a node was opened
	eventSecretRead = audit.Event("kubernetes.secret-read") // Secrets were asked for
	eventTokenMade  = audit.Event("kubernetes.token-mint")  // a token of a service account was asked for
)

// recorded is the event of a request that may not go on unrecorded, "" for others. Secrets count with every verb whose answer shows what is in
// them: a patch that changes nothing reads a Secret as well as get does.
func (v *visit) recorded() audit.Event {
	r := &v.review
	switch {
	case !r.IsResource:
		return ""
	case v.upgrade != "", r.Verb == "proxy", r.Subresource == "exec", r.Subresource == "attach", r.Subresource == "portforward", r.Subresource == "proxy":
		return eventExec
	case r.Group == "" && r.Resource == "secrets" && r.Verb != "create":
		return eventSecretRead
	case r.Group == "" && r.Resource == "serviceaccounts" && r.Subresource == "token":
		return eventTokenMade
	default:
		return ""
	}
}

// record keeps a record before the request goes on. What cannot be recorded does not happen.
func (p *Proxy) record(ctx context.Context, v *visit) error {
	event := v.recorded()
	if event == "" {
		return nil
	}
	record := access.NewRecord(event, v.who, p.Now())
	record.Source, record.Request = v.source, v.id
	record.Detail = fmt.Sprintf("%s %s in cluster %s", clip(v.query.Action, 128), v.object(), v.cluster.Name)
	if program := v.program(); program != "" {
		record.Detail += ": " + program
	}
	record.Detail = printable(record.Detail)
	reason := or(v.verdict.Reason, v.decision.Reason())
	if v.verdict.Outcome == kube.NoOpinion {
		reason += "; Kubernetes RBAC decides"
	}
	record.Checks = []audit.Check{{
		Operation: clip(v.query.Action, 128), Action: clip(v.query.Action, 128), Resource: clip(v.query.Resource, 512), Allowed: true,
		Reason: clip(reason, 512),
	}}
	if err := p.Trail.Record(ctx, record); err != nil {
		p.Log.ErrorContext(ctx, "audit record not kept; the request is refused", "request", v.id, "error", err.Error())
		return unavailable("this cannot be recorded at the moment, and is not done without a record")
	}
	return nil
}

// program names what is run in a container, and where. Its arguments stay out of the record: people write passwords there.
func (v *visit) program() string {
	if v.review.Subresource != "exec" {
		return ""
	}
	q := v.target.Query()
	program, _, _ := strings.Cut(clip(q.Get("command"), 128), " ")
	if c := q.Get("container"); c != "" {
		program += " in container " + clip(c, 64)
	}
	return program
}
