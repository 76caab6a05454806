package pratique

// Proposed is a change that is worked out only when it is made, from the directory as it is then: what somebody else has done meanwhile is
// neither repeated nor overwritten, and what they have undone is proposed anew. When there is nothing left to do, it changes nothing.
//
// From must depend on the snapshot alone, and may not keep it from being collected.
type Proposed struct {
	From func(*Snapshot) ([]Change, error)
}

func (c Proposed) apply(e *editor) error {
	// A copy: whoever reads a snapshot may take it for one that never changes again, and the editor's does.
	changes, err := c.From(e.clone())
	if err != nil {
		return err
	}
	for _, change := range ordered(changes) {
		if err := change.apply(e); err != nil {
			return err
		}
	}
	return nil
}
