package release

import (
	"errors"
	"testing"
)

func TestErrorsOfManyPartsAreOneLineThatSaysEachThingOnce(t *testing.T) {
	t.Parallel()
	gone, slow := errors.New("cluster prod is hibernated"), errors.New("it does not answer")
	there := &Target{Cluster: "prod"}
	for _, c := range []struct {
		parts []error
		want  string
	}{
		{[]error{gone, nil}, "cluster prod is hibernated"},
		{[]error{gone, slow, gone, gone}, "cluster prod is hibernated (and the same of 2 more); it does not answer"},
		{[]error{gone, slow, errors.New("a"), errors.New("b"), errors.New("c")}, "cluster prod is hibernated; it does not answer; a; and 2 more"},
		{[]error{there.failed("delete a", gone), there.failed("delete b", gone)}, there.failed("delete a", gone).Error() + " (and the same of 1 more)"},
	} {
		err := together(c.parts...)
		if err.Error() != c.want || !errors.Is(err, gone) {
			t.Errorf("got %q, want %q", err, c.want)
		}
	}
	if err := together(nil, nil); err != nil {
		t.Errorf("where nothing failed, there is the error %v", err)
	}
}
