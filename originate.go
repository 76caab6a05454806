package pratique

// Originate applies changes on behalf of something and marks what they create with it, so that the same thing can take away later exactly
// what it brought. What exists already keeps its mark, or its lack of one.
type Originate struct {
	Origin  string // "addon/mse-ingress-controller", or with the cluster that it concerns: "addon/mse-ingress-controller@c-…"
	Changes []Change
}

func (c Originate) apply(e *editor) error {
	outer := e.origin
	e.origin = c.Origin
	defer func() { e.origin = outer }()
	for _, change := range ordered(c.Changes) {
		if err := change.apply(e); err != nil {
			return err
		}
	}
	return nil
}
