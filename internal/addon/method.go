package addon

import (
	"fmt"

	"github.com/pratique-iam/pratique"
)

// Method is how an add-on gets its permissions in the cluster (catalog.ClusterType.Existing and New); empty where there is no way: those of an ACS
// cluster are authorized when it is created, those of a dedicated cluster once it is there.
func (p *Precheck) Method() string {
	t, ok := p.Decider.Rules.Catalog.ClusterType(p.Cluster.Type)
	switch {
	case !ok:
		return ""
	case p.Cluster.ID == "":
		return t.New
	default:
		return t.Existing
	}
}

// CheckMethod refuses a method that does not fit the cluster, and names the one that does. The empty method is the one that fits. The error wraps
// pratique.ErrConflict.
func (p *Precheck) CheckMethod(method string) error {
	fits := p.Method()
	if fits != "" && (method == "" || method == fits) {
		return nil
	}
	out := &pratique.Error{Kind: pratique.ErrConflict, Hint: p.way()}
	if fits != "" {
		out.Message = fmt.Sprintf("%s does not fit %s of type %s; the method there is %s", method, p.scenario(), p.Cluster.Type, fits)
		return out
	}
	out.Message = fmt.Sprintf("add-ons get no permissions in %s of type %s", p.scenario(), p.Cluster.Type)
	if other := p.other(); other != "" {
		out.Message += "; the method of the type is " + other
	}
	return out
}

func (p *Precheck) scenario() string {
	if p.Cluster.ID == "" {
		return "a new cluster"
	}
	return "an existing cluster"
}

// other is the method of the other scenario.
func (p *Precheck) other() string {
	t, _ := p.Decider.Rules.Catalog.ClusterType(p.Cluster.Type)
	switch {
	case t == nil:
		return ""
	case p.Cluster.ID == "":
		return t.Existing
	default:
		return t.New
	}
}

// way is the command that does it right.
func (p *Precheck) way() string {
	switch p.Method() {
	case "":
	case "authorize-at-creation":
		return "authorize when the cluster is created: pratique addon precheck " + p.Addon.Name + " --type " + p.Cluster.Type
	default:
		return "run: pratique addon authorize " + p.Report
	}
	if p.other() == "" {
		return ""
	}
	if p.Cluster.ID == "" {
		return "create the cluster first, then run: pratique addon precheck " + p.Addon.Name + " --cluster " + p.Cluster.Name
	}
	return "authorize when a cluster is created: pratique addon precheck " + p.Addon.Name + " --type " + p.Cluster.Type
}

// method is the last item. Where nothing is missing no method is needed.
func (c *check) method(passed bool) pratique.ReportItem {
	i := c.item("method", "permission method")
	if m := c.Method(); m != "" {
		i.Item += " " + m
		return i
	}
	if passed {
		i.Item += ": none needed"
		return i
	}
	i.Status = pratique.ItemMissing
	if err, ok := c.CheckMethod("").(*pratique.Error); ok { //nolint:errorlint // it was made above, and is not wrapped
		i.Error, i.Fix = err.Message, err.Hint
	}
	return i
}
