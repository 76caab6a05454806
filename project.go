package pratique

import "slices"

// Project is a region's isolation unit (an IAM project). Every region has a default one that bears its name.
type Project struct {
	Meta
	ProjectSpec
}

func (*Project) kind() Kind { return KindProject }

// ProjectSpec is what a manifest says of a project.
type ProjectSpec struct {
	Region      string `json:"region,omitempty"` // empty: the project's name is that of a region
	Description string `json:"description,omitempty"`
}

// Default reports whether this is the project that every region has.
func (p *Project) Default() bool { return p.Name == p.Region }

func (e *editor) putProject(m Manifest) error {
	own := len(e.plan.Needs)
	old, exists, err := find(e, e.Projects, m, "project")
	if err != nil {
		return err
	}
	p := &Project{Meta: Meta{Name: m.Metadata.Name}}
	if err := decodeSpec(m, &p.ProjectSpec); err != nil {
		return err
	}
	if p.Region == "" {
		p.Region = e.regionOf(p.Name)
	}
	if !slices.Contains(e.rules.Regions, p.Region) {
		return invalid("region %q of project %q is not known", p.Region, p.Name).hint("regions of this server: %v", e.rules.Regions)
	}
	if err := checkText("description", p.Description, 1024); err != nil {
		return err
	}
	if !exists {
		e.stamp(&p.Meta, nil, KindProject)
		e.Projects.set(p)
		e.write(Create, p, diff(nil, p.ProjectSpec))
		return nil
	}
	if old.Default() && old.Name != p.Name {
		return conflict("project %q is the default of its region and keeps its name", old.Name)
	}
	if old.Region != p.Region {
		return invalid("project %q is in region %s and cannot move to %s", old.Name, old.Region, p.Region)
	}
	fields := renamed(old.Name, p.Name, diff(old.ProjectSpec, p.ProjectSpec))
	if len(fields) == 0 {
		e.unchanged(old, "project", own)
		return nil
	}
	e.stamp(&p.Meta, &old.Meta, KindProject)
	e.Projects.set(p)
	e.write(Update, p, fields)
	return nil
}

// regionOf derives the region from a project's name: Huawei calls a subproject "<region>_<name>".
func (e *editor) regionOf(name string) string {
	for _, r := range e.rules.Regions {
		if name == r || len(name) > len(r) && name[:len(r)] == r && name[len(r)] == '_' {
			return r
		}
	}
	return name
}

func (e *editor) deleteProject(c Delete) error {
	e.need("project.delete", "name", c.Name)
	p, ok := e.Projects.Find(c.Name)
	if !ok {
		return notFound(KindProject, c.Name)
	}
	if p.Default() {
		return conflict("project %q is the default of its region and cannot be deleted", p.Name)
	}
	var h holders
	if err := e.clustersStay(p.Name, func(c *Cluster) string { return c.Project }, p.ID); err != nil {
		return err
	}
	e.heldByGrants(&h, e.GrantsIn(p.ID))
	if err := h.refuse(c, p.Name); err != nil {
		return err
	}
	e.dropGrants(e.GrantsIn(p.ID))
	e.Projects.remove(p)
	e.write(Remove, p, nil)
	return nil
}
