package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// What a first build was seen to take, rounded up. Somebody whose caches are warm needs less, but a build that stops at a full disk leaves
// a machine nobody can work on.
const (
	spaceModules  = 3 << 29 // sources, in Go's module cache
	spaceObjects  = 4 << 30 // compiled packages, in Go's build cache
	spacePrograms = 1 << 30 // the programs, and the linker's scratch files
)

// demand is room for something in a directory.
type demand struct {
	dir   string
	bytes int64
}

// checkSpace adds up what is wanted on each disk, and refuses when one has less. A file system that does not tell is trusted.
func checkSpace(demands []demand, free func(dir string) (int64, error)) error {
	type disk struct {
		dir  string
		want int64
	}
	disks := map[uint64]*disk{}
	for _, d := range demands {
		dir, id, err := nearest(d.dir)
		if err != nil {
			return err
		}
		if disks[id] == nil {
			disks[id] = &disk{dir: dir}
		}
		disks[id].want += d.bytes
	}
	for _, d := range disks {
		have, err := free(d.dir)
		if err == nil && have < d.want {
			return fmt.Errorf("the disk of %s has %s free, and a build may need %s; make room, or choose other places with -out, "+
				"GOCACHE and GOMODCACHE", d.dir, size(have), size(d.want))
		}
	}
	return nil
}

// nearest finds the first directory at or above a path that exists, and the disk that it is on.
func nearest(dir string) (string, uint64, error) {
	for {
		info, err := os.Stat(dir)
		if err == nil {
			st, ok := info.Sys().(*syscall.Stat_t)
			if !ok {
				return "", 0, fmt.Errorf("the disk of %s cannot be told on this system", dir)
			}
			return dir, st.Dev, nil
		}
		if up := filepath.Dir(dir); up != dir {
			dir = up
			continue
		}
		return "", 0, err
	}
}

func freeSpace(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * st.Bsize, nil //nolint:gosec // no disk has 8 EiB
}

func size(n int64) string {
	if n < 1<<30 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}
