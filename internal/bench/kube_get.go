package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// way leads to a kube-apiserver.
type way struct {
	what string
	by   *caller
	took []float64 // milliseconds
}

// row compares a way with the straight one.
func (w *way) row(what string, straight *way) row {
	text := fmt.Sprintf("p50 **%.2f ms**, p99 **%.2f ms**", median(w.took), quantile(w.took, 0.99))
	if w != straight {
		text += fmt.Sprintf("; added %.2f ms and %.2f ms", median(w.took)-median(straight.took), quantile(w.took, 0.99)-quantile(straight.took, 0.99))
	}
	return row{what + ", " + w.what, "reported", text, "–"}
}

// ways are the straight one, as an administrator, and the two through Pratique.
func (l *lab) ways(ctx context.Context) (straight, direct, proxied *caller, err error) {
	if direct, err = l.direct(ctx, "reader"); err != nil {
		return nil, nil, nil, err
	}
	proxied, err = l.proxied(ctx, "reader")
	return l.admin, direct, proxied, err
}

// gets measures the reading of one pod, one request after the other, in turns.
func (l *lab) gets(ctx context.Context) ([]row, error) {
	admin, direct, proxied, err := l.ways(ctx)
	if err != nil {
		return nil, err
	}
	defer direct.close()
	defer proxied.close()
	for _, c := range []*caller{direct, proxied} { // the binding, and the token, are known from then on
		if err := c.await(ctx, pod(0), http.StatusOK, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
	l.say("reading pods, %d times", l.pods()-1)
	all := []*way{
		{what: "straight, with an administrator's certificate", by: admin},
		{what: "with our token, while kube-apiserver remembers the webhook's answer", by: direct},
		{what: "with our token, when kube-apiserver asks the webhook", by: direct},
		{what: "through the proxy, while the webhook behind it is remembered", by: proxied},
	}
	for i := 1; i < l.pods(); i++ {
		for n := range all {
			turn := (n + i) % len(all)
			path := pod(0)
			if turn == 2 {
				path = pod(i) // never asked about before
			}
			ms, err := all[turn].by.get(ctx, path)
			if err != nil {
				return nil, err
			}
			all[turn].took = append(all[turn].took, ms)
		}
	}
	var rows []row
	for _, w := range all {
		rows = append(rows, w.row("`GET` of one pod at kube-apiserver", all[0]))
	}
	return rows, nil
}

// watches measures from the sending of a write until those who watch have seen it. All watch the same object at once.
func (l *lab) watches(ctx context.Context) ([]row, error) {
	const beat = "/api/v1/namespaces/" + space + "/configmaps"
	admin, direct, proxied, err := l.ways(ctx)
	if err != nil {
		return nil, err
	}
	defer direct.close()
	defer proxied.close()
	if err := admin.must(ctx, http.MethodPost, beat, `{"metadata":{"name":"beat"},"data":{"n":"start"}}`); err != nil {
		return nil, err
	}
	times := l.pick(500, 5)
	l.say("watching %d writes", times)
	all := []*way{
		{what: "straight, with an administrator's certificate", by: admin}, {what: "with our token", by: direct}, {what: "through the proxy", by: proxied},
	}
	var open []*watch
	for _, w := range all {
		seen, err := w.by.watch(ctx, beat+"?fieldSelector=metadata.name%3Dbeat")
		if err != nil {
			return nil, err
		}
		defer seen.close()
		open = append(open, seen)
		if err := seen.until(ctx, "start", new(time.Time)); err != nil {
			return nil, err
		}
	}
	for i := range times {
		n := strconv.Itoa(i)
		sent := now()
		if err := admin.must(ctx, http.MethodPatch, beat+"/beat", `{"data":{"n":"`+n+`"}}`); err != nil {
			return nil, err
		}
		for k, w := range all {
			var at time.Time
			if err := open[k].until(ctx, n, &at); err != nil {
				return nil, err
			}
			w.took = append(w.took, millis(at.Sub(sent)))
		}
	}
	var rows []row
	for _, w := range all {
		rows = append(rows, w.row("a write is sent → its event is seen by a watch at kube-apiserver", all[0]))
	}
	return rows, nil
}

// until takes events until the one with a number has come, and tells when that was.
func (w *watch) until(ctx context.Context, n string, at *time.Time) error {
	for {
		e, err := w.next(ctx)
		if err != nil {
			return err
		}
		if e.Object.Data["n"] == n {
			*at = e.at
			return nil
		}
	}
}
