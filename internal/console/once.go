package console

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Forms carry a random number in the field "form". Sending the same form twice does the thing once: the second answer is the first one.
const (
	formField = "form"
	onceFor   = 10 * time.Minute
	maxOnce   = 4096
)

// answered remembers what forms came to. The zero value is ready.
type answered struct {
	mu    sync.Mutex
	forms map[string]*result
}

type result struct {
	done chan struct{}
	at   time.Time
	out  answer
	err  error
}

// once runs a handler, or waits for the run that the same form began before. Failures are not remembered: they may be tried again.
func (c *Console) once(ctx context.Context, v *visit, h handler) (answer, error) {
	number := v.r.PostFormValue(formField)
	if v.r.Method != http.MethodPost || number == "" || len(number) > 64 {
		return h(ctx, v)
	}
	key := v.secret + "\n" + number
	mine, first := c.answers.begin(key, c.Now())
	if !first {
		select {
		case <-mine.done:
			return mine.out, mine.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer close(mine.done)
	mine.out, mine.err = h(ctx, v)
	if _, moved := mine.out.(goTo); !moved || mine.err != nil {
		c.answers.forget(key)
	}
	return mine.out, mine.err
}

func (a *answered) begin(key string, now time.Time) (r *result, first bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r, ok := a.forms[key]; ok && now.Sub(r.at) < onceFor {
		return r, false
	}
	for k, r := range a.forms {
		if now.Sub(r.at) >= onceFor || len(a.forms) >= maxOnce {
			delete(a.forms, k)
		}
	}
	if a.forms == nil {
		a.forms = map[string]*result{}
	}
	r = &result{done: make(chan struct{}), at: now}
	a.forms[key] = r
	return r, true
}

func (a *answered) forget(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.forms, key)
}
