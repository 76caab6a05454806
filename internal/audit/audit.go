// Package audit defines what is recorded, and the chain that makes a record's absence visible. It is pure: records are kept by
// internal/directory, in the same transaction as the change that they tell of.
//
// Every record carries the hash of the one before it in its account, so that a record cannot be changed or taken out without breaking
// the chain from there on; the newest hash is kept beside the account's generation.
package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

// Event is what a record tells of. The list is closed: a new event is a new constant.
type Event string

// The events.
const (
	AccountCreated   Event = "account.created"
	Changed          Event = "directory.changed"
	ChangeDenied     Event = "directory.change-denied"
	SignedIn         Event = "session.opened"
	SignInFailed     Event = "session.refused"
	SignedOut        Event = "session.ended"
	TokenMade        Event = "token.created"
	PasswordSet      Event = "password.set"
	KeyChanged       Event = "access-key.changed"
	FactorChanged    Event = "second-factor.changed"
	BootstrapOffered Event = "bootstrap.offered"
	SessionsExpired  Event = "session.expired"
	ClusterChanged   Event = "cluster.changed"
	ClusterConnected Event = "cluster.connected"    // a credential for its kube-apiserver was made
	TokenIssued      Event = "cluster.token-issued" // a short-lived token for one cluster
	JobStarted       Event = "job.started"
	JobEnded         Event = "job.ended"
	JobChanged       Event = "job.changed"      // somebody cancelled it, or dropped its record
	AddonChecked     Event = "addon.checked"    // a precheck; its reports are the steps
	AddonAuthorized  Event = "addon.authorized" // what a report lacked was granted
	AddonChanged     Event = "addon.changed"    // installed, upgraded, redeployed or uninstalled, and how that went
	RoleAssumed      Event = "role.assumed"
	RoleRefused      Event = "role.refused" // a trust policy, or a token that was to be exchanged
)

// Record is one entry. Seq is the generation of the account that the record belongs to; secrets never stand in it.
type Record struct {
	Account  string          `json:"account"`
	Seq      uint64          `json:"seq"`
	Time     time.Time       `json:"time"`
	Event    Event           `json:"event"`
	Actor    Actor           `json:"actor"`
	Source   string          `json:"source,omitempty"`  // network address of the client
	Request  string          `json:"request,omitempty"` // id of the HTTP request
	Reason   string          `json:"reason,omitempty"`  // what the actor said about it
	Detail   string          `json:"detail,omitempty"`  // a sentence
	Checks   []Check         `json:"checks,omitempty"`
	Steps    []pratique.Step `json:"steps,omitempty"`
	Missed   int             `json:"missed,omitzero"` // records of this event that were not written because they came too fast
	Previous string          `json:"previous"`
	Hash     string          `json:"hash"`
}

// Actor is who did it, by id and by the name of the time.
type Actor struct {
	Type    pratique.PrincipalType `json:"type"`
	ID      string                 `json:"id"`
	Name    string                 `json:"name"`
	Session string                 `json:"session,omitempty"`
}

// Check is one operation that was decided on the way.
type Check struct {
	Operation string `json:"operation"`
	Action    string `json:"action"`
	Resource  string `json:"resource,omitempty"`
	Allowed   bool   `json:"allowed"`
	Reason    string `json:"reason"`
}

// ActorOf names a principal in a record.
func ActorOf(p pratique.Principal) Actor {
	return Actor{Type: p.Type, ID: p.ID, Name: p.Name, Session: p.Session}
}

// Link puts the record at the end of the chain: it sets Seq, Previous and Hash.
func (r *Record) Link(seq uint64, previous string) error {
	r.Seq, r.Previous, r.Hash = seq, previous, ""
	h, err := r.digest()
	r.Hash = h
	return err
}

func (r *Record) digest() (string, error) {
	unsealed := *r
	unsealed.Hash = ""
	data, err := strictjson.Marshal(unsealed)
	if err != nil {
		return "", fmt.Errorf("hash audit record %d: %w", r.Seq, err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// Verifier checks a chain record by record, oldest first. The zero value starts at the founding of an account.
type Verifier struct {
	last string
	seq  uint64
	any  bool
}

// Next checks that the record follows the one before it. After trimming, the first record that is left starts the chain.
func (v *Verifier) Next(r *Record) error {
	if v.any && (r.Previous != v.last || r.Seq < v.seq) {
		return fmt.Errorf("audit record %d does not follow record %d: a record between them was changed or removed", r.Seq, v.seq)
	}
	h, err := r.digest()
	if err != nil {
		return err
	}
	if h != r.Hash {
		return fmt.Errorf("audit record %d was changed after it was written", r.Seq)
	}
	v.any, v.last, v.seq = true, r.Hash, r.Seq
	return nil
}

// End checks that the chain ends where the account says it does.
func (v *Verifier) End(head string) error {
	if v.last != head {
		return fmt.Errorf("the newest audit records are missing: the chain ends at record %d, the account says otherwise", v.seq)
	}
	return nil
}
