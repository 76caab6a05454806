package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

//go:embed etcd.mod etcd.sum kubernetes.mod kubernetes.sum kwok.mod kwok.sum
var moduleFiles embed.FS

// source is a module that binaries are built from, at the version its module file requires.
type source struct {
	file    string // of the module file, without .mod
	path    string // of the module
	version string
	mod     []byte
	sum     []byte
}

// load reads the module files that were compiled in.
func load(file, path string) (source, error) {
	s := source{file: file, path: path}
	var err error
	if s.mod, err = moduleFiles.ReadFile(file + ".mod"); err != nil {
		return source{}, err
	}
	if s.sum, err = moduleFiles.ReadFile(file + ".sum"); err != nil {
		return source{}, err
	}
	required := regexp.MustCompile(`(?m)^(?:require)?\s+` + regexp.QuoteMeta(path) + ` (v\S+)`)
	found := required.FindSubmatch(s.mod)
	if found == nil {
		return source{}, fmt.Errorf("%s.mod does not require %s", file, path)
	}
	s.version = string(found[1])
	return s, nil
}

// binary is one program to build.
type binary struct {
	name   string
	source source
	pkg    string
	stamps []string // variables to set while linking, NAME=VALUE
	ask    []string // arguments that make it print its version
}

// flags are those of go build that shape the program. The tag is the one Kubernetes' own release builds set: without it, gRPC's tracing
// keeps the linker from dropping methods nobody calls.
func (b binary) flags() []string {
	link := []string{"-s", "-w"}
	for _, s := range b.stamps {
		link = append(link, "-X", s)
	}
	return []string{"-trimpath", "-buildvcs=false", "-mod=readonly", "-tags=grpcnotrace", "-ldflags=" + strings.Join(link, " ")}
}

// key tells two builds apart that may give different programs. The version of Go is left out on purpose: who updates Go does not want to
// build Kubernetes again for it.
func (b binary) key() string {
	h := sha256.New()
	for _, part := range append(b.flags(), b.pkg, string(b.source.mod), string(b.source.sum)) {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}

// recipe is everything that is built, cheapest first: what is wrong with the network or the disk shows early.
type recipe struct {
	version  string // of Kubernetes; names the directory
	binaries []binary
	kwok     source
}

func newRecipe() (recipe, error) {
	etcd, err := load("etcd", "go.etcd.io/etcd/server/v3")
	if err != nil {
		return recipe{}, err
	}
	kwok, err := load("kwok", "sigs.k8s.io/kwok")
	if err != nil {
		return recipe{}, err
	}
	kubernetes, err := load("kubernetes", "k8s.io/kubernetes")
	if err != nil {
		return recipe{}, err
	}
	r := recipe{version: kubernetes.version, kwok: kwok, binaries: []binary{
		{name: "etcd", source: etcd, pkg: etcd.path, ask: []string{"--version"}},
		{name: "kwok", source: kwok, pkg: kwok.path + "/cmd/kwok", ask: []string{"--version"}},
	}}
	for _, name := range []string{"kubectl", "kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
		b := binary{name: name, source: kubernetes, pkg: kubernetes.path + "/cmd/" + name, stamps: kubernetesStamps(kubernetes.version)}
		b.ask = []string{"--version"}
		if name == "kubectl" {
			b.ask = []string{"version", "--client"}
		}
		r.binaries = append(r.binaries, b)
	}
	return r, nil
}

// kubernetesStamps are what a release build of Kubernetes sets; without them, the programs call themselves v0.0.0-master and clients that
// look for a version find none. The commit and the date are left empty: a module does not know them.
func kubernetesStamps(version string) []string {
	const pkg = "k8s.io/component-base/version."
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	return []string{
		pkg + "gitVersion=" + version,
		pkg + "gitMajor=" + parts[0],
		pkg + "gitMinor=" + parts[min(1, len(parts)-1)],
		pkg + "gitCommit=",
		pkg + "gitTreeState=clean",
		pkg + "buildDate=1970-01-01T00:00:00Z",
	}
}
