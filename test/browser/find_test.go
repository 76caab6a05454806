package browser

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// find waits for the one thing of that name and one of those roles that they can use. Two of a name that do different things are a fault of the
// page, or of the test that does not say which row it means.
func (p *person) find(name string, roles ...string) cdp.BackendNodeID {
	p.t.Helper()
	var out cdp.BackendNodeID
	eventually(p.t, patience, fmt.Sprintf("they look for the %s %q", strings.Join(roles, " or "), name), func(context.Context) error {
		found := p.named(name, roles...)
		if len(found) == 0 || !p.same(found) {
			return fmt.Errorf("%s has %d of them", p.address(), len(found))
		}
		out = found[0]
		return nil
	})
	return out
}

// same reports whether all elements do the same: links to one page, or buttons that send one form.
func (p *person) same(found []cdp.BackendNodeID) bool {
	p.t.Helper()
	const does = `function() {
		if (this.href) return this.href;
		if (!this.form) return String(Math.random());
		const fields = new FormData(this.form);
		fields.delete("form");
		return this.form.action + "?" + new URLSearchParams(fields) + (this.type === "submit" ? "" : Math.random());
	}`
	for i := 1; i < len(found); i++ {
		if inElement[string](p, found[0], does) != inElement[string](p, found[i], does) {
			return false
		}
	}
	return true
}

// has says whether something of that name and role is there to be used.
func (p *person) has(name, role string) bool {
	p.t.Helper()
	return len(p.named(name, role)) > 0
}

// named lists what has a name and one of the roles, and is not disabled.
func (p *person) named(name string, roles ...string) []cdp.BackendNodeID {
	p.t.Helper()
	var out []cdp.BackendNodeID
	for _, n := range p.tree(accessibility.QueryAXTreeParams{AccessibleName: name}) {
		if n.Ignored || n.Role == nil || !slices.Contains(roles, text(n.Role)) || disabled(n) {
			continue
		}
		out = append(out, n.BackendDOMNodeID)
	}
	return out
}

func (p *person) tree(query accessibility.QueryAXTreeParams) []*accessibility.Node {
	p.t.Helper()
	query.BackendNodeID = p.within
	if p.within == 0 {
		query.BackendNodeID = call(p, dom.GetDocument, dom.GetDocumentParams{}).Root.BackendNodeID
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	found, err := chromedp.Call(ctx, accessibility.QueryAXTree, query)
	if err != nil {
		return nil // the page has just gone: look again
	}
	return found.Nodes
}

func text(v *accessibility.Value) string { return strings.Trim(string(v.Value), `"`) }

func disabled(n *accessibility.Node) bool {
	return slices.ContainsFunc(n.Properties, func(p *accessibility.Property) bool {
		return p.Name == accessibility.PropertyNameDisabled && text(p.Value) == "true"
	})
}

// row is the same person, who looks at one row of a table: the one that holds a text.
func (p *person) row(holds string) *person {
	p.t.Helper()
	return p.part(holds, "row")
}

// part looks at the one thing of a role that holds a text.
func (p *person) part(holds, role string) *person {
	p.t.Helper()
	out := *p
	eventually(p.t, patience, fmt.Sprintf("they look for the %s with %q", role, holds), func(context.Context) error {
		var found []cdp.BackendNodeID
		for _, n := range p.tree(accessibility.QueryAXTreeParams{Role: role}) {
			if !n.Ignored && strings.Contains(inElement[string](p, n.BackendDOMNodeID, "function() { return this.innerText }"), holds) {
				found = append(found, n.BackendDOMNodeID)
			}
		}
		if len(found) != 1 {
			return fmt.Errorf("%s has %d of them", p.address(), len(found))
		}
		out.within = found[0]
		return nil
	})
	return &out
}

// inElement calls a function with the element as its this.
func inElement[T any](p *person, element cdp.BackendNodeID, function string, args ...any) T {
	p.t.Helper()
	object := call(p, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: element}).Object
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.CallFunctionOn[T](function, func(params *runtime.CallFunctionOnParams) { params.ObjectID = object.ObjectID }, args...))
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// click presses the mouse in the middle of something, as often as told.
func (p *person) click(element cdp.BackendNodeID, times int64) {
	p.t.Helper()
	call(p, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: element})
	quads := call(p, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: element}).Quads
	if len(quads) == 0 {
		p.t.Fatal("what they press has no place on the page")
	}
	q := quads[0]
	x, y := (q[0]+q[2]+q[4]+q[6])/4, (q[1]+q[3]+q[5]+q[7])/4
	call(p, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: x, Y: y})
	for n := range times {
		for _, kind := range []input.DispatchMouseEventType{input.DispatchMouseEventTypeMousePressed, input.DispatchMouseEventTypeMouseReleased} {
			call(p, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: x, Y: y, Button: input.MouseButtonLeft, ClickCount: n + 1})
		}
	}
}
