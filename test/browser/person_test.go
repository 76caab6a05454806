package browser

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long somebody waits for what a page promises. Machines that test are busy.
const patience = 30 * time.Second

// person is somebody at a browser, with cookies of their own.
type person struct {
	t      *testing.T
	s      *server
	ctx    context.Context
	within cdp.BackendNodeID // the part of the page that they look at; 0: all of it
	news   *news

	scriptless bool
}

// news is what the browser tells by itself: how far it is with pages, and what it has against ours: faults of scripts, and what the content
// policy has refused.
type news struct {
	mu         sync.Mutex
	arrived    int // pages that began to show
	loaded     int // the last of them that is complete
	complaints []string
}

func (n *news) listen(event any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch e := event.(type) {
	case *page.EventFrameNavigated:
		if e.Frame.ParentID == "" {
			n.arrived++
		}
	case *page.EventLoadEventFired:
		n.loaded = n.arrived
	case *runtime.EventExceptionThrown:
		n.complaints = append(n.complaints, e.ExceptionDetails.URL+": "+e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork { // answers such as 404 are for the test to expect
			n.complaints = append(n.complaints, e.Entry.URL+": "+e.Entry.Text)
		}
	}
}

func (n *news) pages() (arrived, loaded int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.arrived, n.loaded
}

// sit brings somebody to a browser.
func sit(t *testing.T, s *server, browser context.Context) *person {
	t.Helper()
	news := &news{}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(news.listen))
	p := &person{t: t, s: s, ctx: ctx, news: news}
	t.Cleanup(func() {
		if t.Failed() && ctx.Err() == nil {
			t.Logf("they were at %s and saw:\n%s", p.address(), beginning(p.text(), 6000))
		}
		cancel()
		for _, text := range news.complaints {
			t.Errorf("the browser complains: %s", text)
		}
	})
	if err := chromedp.Do(ctx); err != nil { // the page lives as long as the context of its first command
		t.Fatal(err)
	}
	p.window(1280, 900)
	return p
}

// beginning is a text, or as much of it as somebody wants to read.
func beginning(text string, most int) string { return text[:min(len(text), most)] }

// call is a command of the browser that must work.
func call[P, R any](p *person, cmd cdp.Command[P, R], params P) R {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	for {
		out, err := chromedp.Call(ctx, cmd, params)
		switch {
		case err == nil:
			return out
		case !strings.Contains(err.Error(), "Not attached to an active page") || ctx.Err() != nil: // one page is just following another
			p.t.Fatalf("%s: %v", cmd.Method, err)
		}
	}
}

// ask evaluates an expression in the page.
func ask[T any](p *person, expression string) T {
	p.t.Helper()
	out, err := tryAsk[T](p, expression, 3*patience)
	if err != nil {
		p.t.Fatalf("at %s: %v", p.address(), err)
	}
	return out
}

// tryAsk gives up after a while: a question may be lost when one page follows another.
func tryAsk[T any](p *person, expression string, most time.Duration) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, most)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// window sets the size of what they look at.
func (p *person) window(width, height int64) {
	p.t.Helper()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 500})
}

// theme is what their system prefers: light or dark.
func (p *person) theme(name string) {
	p.t.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
}

// withoutScript turns JavaScript off for the pages to come. What a test asks a page still runs.
func (p *person) withoutScript() *person {
	p.t.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	p.scriptless = true
	return p
}

// open types an address below the server's.
func (p *person) open(path string) {
	p.t.Helper()
	p.leads(func() {
		answer := call(p, page.Navigate, page.NavigateParams{URL: p.s.url + path})
		if answer.ErrorText != "" {
			p.t.Fatalf("open %s: %s", path, answer.ErrorText)
		}
	}, "open "+path)
}

// back presses the browser's button.
func (p *person) back() {
	p.t.Helper()
	history := call(p, page.GetNavigationHistory, cdp.Empty{})
	p.leads(func() {
		call(p, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: history.Entries[history.CurrentIndex-1].ID})
	}, "go back")
}

// follow presses a link or a button by its name, and waits for the page that it leads to.
func (p *person) follow(name string) {
	p.t.Helper()
	p.leads(func() { p.press(name) }, "press "+name)
}

// press presses a link or a button, which may leave them where they are.
func (p *person) press(name string) {
	p.t.Helper()
	p.click(p.find(name, "button", "link", "DisclosureTriangle", "checkbox"), 1)
}

// leads waits until something has brought them to another page, or to the same anew.
func (p *person) leads(do func(), what string) {
	p.t.Helper()
	before, _ := p.news.pages()
	do()
	eventually(p.t, patience, what, func(context.Context) error {
		switch arrived, loaded := p.news.pages(); {
		case arrived == before:
			return errors.New("they stay where they are")
		case loaded < arrived:
			return errors.New("the page does not become complete")
		}
		return nil
	})
}

// address is the path where they are.
func (p *person) address() string {
	entry := call(p, page.GetNavigationHistory, cdp.Empty{})
	return strings.TrimPrefix(entry.Entries[entry.CurrentIndex].URL, p.s.url)
}

// text is all that they can read.
func (p *person) text() string {
	p.t.Helper()
	var text string
	eventually(p.t, patience, "they read", func(context.Context) (err error) {
		text, err = tryAsk[string](p, "document.body.innerText", patience/6)
		return err
	})
	return strings.Join(strings.Fields(text), " ")
}

// sees waits for sentences that the page shows, by itself or after a while.
func (p *person) sees(sentences ...string) {
	p.t.Helper()
	for _, want := range sentences {
		eventually(p.t, patience, fmt.Sprintf("they want to read %q", want), func(context.Context) error {
			if !strings.Contains(p.text(), want) {
				return fmt.Errorf("it does not stand at %s", p.address())
			}
			return nil
		})
	}
}

// readsInFields looks for texts in the fields of forms.
func (p *person) readsInFields(texts ...string) {
	p.t.Helper()
	all := ask[string](p, `[...document.querySelectorAll("input:not([type=hidden]), textarea")].map(e => e.value).join("\n")`)
	for _, want := range texts {
		if !strings.Contains(all, want) {
			p.t.Errorf("at %s no field holds %q", p.address(), want)
		}
	}
}

// doesNotSee looks once: call it when the page is known to be complete.
func (p *person) doesNotSee(sentences ...string) {
	p.t.Helper()
	for _, bad := range sentences {
		if strings.Contains(p.text(), bad) {
			p.t.Errorf("at %s they read %q", p.address(), bad)
		}
	}
}

// waits is for what takes long. Pages on which something goes on ask for themselves again, by script or without it: nobody presses anything.
func (p *person) waits(sentence string) {
	p.t.Helper()
	eventually(p.t, 4*patience, fmt.Sprintf("they wait for %q", sentence), func(context.Context) error {
		if !strings.Contains(p.text(), sentence) {
			return fmt.Errorf("it does not stand at %s", p.address())
		}
		return nil
	})
	p.settled()
}

// settled waits for a page that is just being asked for again.
func (p *person) settled() {
	p.t.Helper()
	eventually(p.t, patience, "the page is complete", func(context.Context) error {
		if arrived, loaded := p.news.pages(); loaded < arrived {
			return errors.New("it is loading")
		}
		return nil
	})
}

// fill types into fields: pairs of a label and what to type. What was there goes.
func (p *person) fill(pairs ...string) {
	p.t.Helper()
	for pair := range slices.Chunk(pairs, 2) {
		field := p.find(pair[0], "textbox", "searchbox", "spinbutton")
		p.click(field, 1)
		for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
			call(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Key: "a", Code: "KeyA", WindowsVirtualKeyCode: 'A', Modifiers: 2, Commands: []string{"selectAll"}})
		}
		if pair[1] == "" {
			call(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Key: "Delete", Code: "Delete", WindowsVirtualKeyCode: 46})
		}
		call(p, input.InsertText, input.InsertTextParams{Text: pair[1]})
	}
}

// choose takes an option by the beginning of its text: pairs of a label and an option.
func (p *person) choose(pairs ...string) {
	p.t.Helper()
	for pair := range slices.Chunk(pairs, 2) {
		list := p.find(pair[0], "combobox")
		const pick = `function(start) {
			const option = [...this.options].find(o => o.text.startsWith(start));
			if (!option) return [...this.options].map(o => o.text).join(" | ");
			this.value = option.value;
			this.dispatchEvent(new Event("input", {bubbles: true}));
			this.dispatchEvent(new Event("change", {bubbles: true}));
			return "";
		}`
		if there := inElement[string](p, list, pick, pair[1]); there != "" {
			p.t.Fatalf("%q offers no %q, but %s", pair[0], pair[1], there)
		}
	}
}

// tick sets check boxes.
func (p *person) tick(labels ...string) {
	p.t.Helper()
	for _, label := range labels {
		box := p.find(label, "checkbox")
		if !inElement[bool](p, box, "function() { return this.checked }") {
			p.click(box, 1)
		}
	}
}
