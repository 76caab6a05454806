package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pratique-iam/pratique/apiv1"
	"github.com/pratique-iam/pratique/client"
	"github.com/pratique-iam/pratique/internal/access"
	"github.com/pratique-iam/pratique/internal/strictjson"
	"github.com/pratique-iam/pratique/internal/workload"
	"github.com/pratique-iam/pratique/policy"
)

const connections = 16

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
	token, err := b.fillServer(ctx, dir, d)
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
	rates, floors, err := b.turns(ctx, ours, empty, token, requests)
	if err != nil {
		return nil, err
	}
	return []row{{
		"`POST /v1/decide` over HTTPS/1.1, 16 connections, client on the same cores", "–",
		fmt.Sprintf("**%s/s**; an empty handler in the same run %s/s, ratio %.2f", digits(median(rates)), digits(median(floors)), median(rates)/median(floors)),
		"OPA server 10,600/s; empty handler 43,900/s",
	}}, nil
}

// fillServer lets a server make its data directory, and then fills its account.
func (b *bench) fillServer(ctx context.Context, dir string, d *workload.Directory) (token string, err error) {
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
	return token, filler{s.Client, account.Account.ID}.put(ctx, d.Writes())
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

// turns runs both servers in turns and gives the rates of all.
func (b *bench) turns(ctx context.Context, ours, empty *process, token string, bodies [][]byte) (rates, floors []float64, err error) {
	length := time.Duration(b.pick(2_000, 50)) * time.Millisecond
	for i := range b.pick(8, 2) { // the first warms up
		floor, err := hammer(ctx, empty, token, bodies, length)
		if err != nil {
			return nil, nil, err
		}
		rate, err := hammer(ctx, ours, token, bodies, length)
		if err != nil {
			return nil, nil, err
		}
		b.say("%.0f/s, empty handler %.0f/s", rate, floor)
		if i > 0 {
			rates, floors = append(rates, rate), append(floors, floor)
		}
	}
	return rates, floors, nil
}

// hammer sends requests on all connections for a while and tells how many were answered in a second.
func hammer(ctx context.Context, p *process, token string, bodies [][]byte, length time.Duration) (float64, error) {
	ca, err := os.ReadFile(filepath.Join(p.dir, "ca.crt"))
	if err != nil {
		return 0, err
	}
	var wires [connections]*wire
	for i := range wires {
		if wires[i], err = dial(ctx, p.url, ca, token); err != nil {
			return 0, err
		}
		defer wires[i].close()
	}
	var done, next atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	began := now()
	for _, w := range wires {
		all.Go(func() {
			for now().Sub(began) < length {
				if err := w.post(bodies[int(next.Add(1))%len(bodies)]); err != nil {
					failed.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return float64(done.Load()) / now().Sub(began).Seconds(), nil
}
