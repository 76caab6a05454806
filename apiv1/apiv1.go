// Package apiv1 holds the bodies of the native API: what internal/api serves, client sends, and /openapi.json describes.
// Objects of the directory travel as pratique.Manifest.
package apiv1

import (
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/policy"
)

// Problem is an error body (RFC 9457, application/problem+json).
type Problem struct {
	Type     string `json:"type"`  // "https://pratique.dev/problems/denied"; the last segment is stable
	Title    string `json:"title"` // the same for every problem of the type
	Status   int    `json:"status"`
	Detail   string `json:"detail,omitempty"` // what is wrong this time
	Hint     string `json:"hint,omitempty"`   // what to do next
	Instance string `json:"instance,omitempty"`
	Decision string `json:"decision,omitempty"` // id of the decision that denied; pratique why ID
	Report   string `json:"report,omitempty"`   // id of the report of the precheck that failed; pratique addon authorize ID
	Ticket   string `json:"ticket,omitempty"`   // of a sign-in that needs a second factor: pass it on with the code, instead of the password
}

// Login opens a session. Give Password, or Secret (the one-time bootstrap secret of root). Whoever has a second factor gives Code as well,
// with the password or with the Ticket of the problem that asked for it.
type Login struct {
	Account  string `json:"account,omitempty"` // name; empty: the only one, or "default"
	User     string `json:"user"`
	Password string `json:"password,omitempty"`
	Secret   string `json:"secret,omitempty"`
	Ticket   string `json:"ticket,omitempty"` // stands for account, user and password, for five minutes
	Code     string `json:"code,omitempty"`   // six digits, or a recovery code
	Label    string `json:"label,omitempty"`
}

// Token is a bearer secret. It is shown once.
type Token struct {
	ID           string    `json:"id"`
	Token        string    `json:"token"`
	Expires      time.Time `json:"expires"`
	Account      string    `json:"account"`
	Principal    string    `json:"principal"`
	NeedPassword bool      `json:"needPassword,omitzero"` // root signed in with the bootstrap secret and has no password yet
}

// NewToken asks for an API token of the caller.
type NewToken struct {
	Label   string            `json:"label"`
	Expires pratique.Duration `json:"expires,omitzero"` // from now; zero: 90 days; never beyond 365 days
}

// NewPassword sets a password. User is empty for one's own; Old is needed for one's own unless there is none.
type NewPassword struct {
	User string `json:"user,omitempty"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new"`
}

// SessionInfo is a session or token as its owner sees it.
type SessionInfo struct {
	ID        string               `json:"id"`
	Type      pratique.SessionType `json:"type"`
	Principal string               `json:"principal"`
	Label     string               `json:"label,omitempty"`
	Source    string               `json:"source,omitempty"`
	Created   time.Time            `json:"created"`
	Expires   time.Time            `json:"expires"`
	Current   bool                 `json:"current,omitzero"`
}

// AccessKey is a programmatic credential. Secret is set in the answer that creates it, and never again.
type AccessKey struct {
	ID       string    `json:"id"`
	User     string    `json:"user"`
	Disabled bool      `json:"disabled,omitzero"`
	Created  time.Time `json:"created"`
	Secret   string    `json:"secret,omitempty"`
}

// NewAccessKey asks for a key. User is empty for one's own.
type NewAccessKey struct {
	User string `json:"user,omitempty"`
}

// AccessKeyState changes a key.
type AccessKeyState struct {
	Disabled bool `json:"disabled"`
}

// Change is one entry of a list: exactly one member is set.
type Change struct {
	Put    *pratique.Manifest `json:"put,omitempty"`
	Delete *pratique.Delete   `json:"delete,omitempty"`
}

// Changes is an atomic list.
type Changes struct {
	Changes []Change `json:"changes"`
	Reason  string   `json:"reason,omitempty"` // for the audit record
}

// ChangeResult says what was done, or would be in a dry run.
type ChangeResult struct {
	Revision uint64          `json:"revision"` // of the account, with the changes in it
	DryRun   bool            `json:"dryRun,omitzero"`
	Steps    []pratique.Step `json:"steps"`
	Warnings []string        `json:"warnings,omitempty"`
}

// List is a page. Next is empty on the last one.
type List[T any] struct {
	Items    []T    `json:"items"`
	Next     string `json:"next,omitempty"` // pass as ?page=
	Revision uint64 `json:"revision"`
}

// Me is who the caller is and what they hold.
type Me struct {
	Account   string           `json:"account"`
	Type      string           `json:"type"`
	ID        string           `json:"id"`
	Name      string           `json:"name"`
	Groups    []string         `json:"groups,omitempty"`
	Grants    []EffectiveGrant `json:"grants,omitempty"`
	Expires   time.Time        `json:"expires,omitzero"` // of the session
	Revision  uint64           `json:"revision"`
	Clusters  []string         `json:"clusters,omitempty"`
	Unlimited bool             `json:"unlimited,omitzero"` // root
}

// Holdings is what reaches a user: by which grant, and through which group.
type Holdings struct {
	Groups    []string         `json:"groups,omitempty"`
	Grants    []EffectiveGrant `json:"grants,omitempty"`
	Unlimited bool             `json:"unlimited,omitzero"` // root
	Revision  uint64           `json:"revision"`
}

// EffectiveGrant is a grant and how it reaches a principal.
type EffectiveGrant struct {
	Grant   string   `json:"grant"`
	Policy  string   `json:"policy"`
	Scope   string   `json:"scope"`
	Via     string   `json:"via"`               // "group viewers", "directly"
	Missing []string `json:"missing,omitempty"` // roles without which it does not work
	Void    string   `json:"void,omitempty"`    // why it does nothing in its scope, and which scope helps
}

// Question asks for a decision, an explanation or a reverse search. Subject is empty for oneself.
type Question struct {
	Subject           Subject             `json:"subject,omitzero"`
	Action            string              `json:"action"`             // "cce:cluster:create", "cs:DeleteCluster", or an operation id: "cluster.create"
	Resource          string              `json:"resource,omitempty"` // full name in the dialect of the action
	Project           string              `json:"project,omitempty"`
	EnterpriseProject string              `json:"enterpriseProject,omitempty"`
	ClusterType       string              `json:"clusterType,omitempty"`
	Context           map[string][]string `json:"context,omitempty"` // condition keys
	AtLeast           uint64              `json:"atLeast,omitzero"`  // wait for this revision
}

// Subject is a principal: type user, role or root; id is a name or an id.
type Subject struct {
	Type string `json:"type,omitempty"`
	ID   string `json:"id,omitempty"`
}

// Answer is a decision with its reasons. The zero value is a no.
type Answer struct {
	Decision    string       `json:"decision"` // id, for pratique why
	Allowed     bool         `json:"allowed"`
	Effect      string       `json:"effect"` // Allow, Deny, or Undecided: nothing allowed it
	Reason      string       `json:"reason"` // a sentence
	Subject     string       `json:"subject"`
	Action      string       `json:"action"`
	Resource    string       `json:"resource,omitempty"`
	Revision    uint64       `json:"revision"`
	Age         float64      `json:"ageSeconds,omitzero"` // of the directory that was decided on, when it is not fresh
	Explanation *Explanation `json:"explanation,omitempty"`
	RBAC        *RBAC        `json:"rbac,omitempty"`     // of a request inside a cluster: what stands behind the gate, now
	Smallest    []string     `json:"smallest,omitempty"` // of a request inside a cluster: the smallest changes that would allow it
}

// Explanation is the whole walk. An operation that has a name in both languages has a walk in each.
type Explanation struct {
	Walks        []Walk        `json:"walks"`
	Requirements []Requirement `json:"requirements,omitempty"` // the service's own checks
	Hints        []string      `json:"hints,omitempty"`        // what would have been needed, smallest first
}

// Walk is the chain of one dialect.
type Walk struct {
	Dialect  string             `json:"dialect"`
	Action   string             `json:"action"`
	Resource string             `json:"resource,omitempty"`
	Trace    policy.Explanation `json:"trace"`
}

// Requirement is a check of the service beyond policies.
type Requirement struct {
	Reason string `json:"reason"`
	Holds  bool   `json:"holds"`
}

// Audit is a page of records, newest first.
type Audit struct {
	Records []audit.Record `json:"records"`
	Next    string         `json:"next,omitempty"`
}

// Verification is what checking the audit chain found.
type Verification struct {
	Records int    `json:"records"`
	First   uint64 `json:"first"`
	Last    uint64 `json:"last"`
	Intact  bool   `json:"intact"`
	Problem string `json:"problem,omitempty"`
}

// AccountInfo is an account as the operator of the server sees it.
type AccountInfo struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Created  time.Time `json:"created"`
	Revision uint64    `json:"revision"`
	Users    int       `json:"users"`
}

// NewAccount founds an account. The answer carries the bootstrap secret.
type NewAccount struct {
	Name string `json:"name"`
}

// Bootstrap is a one-time secret of an account's root.
type Bootstrap struct {
	Account string    `json:"account"`
	Secret  string    `json:"secret"`
	Expires time.Time `json:"expires"`
}
