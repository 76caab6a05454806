package catalog

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync"

	"sigs.k8s.io/yaml"

	"github.com/pratique-iam/pratique/policy"
)

//go:embed data
var embedded embed.FS

var load = sync.OnceValues(func() (*Catalog, error) { return read(embedded) }) //nolint:gochecknoglobals // embedded files never change: read once

// Load returns the catalogue, read and cross-checked at the first call. An error means that the program was built with faulty data; it joins
// everything that is wrong. Safe for concurrent use.
func Load() (*Catalog, error) { return load() }

// read builds a catalogue from the files under data.
func read(files fs.FS) (*Catalog, error) {
	c := &Catalog{}
	err := errors.Join(c.readServices(files), c.readClusterTypes(files), c.readOperations(files), c.readPolicies(files), c.readTables(files),
		c.readServiceLinkedRoles(files), c.readAddons(files))
	if err != nil {
		return nil, err
	}
	c.index()
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}

// decode reads one file strictly: unknown and repeated keys are errors.
func decode(files fs.FS, name string, into any) error {
	data, err := fs.ReadFile(files, path.Join("data", name))
	if err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	if err := yaml.UnmarshalStrict(data, into); err != nil {
		return fmt.Errorf("catalogue: %s: %w", name, err)
	}
	return nil
}

func (c *Catalog) readServices(files fs.FS) error {
	var file struct{ Huawei, RAM []Service }
	if err := decode(files, "services.yaml", &file); err != nil {
		return err
	}
	for _, s := range file.Huawei {
		s.Dialect = policy.Huawei
		c.Services = append(c.Services, s)
	}
	for _, s := range file.RAM {
		s.Dialect, s.Level = policy.RAM, Global
		c.Services = append(c.Services, s)
	}
	return nil
}

func (c *Catalog) readClusterTypes(files fs.FS) error {
	var file struct {
		ClusterTypes []ClusterType `json:"clusterTypes"`
	}
	if err := decode(files, "cluster-types.yaml", &file); err != nil {
		return err
	}
	c.ClusterTypes = file.ClusterTypes
	for i := range c.ClusterTypes {
		t := &c.ClusterTypes[i]
		switch t.Provider {
		case "Huawei":
			t.Dialect = policy.Huawei
		case "Alibaba":
			t.Dialect = policy.RAM
		default:
			return fmt.Errorf("catalogue: cluster type %s: unknown provider %q", t.Name, t.Provider)
		}
	}
	return nil
}

func (c *Catalog) readTables(files fs.FS) error {
	var file struct{ Tables []Table }
	err := decode(files, "cce-tables.yaml", &file)
	c.Tables = file.Tables
	return err
}

func (c *Catalog) readServiceLinkedRoles(files fs.FS) error {
	var file struct {
		ServiceLinkedRoles []ServiceLinkedRole `json:"serviceLinkedRoles"`
	}
	err := decode(files, "service-linked-roles.yaml", &file)
	c.ServiceLinkedRoles = file.ServiceLinkedRoles
	return err
}

// readAddons reads data/addons/*.yaml, and the manifests that they name from the directories beside.
func (c *Catalog) readAddons(files fs.FS) error {
	names, err := fs.Glob(files, "data/addons/*.yaml")
	if err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("catalogue: %w", err)
		}
		a, err := ParseAddon(data)
		if err != nil {
			return fmt.Errorf("catalogue: %s: %w", name, err)
		}
		for i, v := range a.Versions {
			text, err := fs.ReadFile(files, path.Join("data/addons", v.Manifests))
			if err != nil {
				return fmt.Errorf("catalogue: %s: %w", name, err)
			}
			a.Versions[i].Manifests = string(text)
		}
		c.Addons = append(c.Addons, a)
	}
	return nil
}

func (c *Catalog) readPolicies(files fs.FS) error {
	var file struct{ Policies []SystemPolicy }
	if err := decode(files, "policies.yaml", &file); err != nil {
		return err
	}
	var problems []error
	for i := range file.Policies {
		if err := readDocument(files, &file.Policies[i]); err != nil {
			problems = append(problems, err)
		}
	}
	c.Policies = file.Policies
	return errors.Join(problems...)
}

func readDocument(files fs.FS, p *SystemPolicy) error {
	name := path.Join("data/policies", p.ID+".json")
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return fmt.Errorf("catalogue: %s: %w", p.Name, err)
	}
	document, err := policy.Parser{Kind: policy.System}.Parse(raw)
	if err != nil {
		return fmt.Errorf("catalogue: %s: %w", name, err)
	}
	p.Raw, p.Document, p.Dialect = raw, document, document.Dialect
	return nil
}
