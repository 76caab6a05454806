package console

import "context"

// overviewPage is where somebody arrives.
type overviewPage struct {
	base
}

func (*overviewPage) template() string { return "overview" }

func (c *Console) overview(_ context.Context, v *visit) (answer, error) {
	return &overviewPage{base: base{v.frame("overview", "Overview")}}, nil
}
