package pratique_test

import (
	"testing"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/strictjson"
)

func TestATimestampIsWrittenAndReadAsATimeIs(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{{}, noon, noon.Add(time.Millisecond), time.Date(1969, 7, 20, 20, 17, 40, 123456789, time.UTC), time.Date(2261, 12, 31, 0, 0, 0, 0, time.UTC)} {
		type holder struct {
			At pratique.Timestamp `json:"at,omitzero"`
		}
		type plain struct {
			At time.Time `json:"at,omitzero"`
		}
		ours, err := strictjson.Marshal(holder{pratique.TimestampOf(at)})
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := strictjson.Marshal(plain{at})
		if err != nil {
			t.Fatal(err)
		}
		if string(ours) != string(theirs) {
			t.Errorf("%s is written %s, not %s", at, ours, theirs)
		}
		var back holder
		if err := strictjson.Unmarshal(theirs, &back); err != nil || !back.At.Time().Equal(at) {
			t.Errorf("%s is read as %s: %v", theirs, back.At.Time(), err)
		}
	}
}

func TestATimestampRefusesWhatItCannotHold(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"2262-04-12T00:00:00Z", "1677-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "noon", ""} {
		var at pratique.Timestamp
		if err := at.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %s", text, at.Time())
		}
	}
}
