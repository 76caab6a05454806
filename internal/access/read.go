package access

import (
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/audit"
)

// May decides on an operation that only reads. It returns a DeniedError when it may not be done.
func (g *Gate) May(s *pratique.Snapshot, who pratique.Principal, need pratique.Need, source string) error {
	if who.IsZero() {
		return &pratique.Error{Kind: pratique.ErrDenied, Message: "nobody is signed in", Hint: "run: pratique login"}
	}
	_, err := g.check(s, &Intent{Who: who, Source: source}, []pratique.Need{need})
	return err
}

// PrincipalRef is the principal as the directory names it.
func PrincipalRef(p pratique.Principal) pratique.Ref { return pratique.Ref{Kind: kindOf(p), ID: p.ID} }

// NewRecord fills in what every record has.
func NewRecord(event audit.Event, who pratique.Principal, now time.Time) audit.Record {
	return audit.Record{Account: who.Account, Time: now.UTC(), Event: event, Actor: audit.ActorOf(who)}
}
