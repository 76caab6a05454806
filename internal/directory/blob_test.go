package directory_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/directory"
)

func noise(tb testing.TB, size int) []byte {
	tb.Helper()
	data := make([]byte, size)
	if _, err := rand.Read(data); err != nil {
		tb.Fatal(err)
	}
	return data
}

func TestArchivesComeBackAsTheyWereKept(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	for _, size := range []int{1, 512 << 10, 512<<10 + 1, directory.MaxBlob} {
		data := noise(t, size)
		digest := directory.Digest(data)
		for range 2 { // the second time it is there already
			if err := d.PutBlob(t.Context(), "1", digest, data); err != nil {
				t.Fatal(err)
			}
		}
		got, err := d.Blob(t.Context(), "1", digest)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes came back as %d, %v", size, len(got), err)
		}
		if _, err := d.Blob(t.Context(), "2", digest); !errors.Is(err, pratique.ErrNotFound) {
			t.Errorf("another account gets %v", err)
		}
	}
}

func TestAnArchiveIsWhatItsDigestSays(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	data := noise(t, 600<<10)
	digest := directory.Digest(data)
	for name, c := range map[string]struct {
		digest string
		data   []byte
	}{
		"of something else": {directory.Digest([]byte("x")), data},
		"no digest":         {"../../head/1", data},
		"empty":             {directory.Digest(nil), nil},
		"too large":         {"", make([]byte, directory.MaxBlob+1)},
	} {
		if err := d.PutBlob(t.Context(), "1", c.digest, c.data); !errors.Is(err, pratique.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := d.PutBlob(t.Context(), "1", digest, data); err != nil {
		t.Fatal(err)
	}
	key := prefix(t) + "/blob/1/" + digest
	for _, tamper := range []clientv3.Op{clientv3.OpPut(key+"/001", "changed"), clientv3.OpDelete(key + "/001"), clientv3.OpPut(key+"/mark", "900000000 1")} {
		if _, err := store.Client.Do(t.Context(), tamper); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Blob(t.Context(), "1", digest); err == nil {
			t.Errorf("%d bytes that were tampered with were returned", len(got))
		}
	}
	for _, digest := range []string{"", "nothing", directory.Digest([]byte("nothing")), "../1"} {
		if _, err := d.Blob(t.Context(), "1", digest); !errors.Is(err, pratique.ErrNotFound) {
			t.Errorf("%q gives %v", digest, err)
		}
	}
}

func TestOnlyForgottenArchivesAreSweptAway(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	now := time.Now()
	cfg.Now = func() time.Time { return now }
	d := open(t, cfg)
	put := func(text string) string {
		digest := directory.Digest([]byte(text))
		if err := d.PutBlob(t.Context(), "1", digest, []byte(text)); err != nil {
			t.Fatal(err)
		}
		return digest
	}
	used, forgotten, again := put("used"), put("forgotten"), put("uploaded again")
	now = now.Add(2 * time.Hour)
	fresh := put("fresh")
	put("uploaded again")
	before := now.Add(-time.Hour)
	if n, err := d.DropBlobs(t.Context(), "1", map[string]bool{used: true}, before); n != 1 || err != nil {
		t.Errorf("%d were dropped, %v", n, err)
	}
	for digest, there := range map[string]bool{used: true, forgotten: false, again: true, fresh: true} {
		if _, err := d.Blob(t.Context(), "1", digest); (err == nil) != there {
			t.Errorf("%s: %v", digest, err)
		}
	}
	if left, err := store.Client.Get(t.Context(), prefix(t)+"/blob/1/"+forgotten, clientv3.WithPrefix(), clientv3.WithCountOnly()); err != nil || left.Count != 0 {
		t.Errorf("%d keys are left", left.Count)
	}
}

// An archive that has been forgotten for long, and is uploaded again while it is swept away, is there afterwards.
func TestASweepAndAnUploadAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	var clock atomic.Int64
	clock.Store(time.Now().Unix())
	cfg := config(t)
	cfg.Now = func() time.Time { return time.Unix(clock.Load(), 0) }
	d := open(t, cfg)
	data := noise(t, 3<<20)
	digest := directory.Digest(data)
	for range 5 {
		if err := d.PutBlob(t.Context(), "1", digest, data); err != nil {
			t.Fatal(err)
		}
		now := clock.Add(2 * 3600)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_, _ = d.DropBlobs(t.Context(), "1", nil, time.Unix(now-3600, 0))
				}
			}
		})
		err := d.PutBlob(t.Context(), "1", digest, data)
		close(stop)
		wg.Wait()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Blob(t.Context(), "1", digest); err != nil {
			t.Fatal(err)
		}
	}
}
