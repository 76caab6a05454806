package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
)

// busy answers 503 so many times before it answers; the transport stands in for a network, so that time can stand still.
type busy struct {
	refusals int
	header   string
	asked    int
}

func (b *busy) RoundTrip(r *http.Request) (*http.Response, error) {
	b.asked++
	w := httptest.NewRecorder()
	if b.asked <= b.refusals {
		if b.header != "" {
			w.Header().Set("Retry-After", b.header)
		}
		answer(w, http.StatusServiceUnavailable, `{"status":503,"detail":"the store has no leader"}`)
	} else {
		answer(w, http.StatusOK, `{}`)
	}
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func (b *busy) client(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{Server: "https://iam.example.com", HTTP: &http.Client{Transport: b}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReadsAreRepeatedWhenTheServerAsksForIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		b := &busy{refusals: 2, header: "3"}
		if _, err := b.client(t).Me(t.Context()); err != nil || b.asked != 3 {
			t.Errorf("%v after %d requests", err, b.asked)
		}
		if waited := time.Since(start); waited != 6*time.Second {
			t.Errorf("waited %s, want 6s as asked", waited)
		}
		b = &busy{refusals: 2, header: "0"}
		if _, err := b.client(t).Explain(t.Context(), apiv1.Question{Action: "a:b"}); err != nil || b.asked != 3 {
			t.Errorf("a question: %v after %d requests", err, b.asked)
		}
	})
}

func TestWhatMayHaveBeenDoneIsNotRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		soon, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		for name, c := range map[string]struct {
			b    *busy
			ask  func(*client.Client) error
			want int
		}{
			"a change":          {&busy{refusals: 1, header: "0"}, func(c *client.Client) error { _, err := c.Change(t.Context(), apiv1.Changes{}); return err }, 1},
			"a login":           {&busy{refusals: 1, header: "0"}, func(c *client.Client) error { _, err := c.Login(t.Context(), apiv1.Login{}); return err }, 1},
			"no Retry-After":    {&busy{refusals: 1}, func(c *client.Client) error { _, err := c.Me(t.Context()); return err }, 1},
			"too long a wait":   {&busy{refusals: 1, header: "3600"}, func(c *client.Client) error { _, err := c.Me(t.Context()); return err }, 1},
			"beyond deadline":   {&busy{refusals: 1, header: "10"}, func(c *client.Client) error { _, err := c.Me(soon); return err }, 1},
			"again and again":   {&busy{refusals: 99, header: "1"}, func(c *client.Client) error { _, err := c.Me(t.Context()); return err }, 4},
			"nonsense in it":    {&busy{refusals: 1, header: "soon"}, func(c *client.Client) error { _, err := c.Me(t.Context()); return err }, 1},
			"a negative number": {&busy{refusals: 1, header: "-1"}, func(c *client.Client) error { _, err := c.Me(t.Context()); return err }, 1},
		} {
			if err := c.ask(c.b.client(t)); !errors.Is(err, pratique.ErrUnavailable) || c.b.asked != c.want {
				t.Errorf("%s: %v after %d requests, want %d", name, err, c.b.asked, c.want)
			}
		}
	})
}
