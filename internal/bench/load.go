package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strconv"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/workload"
)

// weights is the heap that a directory takes, in bytes: with the policies alone, then with users and groups, then with the grants.
type weights struct{ Nothing, Policies, People, Grants float64 }

// loading is one start of the store and the directory on it.
type loading struct {
	Store, Directory   float64 // seconds
	StoreCPU, DirCPU   float64 // seconds of all processors
	Own, Mapped, Peak  float64 // resident bytes
	HeapStore, HeapDir float64 // bytes
	Grants             int
}

// load fills a store once and opens it several times, each in a new process.
func (b *bench) load(ctx context.Context) ([]row, error) {
	policies, people, times := b.pick(100_000, 200), b.pick(50_000, 100), 10
	dir, err := b.dir()
	if err != nil {
		return nil, err
	}
	grants := policies * times
	b.say("filling a store with %s policies and %s grants", digits(float64(policies)), digits(float64(grants)))
	var w weights
	if err := b.ask(ctx, &w, "fill", dir, strconv.Itoa(policies), strconv.Itoa(people), strconv.Itoa(times)); err != nil {
		return nil, err
	}
	all := map[string][]float64{}
	for i := range b.pick(5, 1) {
		var l loading
		if err := b.ask(ctx, &l, "load", dir); err != nil {
			return nil, err
		}
		b.say("load %d: %.1f s", i+1, l.Store+l.Directory)
		if l.Grants != grants {
			return nil, fmt.Errorf("%d grants were loaded, %d written", l.Grants, grants)
		}
		for key, value := range map[string]float64{
			"ready": l.Store + l.Directory, "store": l.Store, "cpu": l.StoreCPU + l.DirCPU, "storeCPU": l.StoreCPU, "own": l.Own, "mapped": l.Mapped, "peak": l.Peak,
			"heapStore": l.HeapStore, "heapDir": l.HeapDir,
		} {
			all[key] = append(all[key], value)
		}
	}
	per := func(key string) string { return digits(median(all[key]) / float64(grants)) }
	what := fmt.Sprintf("%s policies, %s grants, %s users, embedded etcd", digits(float64(policies)), digits(float64(grants)), digits(float64(people)))
	return []row{
		{"load, to ready: " + what, "≤ 10 s", fmt.Sprintf(
			"**%.1f s**, of which the store %.1f s (best run %.1f s; processor, all cores together, %.1f s, of which the store %.1f s)",
			median(all["ready"]), median(all["store"]), quantile(all["ready"], 0), median(all["cpu"]), median(all["storeCPU"])), "–"},
		{"resident per grant, everything included", "≤ 1 KiB", fmt.Sprintf(
			"**%s B** when settled (with the mapped pages of the store's file, which the kernel may drop, %s B more; at the worst moment of the load %s B, with these pages)",
			per("own"), per("mapped"), per("peak")), "–"},
		{"heap per grant, everything included", "reported", fmt.Sprintf("%s B for the directory, %s B for the store", per("heapDir"), per("heapStore")), "–"},
		{"memory per policy in the directory", "reported", fmt.Sprintf("**%s B** with its text, not asked about yet", digits((w.Policies-w.Nothing)/float64(policies))), "–"},
		{"memory per grant in the directory", "reported", fmt.Sprintf("**%s B** with its five index entries", digits((w.Grants-w.People)/float64(grants))), "–"},
	}, nil
}

// fillChild fills a store and weighs the directory on the way.
func fillChild(ctx context.Context, dir string, policies, people, times int, out io.Writer) error {
	rules, err := newRules()
	if err != nil {
		return err
	}
	s, err := openStore(ctx, dir, true)
	if err != nil {
		return err
	}
	var w weights
	err = func() error {
		first, err := openDirectory(ctx, s, rules)
		if err != nil {
			return err
		}
		id, err := found(ctx, first, rules)
		first.Close()
		if err != nil {
			return err
		}
		d := workload.New(policies).Directory(people, times)
		f := filler{s.Client, id}
		weigh := func(into *float64, kinds ...pratique.Kind) error {
			if err := f.put(ctx, only(d, kinds...)); err != nil {
				return err
			}
			before := heap()
			open, err := openDirectory(ctx, s, rules)
			if err != nil {
				return err
			}
			*into = heap() - before
			open.Close()
			runtime.KeepAlive(d)
			return nil
		}
		return errors.Join(weigh(&w.Nothing), weigh(&w.Policies, pratique.KindPolicy),
			weigh(&w.People, pratique.KindUser, pratique.KindGroup), weigh(&w.Grants, pratique.KindGrant))
	}()
	if err := errors.Join(err, s.Close()); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(w)
}

// loadChild opens a store and the directory on it.
func loadChild(ctx context.Context, dir string, out io.Writer) error {
	rules, err := newRules()
	if err != nil {
		return err
	}
	var l loading
	empty, busy := heap(), used()
	began := now()
	s, err := openStore(ctx, dir, false)
	if err != nil {
		return err
	}
	l.Store, l.StoreCPU = now().Sub(began).Seconds(), used()-busy
	stored := heap()
	busy, began = used(), now()
	d, err := openDirectory(ctx, s, rules)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	l.Directory, l.DirCPU = now().Sub(began).Seconds(), used()-busy
	l.HeapStore, l.HeapDir = stored-empty, heap()-stored
	debug.FreeOSMemory()
	l.Own, l.Mapped, l.Peak = resident()
	for _, a := range d.Accounts() {
		l.Grants += a.Grants.Len()
	}
	d.Close()
	if err := s.Close(); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(l)
}
