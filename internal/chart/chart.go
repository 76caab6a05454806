package chart

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
)

// Chart is an archive that has passed the checks.
type Chart struct {
	Name        string
	Version     string
	AppVersion  string
	Description string
	Digest      string // SHA-256 of the archive, hex
	Size        int    // of the archive, bytes
	Library     bool   // it holds what other charts use, and cannot be installed

	helm *v2.Chart
}

// Helm is the chart as Helm keeps it in the record of a release. Rendering changes it: open the archive again instead of using it twice.
func (c *Chart) Helm() *v2.Chart { return c.helm }

// named is what a chart may be called: it becomes part of names and addresses.
var named = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// Open checks an archive and reads it. Every error wraps pratique.ErrInvalid and names the file and the limit, or what is missing.
func Open(data []byte) (*Chart, error) {
	files, err := unpack(data)
	if err != nil {
		return nil, err
	}
	c, err := loader.LoadFiles(files)
	if err != nil {
		return nil, refuse("this is no chart: %v", err)
	}
	if err := check(c); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	m := c.Metadata
	return &Chart{
		Name: m.Name, Version: m.Version, AppVersion: m.AppVersion, Description: clip(m.Description, 1000),
		Digest: hex.EncodeToString(sum[:]), Size: len(data), Library: m.Type == "library", helm: c,
	}, nil
}

// check looks at the metadata of a chart and of those in it.
func check(c *v2.Chart) error {
	m := c.Metadata
	switch {
	case m.APIVersion != v2.APIVersionV1 && m.APIVersion != v2.APIVersionV2:
		return refuse("chart %s has apiVersion %s, and v1 or v2 is expected", quoted(m.Name), quoted(m.APIVersion))
	case !named.MatchString(m.Name):
		return refuse("%s is no name of a chart: letters, digits, and . _ - between them", quoted(m.Name))
	case len(m.Version) > 100 || len(m.AppVersion) > 100:
		return refuse("a version of chart %s is longer than 100 characters", m.Name)
	}
	if _, err := semver.StrictNewVersion(strings.TrimPrefix(m.Version, "v")); err != nil {
		return refuse("chart %s has version %s, which is no semantic version such as 1.2.3", m.Name, quoted(m.Version))
	}
	for _, d := range m.Dependencies {
		there := slices.ContainsFunc(c.Dependencies(), func(sub *v2.Chart) bool { return sub.Name() == d.Name })
		if !there {
			return refuse("chart %s depends on chart %s, which is not in its charts/: nothing is fetched; run helm dependency build before helm package", m.Name, quoted(d.Name))
		}
	}
	for _, sub := range c.Dependencies() {
		if err := check(sub); err != nil {
			return err
		}
	}
	return nil
}

func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
