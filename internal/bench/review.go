package main

import (
	"context"
	"errors"
	"fmt"
)

// leastShare is the share of the floor's rate that reviews are to reach.
const leastShare = 0.85

// reviews measures SubjectAccessReviews over HTTPS as http measures decisions: a server with W(1000) and a cluster, 16 questions at a time, in turns
// with a server that answers without deciding. It does so three times: with a client that costs next to nothing, on 16 connections, with an ordinary
// one, and with one that asks as a kube-apiserver does, over HTTP/2.
func (b *bench) reviews(ctx context.Context) (rows []row, err error) {
	r, err := b.reviewed(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.server.stop()) }()
	dir, err := b.dir()
	if err != nil {
		return nil, err
	}
	floor, err := spawn(ctx, dir, b.self, "child", "verdict", dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, floor.stop()) }()
	for _, version := range []int{0, 1, 2} {
		more, err := b.reviewRates(ctx, r, floor, version)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	noticed, err := r.noticed(ctx, b.pick(300, 5))
	if err != nil {
		return nil, err
	}
	return append(rows, changeRow("change acknowledged → the webhook of the same server answers by it", noticed)), nil
}

func (b *bench) reviewRates(ctx context.Context, r *reviewed, floor *process, version int) ([]row, error) {
	b.say("reviews; in each line: constant answer, constant answer after reading, half denied, no opinion only")
	ask := func(to *process, path string, bodies [][]byte) load {
		return load{to: to, path: path, token: r.token, bodies: bodies, version: version}
	}
	rates, err := b.turns(ctx, ask(floor, constantPath, r.mixed), ask(floor, readPath, r.mixed), ask(r.server, r.path, r.mixed), ask(r.server, r.path, r.passed))
	if err != nil {
		return nil, err
	}
	how := []string{
		"HTTPS/1.1, 16 connections, a client that costs next to nothing",
		"HTTPS/1.1, 16 connections, the client of net/http",
		"HTTP/2, 16 at a time, the client of net/http, as a kube-apiserver asks",
	}[version]
	return []row{reviewRow(how, "half are denied and logged", rates[2], rates), reviewRow(how, "none is denied", rates[3], rates)}, nil
}

// reviewRow compares a rate with those of the empty handler and of the one that reads.
func reviewRow(how, what string, ours samples, rates []samples) row {
	unread, read := rates[0], rates[1]
	share, cost := ours.share(unread)
	beside, _ := ours.share(read)
	text := fmt.Sprintf("**%s/s**, **%.2f** of the empty handler: %s; empty handler %s/s; one that reads the body first %s/s, ratio %.2f",
		digits(ours.rate()), share, reached(share >= leastShare), digits(unread.rate()), digits(read.rate()), beside)
	if cost > 0 { // false for what is not known
		text += fmt.Sprintf("; by processor time %.2f", cost)
	}
	return row{
		"`SubjectAccessReview` over " + how + ", on the same cores; " + what,
		fmt.Sprintf("≥ %.2f of an empty handler in the same run", leastShare), text, "OPA server 10,600/s; empty handler 43,900/s",
	}
}

// reached is the verdict on a target.
func reached(yes bool) string {
	if yes {
		return "reached"
	}
	return "missed"
}

// noticed measures from the answer to a change until the webhook answers by it: a deny for one user that comes and goes. Milliseconds.
func (r *reviewed) noticed(ctx context.Context, times int) ([]float64, error) {
	w, err := r.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer w.close()
	deny, err := newDenial(ctx, r.root, r.user)
	if err != nil {
		return nil, err
	}
	var out []float64
	for i := range times {
		answered, err := deny.toggle(ctx)
		if err != nil {
			return nil, err
		}
		for {
			answer, err := w.ask(r.passed[0])
			if err != nil {
				return nil, err
			}
			if denies(answer) == (i%2 == 0) {
				break
			}
			if now().Sub(answered) > patience {
				return nil, errors.New("the webhook does not notice a change")
			}
		}
		out = append(out, millis(now().Sub(answered)))
	}
	return out, nil
}
