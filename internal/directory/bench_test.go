package directory_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sys/unix"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/directory"
	"github.com/pratique-iam/pratique/internal/etcd"
)

// BenchmarkLoad starts an embedded store that holds 200,000 grants, and policies with four statements, users and groups in proportion,
// and opens the directory. LOAD_GRANTS in the environment sets another size, such as the million of the targets. Besides the time to ready it reports the processor time that
// it took, because the machine may be shared, what the directory keeps on the heap, and what becomes resident, store and all.
func BenchmarkLoad(b *testing.B) {
	grants := 200_000
	if text := os.Getenv("LOAD_GRANTS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		grants = n
	}
	dir := b.TempDir()
	started := func() *etcd.Server {
		s, err := etcd.Start(b.Context(), etcd.Config{Dir: dir, UnsafeNoFsync: true, MinFree: 1})
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	began := time.Now()
	s := started()
	id := fill(b, s.Client, grants)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d grants written in %s", grants, time.Since(began).Round(time.Millisecond))
	for b.Loop() {
		debug.FreeOSMemory()
		before, empty := heap(), resident(b)
		began, busy := time.Now(), processor(b)
		s := started()
		upFor, upBusy, upHeap := time.Since(began), processor(b)-busy, heap()
		began, busy = time.Now(), processor(b)
		cfg := config(b)
		cfg.Client = s.Client
		d, err := directory.Open(b.Context(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		openFor, openBusy := time.Since(began), processor(b)-busy
		b.StopTimer()
		debug.FreeOSMemory()
		b.ReportMetric(upFor.Seconds(), "store-s")
		b.ReportMetric(upBusy.Seconds(), "store-cpu-s")
		b.ReportMetric(openFor.Seconds(), "open-s")
		b.ReportMetric(openBusy.Seconds(), "open-cpu-s")
		b.ReportMetric(float64(resident(b)-empty)/float64(grants), "resident-B/grant")
		b.ReportMetric(float64(upHeap-before)/float64(grants), "store-heap-B/grant")
		b.ReportMetric(float64(heap()-upHeap)/float64(grants), "heap-B/grant")
		if s, ok := d.Account(id); !ok || s.Grants.Len() != grants {
			b.Fatal("grants are missing")
		}
		d.Close()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func processor(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// resident is what the kernel holds in memory for this process, less the pages of mapped files, which it may drop at any time.
func resident(b *testing.B) int {
	b.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			if err != nil {
				b.Fatal(err)
			}
			return kib << 10
		}
	}
	return 0
}

// fill writes an account in the layout of the store, past the directory: through the door it would take an hour.
func fill(b *testing.B, client *clientv3.Client, grants int) string {
	b.Helper()
	cfg := config(b)
	cfg.Client = client
	d := open(b, cfg)
	id := found(b, d, "large")
	s, _ := d.Account(id)
	d.Close()
	bulk := newBulk(b, client)
	at := pratique.At(time.Now())
	meta := func(kind pratique.Kind, n int) pratique.Meta {
		return pratique.Meta{ID: at.NewID(kind), Name: fmt.Sprintf("%s-%07d", kind.Word(), n), Created: pratique.TimestampOf(at.Time), Updated: pratique.TimestampOf(at.Time), Generation: 2}
	}
	objects := s.Projects.Len() + s.EnterpriseProjects.Len() + s.Sessions.Len() + 1
	put := func(kind pratique.Kind, m pratique.Meta, o any) {
		objects++
		bulk.put(prefix(b)+"/data/"+id+"/"+string(kind)+"/"+m.ID, o)
	}
	var users, groups, policies []string
	for n := range grants / 50 {
		u := &pratique.User{Meta: meta(pratique.KindUser, n)}
		users = append(users, u.ID)
		put(pratique.KindUser, u.Meta, u)
	}
	for n := range grants / 100 {
		g := &pratique.Group{Meta: meta(pratique.KindGroup, n)}
		for i := range 8 {
			g.Members = append(g.Members, users[(n*8+i)%len(users)])
		}
		slices.Sort(g.Members)
		g.Members = slices.Compact(g.Members)
		groups = append(groups, g.ID)
		put(pratique.KindGroup, g.Meta, g)
	}
	for n := range grants / 10 {
		p := &pratique.Policy{Meta: meta(pratique.KindPolicy, n), Default: "v1"}
		var st []string
		for i := range 4 {
			st = append(st, fmt.Sprintf(`{"Action":["cs:Describe%d","cs:Get%d*","cs:ScaleCluster"],"Effect":"Allow","Resource":["acs:cs:*:*:cluster/c%d-%d"]}`, i, n, n, i))
		}
		p.Versions = []pratique.PolicyVersion{{ID: "v1", Document: []byte(`{"Statement":[` + strings.Join(st, ",") + `],"Version":"1"}`)}}
		policies = append(policies, p.ID)
		put(pratique.KindPolicy, p.Meta, p)
	}
	region, _ := s.Projects.Name(rules.Regions[0])
	for n := range grants {
		g := &pratique.Grant{Meta: meta(pratique.KindGrant, n), Policy: policies[n%len(policies)]}
		g.Principal = pratique.Ref{Kind: pratique.KindGroup, ID: groups[n*7919%len(groups)]}
		g.Scope = pratique.Scope{Kind: pratique.ScopeProject, ID: region.ID}
		if n%2 == 0 {
			g.Principal = pratique.Ref{Kind: pratique.KindUser, ID: users[n*7919%len(users)]}
			g.Scope = pratique.Scope{Kind: pratique.ScopeAccount}
		}
		put(pratique.KindGrant, g.Meta, g)
	}
	bulk.finish()
	if _, err := client.Put(b.Context(), prefix(b)+"/head/"+id, fmt.Sprintf(`{"generation":2,"audit":%q,"objects":%d}`, s.AuditHead, objects)); err != nil {
		b.Fatal(err)
	}
	return id
}

// bulk writes keys in full transactions, several at a time.
type bulk struct {
	b    *testing.B
	ops  []clientv3.Op
	txns chan []clientv3.Op
	wg   sync.WaitGroup
}

func newBulk(b *testing.B, client *clientv3.Client) *bulk {
	b.Helper()
	w := &bulk{b: b, txns: make(chan []clientv3.Op)}
	for range 8 {
		w.wg.Go(func() {
			for ops := range w.txns {
				if _, err := client.Txn(context.Background()).Then(ops...).Commit(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	return w
}

func (w *bulk) put(key string, o any) {
	data, err := pratique.Encode(o)
	if err != nil {
		w.b.Fatal(err)
	}
	if w.ops = append(w.ops, clientv3.OpPut(key, string(data))); len(w.ops) == 120 {
		w.txns <- w.ops
		w.ops = nil
	}
}

func (w *bulk) finish() {
	if len(w.ops) > 0 {
		w.txns <- w.ops
	}
	close(w.txns)
	w.wg.Wait()
}

// BenchmarkPropagation measures from the answer to a change on one server until another decides by it.
func BenchmarkPropagation(b *testing.B) {
	writer, reader := open(b, config(b)), open(b, config(b))
	id := found(b, writer, "acme")
	waitFor(b, reader, id, 1)
	var delays []time.Duration
	n := 0
	for b.Loop() {
		n++
		s := update(b, writer, id, making(manifest(pratique.KindUser, "alice", fmt.Sprintf(`{"description":"%d"}`, n))))
		answered := time.Now()
		waitFor(b, reader, id, s.Generation)
		delays = append(delays, time.Since(answered))
	}
	slices.Sort(delays)
	b.ReportMetric(float64(delays[len(delays)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(delays[len(delays)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(delays[len(delays)-1].Microseconds()), "max-µs")
}

// BenchmarkUpdate measures changes of one account by one writer, and by 64 whose changes share transactions.
func BenchmarkUpdate(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			d := open(b, config(b))
			id := found(b, d, "acme")
			next := make(chan int)
			var wg sync.WaitGroup
			for w := range writers {
				wg.Go(func() {
					for n := range next {
						f := making(manifest(pratique.KindUser, fmt.Sprintf("u%d", w), fmt.Sprintf(`{"description":"%d"}`, n)))
						if _, err := d.Update(b.Context(), id, f); err != nil {
							b.Error(err)
						}
					}
				})
			}
			n := 0
			for b.Loop() {
				n++
				next <- n
			}
			close(next)
			wg.Wait()
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "changes/s")
		})
	}
}
