package pratique

// Chart is a Helm chart that was uploaded. Its name is "<chart>-<version>"; its archive is kept in the store under the digest, outside the
// snapshot: archives are large and rarely read.
type Chart struct {
	Meta
	Chart       string `json:"chart"`
	Version     string `json:"version"`
	AppVersion  string `json:"appVersion,omitempty"`
	Description string `json:"description,omitempty"`
	Digest      string `json:"digest"` // SHA-256 of the archive, hex
	Size        int    `json:"size"`   // of the archive, bytes
}

func (*Chart) kind() Kind { return KindChart }

// ChartName is what a chart of a version is called.
func ChartName(chart, version string) string { return chart + "-" + version }

// MaxCharts is how many charts an account may keep: a gigabyte of archives at most.
const MaxCharts = 100

// UploadChart adds a chart, or replaces the archive of the same version when Replace is set.
type UploadChart struct {
	Chart   Chart // Meta is filled in
	Replace bool
}

func (c UploadChart) apply(e *editor) error {
	n := c.Chart
	n.Name = ChartName(n.Chart, n.Version)
	operation := "chart.upload"
	if c.Replace {
		operation = "chart.update"
	}
	e.needAnywhere(operation, n.Name)
	if err := checkText("description", n.Description, 4096); err != nil {
		return err
	}
	old, exists := e.Charts.Name(n.Name)
	switch {
	case exists && old.Digest == n.Digest:
		e.write(Unchanged, old, nil)
		return nil
	case exists && !c.Replace:
		return conflict("chart %s exists with other content", n.Name).hint("give it another version, or replace it with: pratique chart update")
	case !exists && c.Replace:
		return notFound(KindChart, n.Name).hint("upload it with: pratique chart upload")
	case !exists && e.Charts.Len() >= MaxCharts:
		return conflict("the account keeps %d charts, and may not keep more", MaxCharts).hint("delete some first")
	}
	verb := Create
	var before *Meta
	if exists {
		verb, before = Update, &old.Meta
	}
	e.stamp(&n.Meta, before, KindChart)
	e.Charts.set(&n)
	e.write(verb, &n, diff(nil, struct {
		Digest string `json:"digest"`
	}{n.Digest}))
	return nil
}

// DeleteChart removes a chart, by name or id. What was installed from it stays.
type DeleteChart struct{ Name string }

func (c DeleteChart) apply(e *editor) error {
	old, ok := e.Charts.Find(c.Name)
	if !ok {
		e.needAnywhere("chart.delete", c.Name)
		return notFound(KindChart, c.Name)
	}
	e.needAnywhere("chart.delete", old.Name)
	for t := range e.AddonTemplates.All() {
		for _, v := range t.Spec.Versions {
			if Fold(v.Chart) == Fold(old.Name) {
				return conflict("chart %s belongs to version %s of add-on %s", old.Name, v.Version, t.Name).hint("unregister the add-on first")
			}
		}
	}
	e.Charts.remove(old)
	e.write(Remove, old, nil)
	return nil
}
