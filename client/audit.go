package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/pratique-iam/pratique/apiv1"
)

// AuditOptions narrow the audit records.
type AuditOptions struct {
	Before   string // Audit.Next of the page before
	Limit    int    // 0: the server's default
	Actor    string // name or id
	Event    string
	Where    string // part of the address it came from, or of what it was about
	Decision string // done or refused
}

// Audit gives one page of records, newest first.
func (c *Client) Audit(ctx context.Context, o AuditOptions) (apiv1.Audit, error) {
	q := url.Values{}
	if o.Limit > 0 {
		q.Set("limit", strconv.Itoa(o.Limit))
	}
	for key, value := range map[string]string{"before": o.Before, "actor": o.Actor, "event": o.Event, "where": o.Where, "decision": o.Decision} {
		if value != "" {
			q.Set(key, value)
		}
	}
	var out apiv1.Audit
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "audit"}, query: q, answer: &out})
	return out, err
}

// VerifyAudit has the server check the chain of audit records.
func (c *Client) VerifyAudit(ctx context.Context) (apiv1.Verification, error) {
	var out apiv1.Verification
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "audit", "verify"}, answer: &out})
	return out, err
}
