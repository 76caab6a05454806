package api

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/internal/audit"
	"github.com/pratique-iam/pratique/internal/web"
)

// Trail reads audit records. A generation is never split, so that an answer may be a little longer than the limit. Errors wrap
// pratique.ErrNotFound for an unknown account and pratique.ErrUnavailable when the store does not answer.
type Trail interface {
	// Audit reads newest first, from before a generation; 0 is from the newest on.
	Audit(ctx context.Context, account string, before uint64, limit int) ([]audit.Record, error)
	// AuditFrom reads oldest first, from a generation on.
	AuditFrom(ctx context.Context, account string, from uint64, limit int) ([]audit.Record, error)
}

type auditIn struct {
	Before   uint64 `query:"before" doc:"only records before this sequence number"`
	Limit    int    `query:"limit" doc:"records on a page; 100 unless given, at most 500"`
	Actor    string `query:"actor" doc:"only records of this principal, by name or id"`
	Event    string `query:"event" doc:"only records of this event"`
	Where    string `query:"where" doc:"part of the address it came from, of a resource that was decided on, or of the name of an object, in any case"`
	Decision string `query:"decision" doc:"done or refused; empty: both"`
}

// chunk is how many records are read at once for a filter, and reads how often for one page: a filter that fits nothing must not read a year.
const (
	chunk = 500
	reads = 20
)

// records reads the trail, newest first. With a filter, a page may hold fewer than it could, and still have a next one.
func (a *API) records(ctx context.Context, c Call, in auditIn) (apiv1.Audit, error) {
	_, limit, err := pageIn{Limit: in.Limit}.bounds()
	if err != nil {
		return apiv1.Audit{}, err
	}
	if in.Decision != "" && in.Decision != "done" && in.Decision != "refused" {
		return apiv1.Audit{}, web.Invalid("decision is %q and must be done or refused", in.Decision)
	}
	out := apiv1.Audit{Records: []audit.Record{}}
	before, size := in.Before, chunk
	if in.Actor+in.Event+in.Where+in.Decision == "" {
		size = limit + 1
	}
	for range reads {
		part, err := a.Trail.Audit(ctx, c.Who.Account, before, size)
		if err != nil {
			return apiv1.Audit{}, err
		}
		for _, r := range part {
			// A page ends between generations: Next names one, and records of one generation stand together.
			if len(out.Records) >= limit && r.Seq != before {
				out.Next = strconv.FormatUint(before, 10)
				return out, nil
			}
			before = r.Seq
			if in.fits(&r) {
				out.Records = append(out.Records, r)
			}
		}
		if len(part) < size {
			return out, nil
		}
	}
	out.Next = strconv.FormatUint(before, 10)
	return out, nil
}

func (in *auditIn) fits(r *audit.Record) bool {
	return (in.Actor == "" || in.Actor == r.Actor.ID || pratique.Fold(in.Actor) == pratique.Fold(r.Actor.Name)) &&
		(in.Event == "" || in.Event == string(r.Event)) &&
		(in.Decision == "" || (in.Decision == "refused") == r.Event.Refused()) &&
		(in.Where == "" || in.at(r))
}

// at reports whether a record has to do with the place that is asked for.
func (in *auditIn) at(r *audit.Record) bool {
	part := pratique.Fold(in.Where)
	has := func(text string) bool { return strings.Contains(pratique.Fold(text), part) }
	return has(r.Source) ||
		slices.ContainsFunc(r.Checks, func(k audit.Check) bool { return has(k.Resource) }) ||
		slices.ContainsFunc(r.Steps, func(s pratique.Step) bool { return has(s.Name) || has(s.ID) })
}

// verify walks the whole chain of the account. It ends where the account says that the chain ended when the request began; what is
// recorded meanwhile is left for the next time.
func (a *API) verify(ctx context.Context, c Call, _ none) (apiv1.Verification, error) {
	out := apiv1.Verification{}
	var chain audit.Verifier
	head := c.Snapshot.AuditHead
	for from, ended := uint64(0), false; !ended; {
		part, err := a.Trail.AuditFrom(ctx, c.Who.Account, from, chunk)
		if err != nil {
			return apiv1.Verification{}, err
		}
		for i := range part {
			if broken := chain.Next(&part[i]); broken != nil {
				out.Problem = broken.Error()
				return out, nil //nolint:nilerr // a broken chain is the answer, not a failure to answer
			}
			if out.Records == 0 {
				out.First = part[i].Seq
			}
			out.Records++
			out.Last = part[i].Seq
			if part[i].Hash == head {
				out.Intact = true
				return out, nil
			}
		}
		ended = len(part) == 0
		from = out.Last + 1
	}
	if err := chain.End(head); err != nil {
		out.Problem = err.Error()
	}
	return out, nil
}
