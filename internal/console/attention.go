package console

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/console/ui"
)

// attention is something that somebody should look at, with the ways to where it is mended.
type attention struct {
	Badge ui.Badge
	Text  string
	Links []ui.Link
}

// look is an attention with one way.
func look(badge, tone, text, title, to string) *attention {
	return &attention{ui.Badge{Text: badge, Tone: tone}, text, []ui.Link{{Title: title, Href: to}}}
}

// attend puts something on the list; nil is nothing.
func (p *overviewPage) attend(a *attention) {
	if a != nil {
		p.Attention = append(p.Attention, *a)
	}
}

// attendReports names add-ons whose newest report failed.
func (c *Console) attendReports(ctx context.Context, v *visit, p *overviewPage) error {
	list, err := v.api.Reports(ctx, client.ReportOptions{})
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for i := range list {
		r := &list[i]
		key := r.ClusterID + "/" + r.Cluster + "/" + r.Addon
		if !seen[key] && !r.Passed && r.Expires.After(c.Now()) {
			p.attend(look("precheck", "bad", r.Check+" failed for "+r.Cluster, "View report", at("reports", r.ID)))
		}
		seen[key] = true
	}
	return nil
}

func (c *Console) attendJobs(ctx context.Context, v *visit, p *overviewPage) error {
	const most = 20
	list, err := v.api.Jobs(ctx, client.JobOptions{State: "failed", Limit: most})
	if err != nil {
		return err
	}
	for i := range list[:min(len(list), most)] {
		if j := &list[i]; c.Now().Sub(j.Finished) < 24*time.Hour {
			p.attend(look("job failed", "bad", j.Title, "Why", at("jobs", j.ID)))
		}
	}
	return nil
}

// attendRBAC names running clusters in which namespace permissions are not what the directory says. Of clusters that do not run, the list of
// clusters tells.
func (c *Console) attendRBAC(ctx context.Context, v *visit, p *overviewPage) error {
	states, err := v.api.RBACStates(ctx)
	if err != nil {
		return err
	}
	for i := range states {
		if st := &states[i]; p.running[st.Cluster] {
			if text := driftText(st); text != "" {
				p.attend(look("permissions", "warn", "Cluster "+st.Cluster+": "+text, "Look", at("clusters", st.Cluster, "permissions")))
			}
		}
	}
	return nil
}

// driftText says what is not in force in a cluster; nothing when everything is, or will be in a moment.
func driftText(st *apiv1.RBACState) string {
	var parts []string
	if st.Error != "" {
		parts = append(parts, "namespace permissions are not in force since "+ui.When(st.Failing)+": "+short(st.Error))
	}
	if st.Conflicts > 0 {
		parts = append(parts, count(st.Conflicts)+" of "+count(st.Bindings)+" bindings cannot be made, because somebody else's objects have their names")
	}
	if st.Waiting > 0 {
		parts = append(parts, count(st.Waiting)+" of "+count(st.Bindings)+" bindings wait for a namespace or ClusterRole that is not there")
	}
	return strings.Join(parts, "; ")
}

// refusals speaks up when much more was refused within the last hour than an hour of the day before saw. The records reach back as far as
// they do; where that is not beyond the hour, there is nothing to compare with.
func refusals(list apiv1.Audit, now time.Time) *attention {
	const enough, times, hours = 20, 3, 24
	recent, before := 0, 0
	span := hours * time.Hour
	for i := range list.Records {
		r := &list.Records[i]
		age := now.Sub(r.Time)
		if list.Next != "" && age < (hours+1)*time.Hour {
			span = age - time.Hour // the records end here, and the day does not
		}
		switch {
		case !r.Event.Refused():
		case age < time.Hour:
			recent += 1 + r.Missed
		case age < (hours+1)*time.Hour:
			before += 1 + r.Missed
		}
	}
	text := fmt.Sprintf("%d requests were refused within the last hour", recent)
	if span >= time.Hour {
		usual := float64(before) / span.Hours()
		if float64(recent) <= times*usual {
			return nil
		}
		text += fmt.Sprintf("; before, it was %.1f an hour", usual)
	}
	if recent < enough {
		return nil
	}
	return look("refusals", "warn", text, "See who", href([]string{"audit"}, "decision", "refused"))
}

// oldKey is the number of days after which an access key should have been exchanged. Keys do not expire by themselves.
const oldKey = 90

// attendKeys names whose access keys are old.
func (c *Console) attendKeys(ctx context.Context, v *visit, p *overviewPage) error {
	list, err := v.api.OldAccessKeys(ctx, oldKey, "")
	if err != nil || len(list.Items) == 0 {
		return err
	}
	number := count(len(list.Items))
	if list.Next != "" {
		number = "more than " + number
	}
	var users []string
	for _, k := range list.Items {
		users = append(users, k.User)
	}
	slices.Sort(users)
	p.attend(&attention{
		ui.Badge{Text: "keys", Tone: "warn"},
		"Access keys that are in use for more than " + count(oldKey) + " days and should be exchanged, " + number + ":", userLinks(slices.Compact(users)),
	})
	return nil
}

// attendFactors names administrators whom only a password protects.
func (c *Console) attendFactors(ctx context.Context, v *visit, p *overviewPage) error {
	list, err := v.api.MFAs(ctx, true, "")
	if err != nil {
		return err
	}
	var others []string
	var links []ui.Link
	for _, m := range list.Items {
		switch {
		case m.Confirmed:
		case m.User == v.me.Name:
			links = append(links, ui.Link{Title: "set up yours", Href: at("mfa")})
		case m.User == pratique.RootID:
			links = append(links, ui.Link{Title: "root", Href: href([]string{"audit"}, "actor", pratique.RootID)})
		default:
			others = append(others, m.User)
		}
	}
	if links = append(links, userLinks(others)...); len(links) > 0 {
		p.attend(&attention{ui.Badge{Text: "sign-in", Tone: "warn"}, "Administrators whom only a password protects:", links})
	}
	return nil
}

// userLinks leads to the pages of some users, and to all when they are many.
func userLinks(names []string) []ui.Link {
	const shown = 5
	var out []ui.Link
	for _, n := range names[:min(len(names), shown)] {
		out = append(out, ui.Link{Title: n, Href: at("users", n)})
	}
	if more := len(names) - shown; more > 0 {
		out = append(out, ui.Link{Title: "and " + count(more) + " more", Href: at("users")})
	}
	return out
}
