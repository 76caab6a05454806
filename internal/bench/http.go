package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/strictjson"
	"github.com/pratique-iam/pratique/internal/workload"
	"github.com/pratique-iam/pratique/policy"
)

const (
	connections = 16
	decidePath  = "/v1/decide"
)

// http measures POST /v1/decide over HTTPS/1.1 on 16 connections that are kept, from this process on the same machine, in turns with a server
// that does nothing: what else the machine does weighs on both.
func (b *bench) http(ctx context.Context) (rows []row, err error) {
	dir, err := b.dir()
	if err != nil {
		return nil, err
	}
	b.say("filling a server with W(%d)", b.pick(1_000, 100))
	w := workload.New(b.pick(1_000, 100))
	d := w.Directory(b.pick(100, 10), 1)
	token, err := b.fillServer(ctx, dir, d.Writes())
	if err != nil {
		return nil, err
	}
	ours, err := b.serve(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ours.stop()) }()
	c, err := ours.client(token)
	if err != nil {
		return nil, err
	}
	requests, err := questions(ctx, c, w, d)
	if err != nil {
		return nil, err
	}
	floorDir, err := b.dir()
	if err != nil {
		return nil, err
	}
	empty, err := spawn(ctx, floorDir, b.self, "child", "floor", floorDir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, empty.stop()) }()
	rates, err := b.turns(ctx, load{to: empty, path: decidePath, token: token, bodies: requests}, load{to: ours, path: decidePath, token: token, bodies: requests})
	if err != nil {
		return nil, err
	}
	floor, rate := rates[0].rate(), rates[1].rate()
	return []row{{
		"`POST /v1/decide` over HTTPS/1.1, 16 connections, client on the same cores", "–",
		fmt.Sprintf("**%s/s**; an empty handler in the same run %s/s, ratio %.2f", digits(rate), digits(floor), rate/floor),
		"OPA server 10,600/s; empty handler 43,900/s",
	}}, nil
}

// fillServer lets a server make its data directory, and then fills its account.
func (b *bench) fillServer(ctx context.Context, dir string, writes iter.Seq[pratique.Write]) (token string, err error) {
	p, err := b.serve(ctx, dir)
	if err != nil {
		return "", err
	}
	_, token, err = p.login(ctx)
	if err := errors.Join(err, p.stop()); err != nil {
		return "", err
	}
	rules, err := newRules()
	if err != nil {
		return "", err
	}
	s, err := openStore(ctx, dir, true)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	open, err := openDirectory(ctx, s, rules)
	if err != nil {
		return "", err
	}
	account, ok := open.AccountNamed("default")
	open.Close()
	if !ok {
		return "", errors.New("the server has made no account")
	}
	return token, filler{s.Client, account.Account.ID}.put(ctx, writes)
}

// questions are the bodies that are sent: the root asks about each user. Every other answer is yes, as the decider says here and the server must
// say there.
func questions(ctx context.Context, c *client.Client, w *workload.Workload, d *workload.Directory) ([][]byte, error) {
	rules, err := newRules()
	if err != nil {
		return nil, err
	}
	s, err := d.Snapshot(rules)
	if err != nil {
		return nil, err
	}
	decider := &access.Decider{Rules: rules}
	var bodies [][]byte
	for i, u := range d.Users {
		requests := w.Requests(d.Sources(w, i), func(r *policy.Request) bool {
			q := query(s, u, r)
			q.MFA, q.Source = false, "" // nobody knows them of somebody else
			answer := decider.Decide(s, &q)
			return answer.Allowed()
		})
		for n, r := range requests {
			q := apiv1.Question{Subject: apiv1.Subject{Type: "user", ID: u.Name}, Action: r.Action, Resource: r.Resource, Project: s.Rules().Regions[0]}
			a, err := c.Decide(ctx, q)
			if err != nil {
				return nil, err
			}
			if a.Allowed != (n%2 == 0) {
				return nil, fmt.Errorf("the server decides otherwise than its parts: %s", a.Reason)
			}
			body, err := strictjson.Marshal(q)
			if err != nil {
				return nil, err
			}
			bodies = append(bodies, body)
		}
	}
	w.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
	return bodies, nil
}

// load is what is sent to a server.
type load struct {
	to          *process
	path, token string
	bodies      [][]byte
	version     int // of HTTP, asked with the client of net/http, see ordinary; 0: see wire
}

// sample is what one turn has shown: requests in a second, and the processor time of one, the client's included, in seconds; 0: not known.
type sample struct{ rate, processor float64 }

// samples are those of all turns.
type samples []sample

func (s samples) rate() float64 { return median(s.each(func(i int) float64 { return s[i].rate })) }

// share compares with others of the same turns: rates, and what a request costs.
func (s samples) share(of samples) (rate, processor float64) {
	return median(s.each(func(i int) float64 { return s[i].rate / of[i].rate })),
		median(s.each(func(i int) float64 { return of[i].processor / s[i].processor }))
}

func (s samples) each(value func(i int) float64) []float64 {
	out := make([]float64, len(s))
	for i := range s {
		out[i] = value(i)
	}
	return out
}

// turns sends loads in turns and gives what each has shown.
func (b *bench) turns(ctx context.Context, loads ...load) ([]samples, error) {
	length := time.Duration(b.pick(2_000, 50)) * time.Millisecond
	out := make([]samples, len(loads))
	for i := range b.pick(8, 2) { // the first warms up
		var said []string
		for n, l := range loads {
			one, err := l.hammer(ctx, length)
			if err != nil {
				return nil, err
			}
			said = append(said, digits(one.rate)+"/s")
			if i > 0 {
				out[n] = append(out[n], one)
			}
		}
		b.say("%s", strings.Join(said, ", "))
	}
	return out, nil
}

// askers connects all that ask at a time.
func (l load) askers(ctx context.Context) ([]asker, error) {
	ca, err := os.ReadFile(filepath.Join(l.to.dir, "ca.crt"))
	if err != nil {
		return nil, err
	}
	if l.version > 0 {
		return slices.Repeat([]asker{newOrdinary(ctx, l.version, l.to.url, l.path, ca, l.token)}, connections), nil
	}
	var out []asker
	for range connections {
		w, err := dial(ctx, l.to.url, l.path, ca, l.token)
		if err != nil {
			for _, a := range out {
				a.close()
			}
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// hammer sends requests on all connections for a while.
func (l load) hammer(ctx context.Context, length time.Duration) (sample, error) {
	askers, err := l.askers(ctx)
	if err != nil {
		return sample{}, err
	}
	defer func() {
		for _, a := range askers {
			a.close()
		}
	}()
	var done, next atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	pid := l.to.cmd.Process.Pid
	began, busy := now(), selfSeconds()+processSeconds(pid)
	for _, a := range askers {
		all.Go(func() {
			for { // once at least, or there is no rate
				if err := a.post(l.bodies[int(next.Add(1))%len(l.bodies)]); err != nil {
					failed.Store(&err)
					return
				}
				done.Add(1)
				if now().Sub(began) >= length {
					return
				}
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return sample{}, *err
	}
	n := float64(done.Load())
	return sample{rate: n / now().Sub(began).Seconds(), processor: (selfSeconds() + processSeconds(pid) - busy) / n}, nil
}
