package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const record = "account/account-a/AccessKey/PAK1"

func TestSealedValueOpensAgain(t *testing.T) {
	t.Parallel()
	path := keyFile(t)
	s := must(Create(path))(t)
	for _, plain := range []string{"", "x", strings.Repeat("long ", 10_000)} {
		sealed := must(s.Seal([]byte(plain), record))(t)
		opens(t, s, sealed, plain)
		opens(t, must(Open(path))(t), sealed, plain) // after a restart
		if len(plain) > 8 && bytes.Contains(sealed, []byte(plain)) {
			t.Error("the sealed value shows the secret")
		}
	}
}

func TestSameSecretIsSealedDifferentlyEachTime(t *testing.T) {
	t.Parallel()
	s := must(Create(keyFile(t)))(t)
	if bytes.Equal(must(s.Seal([]byte("x"), record))(t), must(s.Seal([]byte("x"), record))(t)) {
		t.Error("two seals of one secret are equal: somebody can tell that two users share it")
	}
}

func TestValueMovedToAnotherRecordIsRefused(t *testing.T) {
	t.Parallel()
	s := must(Create(keyFile(t)))(t)
	sealed := must(s.Seal([]byte("secret"), record))(t)
	for _, path := range []string{"account/account-a/AccessKey/PAK2", "account/account-b/AccessKey/PAK1", record + "/", ""} {
		refuses(t, s, sealed, path)
	}
	if _, err := s.Seal([]byte("secret"), ""); err == nil {
		t.Error("a value was sealed to no record")
	}
}

func TestTamperedValueIsRefused(t *testing.T) {
	t.Parallel()
	s := must(Create(keyFile(t)))(t)
	sealed := must(s.Seal([]byte("secret"), record))(t)
	for i := range sealed {
		broken := bytes.Clone(sealed)
		broken[i] ^= 1
		refuses(t, s, broken, record)
		refuses(t, s, sealed[:i], record)
	}
	refuses(t, s, append(bytes.Clone(sealed), 0), record)
	refuses(t, s, nil, record)
}

func TestValueOfAnotherKeyFileIsRefusedWithTheFileNamed(t *testing.T) {
	t.Parallel()
	ours, theirs := keyFile(t), keyFile(t)
	sealed := must(must(Create(theirs))(t).Seal([]byte("secret"), record))(t)
	_, err := must(Create(ours))(t).Unseal(sealed, record)
	if !errors.Is(err, ErrNotOpened) || !strings.Contains(err.Error(), "not in "+ours) {
		t.Errorf("error %v", err)
	}
}

func TestRotationSealsWithANewKeyAndOpensWithTheOld(t *testing.T) {
	t.Parallel()
	path := keyFile(t)
	s := must(Create(path))(t)
	var sealed [][]byte
	for i := range 4 {
		sealed = append(sealed, must(s.Seal(fmt.Append(nil, i), record))(t))
		if err := s.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	ids := map[uint32]bool{}
	for i, value := range sealed {
		opens(t, s, value, fmt.Sprint(i))
		opens(t, must(Open(path))(t), value, fmt.Sprint(i))
		id, _ := keyOf(value)
		ids[id] = true
	}
	if len(ids) != 4 || s.Count() != 5 {
		t.Errorf("%d keys sealed four values, %d keys are in the file; want 4 and 5", len(ids), s.Count())
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o400 {
		t.Errorf("after rotation the mode is %v (%v); want 0400", info.Mode(), err)
	}
}

func TestTwoRotatorsLoseNoKey(t *testing.T) {
	t.Parallel()
	path := keyFile(t)
	first := must(Create(path))(t)
	second := must(Open(path))(t)
	var wg sync.WaitGroup
	values := make(chan []byte, 20)
	for _, s := range []*Sealer{first, second} {
		wg.Go(func() {
			for range 10 {
				if err := s.Rotate(); err != nil {
					t.Error(err)
				}
				v, err := s.Seal([]byte("secret"), record)
				if err != nil {
					t.Error(err)
				}
				values <- v
			}
		})
	}
	wg.Wait()
	close(values)
	s := must(Open(path))(t)
	if s.Count() != 21 {
		t.Errorf("the file holds %d keys; want 21", s.Count())
	}
	for v := range values {
		opens(t, s, v, "secret")
	}
}

func TestSealingGoesOnDuringRotation(t *testing.T) {
	t.Parallel()
	s := must(Create(keyFile(t)))(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				sealed, err := s.Seal([]byte("secret"), record)
				if err != nil {
					t.Error(err)
					return
				}
				if plain, err := s.Unseal(sealed, record); err != nil || string(plain) != "secret" {
					t.Errorf("Unseal = %q, %v", plain, err)
				}
			}
		})
	}
	for range 5 {
		if err := s.Rotate(); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}

func TestRotationFollowsALinkToTheFile(t *testing.T) {
	t.Parallel()
	path, link := keyFile(t), keyFile(t)
	must(Create(path))(t)
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := must(Open(link))(t).Rotate(); err != nil {
		t.Fatal(err)
	}
	if n := must(Open(path))(t).Count(); n != 2 {
		t.Errorf("the file behind the link holds %d keys; want 2", n)
	}
}

func TestCreateNeverReplacesAKeyFile(t *testing.T) {
	t.Parallel()
	path := keyFile(t)
	sealed := must(must(Create(path))(t).Seal([]byte("secret"), record))(t)
	if _, err := Create(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error %v; want fs.ErrExist", err)
	}
	opens(t, must(OpenOrCreate(path))(t), sealed, "secret")
}

func TestManyFirstStartsShareOneKey(t *testing.T) {
	t.Parallel()
	path := keyFile(t)
	var wg sync.WaitGroup
	values := make(chan []byte, 8)
	for range 8 {
		wg.Go(func() {
			s, err := OpenOrCreate(path)
			if err != nil {
				t.Error(err)
				return
			}
			v, err := s.Seal([]byte("secret"), record)
			if err != nil {
				t.Error(err)
			}
			values <- v
		})
	}
	wg.Wait()
	close(values)
	s := must(Open(path))(t)
	for v := range values {
		opens(t, s, v, "secret")
	}
}

func TestUnusableKeyFilesAreRefused(t *testing.T) {
	t.Parallel()
	good := string(must(os.ReadFile(createdFile(t)))(t))
	for name, c := range map[string]struct {
		content string
		mode    fs.FileMode
		want    string
	}{
		"empty":               {"", 0o400, "is empty"},
		"not JSON":            {"hunter2", 0o400, "does not hold keys"},
		"no keys":             {"{}", 0o400, "does not hold keys"},
		"cut off":             {good[:len(good)/2], 0o400, "does not hold keys"},
		"followed by more":    {good + good, 0o400, "does not hold keys"},
		"primary not there":   {`{"primaryKeyId":7,"key":[]}`, 0o400, "does not hold keys"},
		"of a length of zero": {strings.Replace(good, `"value":"`, `"value":"","x":"`, 1), 0o400, "does not hold keys"},
		"others may read it":  {good, 0o444, "run: chmod 0400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := keyFile(t)
			if err := os.WriteFile(path, []byte(c.content), c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := OpenOrCreate(path)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Fatalf("error %v; want %q and the path", err, c.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the error quotes the file")
			}
		})
	}
}

func TestMissingKeyFileIsToldApart(t *testing.T) {
	t.Parallel()
	if _, err := Open(keyFile(t)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v; want fs.ErrNotExist", err)
	}
}

func FuzzUnsealRefusesWhatWasNotSealed(f *testing.F) {
	s, err := Create(filepath.Join(f.TempDir(), "kek"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{1, 0, 0, 0, 0}, record)
	f.Fuzz(func(t *testing.T, sealed []byte, path string) {
		if plain, err := s.Unseal(sealed, path); err == nil {
			t.Errorf("opened to %q", plain)
		}
	})
}

func keyFile(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "kek")
}

func createdFile(t *testing.T) string {
	t.Helper()
	path := keyFile(t)
	must(Create(path))(t)
	return path
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func opens(t *testing.T, s *Sealer, sealed []byte, want string) {
	t.Helper()
	if got, err := s.Unseal(sealed, record); err != nil || string(got) != want {
		t.Errorf("Unseal = %.20q, %v; want %.20q", got, err, want)
	}
}

func refuses(t *testing.T, s *Sealer, sealed []byte, path string) {
	t.Helper()
	if got, err := s.Unseal(sealed, path); !errors.Is(err, ErrNotOpened) || got != nil {
		t.Errorf("Unseal for %q = %q, %v; want ErrNotOpened", path, got, err)
	}
}
