package secretfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestCreatedFileIsReadBackAndIsPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if err := Create(path, []byte("secret")); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil || string(got) != "secret" {
		t.Fatalf("Read = %q, %v", got, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o400 {
		t.Errorf("mode %v, %v; want 0400", info.Mode(), err)
	}
	aloneIn(t, filepath.Dir(path), "key")
}

func TestCreateNeverOverwrites(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("first"), 0o400); err != nil {
		t.Fatal(err)
	}
	if err := Create(path, []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error %v; want fs.ErrExist", err)
	}
	if got, _ := Read(path); string(got) != "first" {
		t.Errorf("the file holds %q now", got)
	}
	aloneIn(t, filepath.Dir(path), "key")
}

func TestOneOfManyCreatorsWins(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	var wg sync.WaitGroup
	wins := make(chan string, 16)
	for i := range 16 {
		wg.Go(func() {
			mine := strings.Repeat(string(rune('a'+i)), 1000)
			if Create(path, []byte(mine)) == nil {
				wins <- mine
			}
		})
	}
	wg.Wait()
	close(wins)
	winner := <-wins
	if _, more := <-wins; more {
		t.Fatal("two creators were told that the file is theirs")
	}
	if got, err := Read(path); err != nil || string(got) != winner {
		t.Errorf("the file is not the winner's: %v", err)
	}
}

func TestReplaceOverwritesAndPublishIsForEverybody(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	for _, text := range []string{"first", "second"} {
		if err := Replace(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path); err != nil || string(got) != text {
			t.Errorf("Read = %q, %v", got, err)
		}
	}
	if err := Publish(path, []byte("public")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v; want 0644", info.Mode(), err)
	}
}

func TestFilesThatOthersCouldUseAreRefused(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{0o440, 0o404, 0o644, 0o660, 0o700, 0o777, 0o500} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "chmod 0400 "+path) {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
}

func TestFileOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only the superuser can give a file away")
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("secret"), 0o400); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 4711, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "belongs to user 4711") {
		t.Errorf("error %v", err)
	}
}

func TestWhatIsNotAKeyFileIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name string, size int) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, make([]byte, size), 0o400); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		file("empty", 0):                "is empty",
		file("huge", limit+1):           "larger than any key file",
		pipe:                            "not a regular file",
		dir:                             "not a regular file",
		filepath.Join(dir, "missing"):   "no such file",
		filepath.Join(dir, "no", "dir"): "no such file",
	} {
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v; want %q and the path", path, err, want)
		}
	}
}

func aloneIn(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("%s holds %v (%v); want %s alone", dir, entries, err, name)
	}
}
