package catalog

import (
	"fmt"
	"io/fs"
	"path"

	"github.com/pratique-iam/pratique/policy"
)

// operationGroup is how the files say once what the operations on one noun have in common.
type operationGroup struct {
	Kind              string      `json:"kind"`
	ClusterTypes      []string    `json:"clusterTypes,omitempty"`
	EnterpriseProject bool        `json:"enterpriseProject,omitzero"`
	HuaweiResource    string      `json:"huaweiResource,omitempty"`
	RAMResource       string      `json:"ramResource,omitempty"`
	Operations        []Operation `json:"operations"`
}

func (c *Catalog) readOperations(files fs.FS) error {
	names, err := fs.Glob(files, "data/operations/*.yaml")
	if err != nil {
		return fmt.Errorf("catalogue: operations: %w", err)
	}
	for _, name := range names {
		var file struct{ Groups []operationGroup }
		if err := decode(files, path.Join("operations", path.Base(name)), &file); err != nil {
			return err
		}
		for _, g := range file.Groups {
			for _, o := range g.Operations {
				c.Operations = append(c.Operations, g.complete(o))
			}
		}
	}
	return nil
}

// complete gives an operation what its group says and it does not.
func (g *operationGroup) complete(o Operation) Operation {
	if o.Kind == "" {
		o.Kind = g.Kind
	}
	if o.ClusterTypes == nil {
		o.ClusterTypes = g.ClusterTypes
	}
	if o.HuaweiResource == "" && o.Huawei != "" {
		o.HuaweiResource = g.HuaweiResource
	}
	if o.RAMResource == "" && o.RAM != "" {
		o.RAMResource = g.RAMResource
	}
	o.EnterpriseProject = o.EnterpriseProject || g.EnterpriseProject
	if o.Requires != nil {
		required := *o.Requires
		required.Dialect = required.dialect()
		o.Requires = &required
	}
	return o
}

// dialect is that of the actions; system roles that are held are Huawei's.
func (r *Requirement) dialect() policy.Dialect {
	if len(r.Actions) > 0 {
		return policy.DialectOf(r.Actions[0])
	}
	return policy.Huawei
}
