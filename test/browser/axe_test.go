package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pratique-iam/pratique/test/browser/needs"
)

// checker is the script of axe.
func checker(t *testing.T) string {
	t.Helper()
	script, err := needs.Axe()
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// violation is a rule that a page breaks.
type violation struct {
	ID, Help string
	Nodes    []string
}

// rules are those of WCAG 2.2 to level AA, and what those who write the checker think well of beyond it.
const rules = `{runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}`

// colours are the only rules that another theme can break.
const colours = `{runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}}`

// accessible checks the page as it is in both themes and at both widths.
func (p *person) accessible(script string) {
	p.t.Helper()
	if p.scriptless {
		return // the checker is a script; those who have one look at the same pages
	}
	ask[bool](p, script+"\n;true")
	for _, look := range looks() {
		p.look(look)
		which := rules
		if look.theme == "dark" {
			which = colours
		}
		for _, v := range ask[[]violation](p, fmt.Sprintf(`axe.run(document, %s).then(r => r.violations.map(v => ({ID: v.id, Help: v.help, Nodes: v.nodes.map(n => n.html.slice(0, 200))})))`, which)) {
			p.t.Errorf("%s, %s: %s (%s):\n\t%s", p.address(), look.name(), v.ID, v.Help, strings.Join(v.Nodes[:min(len(v.Nodes), 4)], "\n\t"))
		}
		if wider := ask[int](p, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wider > 0 {
			p.t.Errorf("%s, %s: the page is %d pixels wider than the window", p.address(), look.name(), wider)
		}
	}
	p.look(looks()[0])
}

// look is how somebody sees pages.
type look struct {
	theme string
	width int64
}

func looks() []look { return []look{{"light", 1280}, {"dark", 1280}, {"light", 390}, {"dark", 390}} }

func (l look) name() string { return fmt.Sprintf("%s-%d", l.theme, l.width) }

func (p *person) look(l look) {
	p.t.Helper()
	p.theme(l.theme)
	p.window(l.width, 900)
}
