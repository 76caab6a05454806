package pratique

// EnterpriseProject is a logical group of resources across regions; RAM calls it a resource group.
type EnterpriseProject struct {
	Meta
	EnterpriseProjectSpec
}

func (*EnterpriseProject) kind() Kind { return KindEnterpriseProject }

// DefaultEnterpriseProject is the name of the one that every account has; resources without another belong to it.
const DefaultEnterpriseProject = "default"

// EnterpriseProjectSpec is what a manifest says of an enterprise project.
type EnterpriseProjectSpec struct {
	Description string `json:"description,omitempty"`
}

func (e *editor) putEnterpriseProject(m Manifest) error {
	own := len(e.plan.Needs)
	old, exists, err := find(e, e.EnterpriseProjects, m, "enterpriseProject")
	if err != nil {
		return err
	}
	p := &EnterpriseProject{Meta: Meta{Name: m.Metadata.Name}}
	if err := decodeSpec(m, &p.EnterpriseProjectSpec); err != nil {
		return err
	}
	if err := checkText("description", p.Description, 512); err != nil {
		return err
	}
	if !exists {
		e.stamp(&p.Meta, nil, KindEnterpriseProject)
		e.EnterpriseProjects.set(p)
		e.write(Create, p, diff(nil, p.EnterpriseProjectSpec))
		return nil
	}
	if old.Name == DefaultEnterpriseProject && p.Name != old.Name {
		return conflict("enterprise project %q keeps its name", old.Name)
	}
	fields := renamed(old.Name, p.Name, diff(old.EnterpriseProjectSpec, p.EnterpriseProjectSpec))
	if len(fields) == 0 {
		e.unchanged(old, "enterpriseProject", own)
		return nil
	}
	e.stamp(&p.Meta, &old.Meta, KindEnterpriseProject)
	e.EnterpriseProjects.set(p)
	e.write(Update, p, fields)
	return nil
}

func (e *editor) deleteEnterpriseProject(c Delete) error {
	e.need("enterpriseProject.delete", "name", c.Name)
	p, ok := e.EnterpriseProjects.Find(c.Name)
	if !ok {
		return notFound(KindEnterpriseProject, c.Name)
	}
	if p.Name == DefaultEnterpriseProject {
		return conflict("enterprise project %q belongs to every account and cannot be deleted", p.Name)
	}
	var h holders
	if err := e.clustersStay(p.Name, func(c *Cluster) string { return c.EnterpriseProject }, p.ID); err != nil {
		return err
	}
	e.heldByGrants(&h, e.GrantsIn(p.ID))
	if err := h.refuse(c, p.Name); err != nil {
		return err
	}
	e.dropGrants(e.GrantsIn(p.ID))
	e.EnterpriseProjects.remove(p)
	e.write(Remove, p, nil)
	return nil
}
