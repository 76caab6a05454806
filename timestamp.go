package pratique

import (
	"fmt"
	"time"
)

// Timestamp is a point in time as objects hold it: nanoseconds since 1970 in UTC, zero for none. A time.Time says more and takes 24 bytes, of
// which each of a million grants would hold two. As text it is that of RFC 3339, as a time.Time is.
type Timestamp int64

// TimestampOf is the timestamp of a time between 1678 and 2262; zero of the zero time.
func TimestampOf(t time.Time) Timestamp {
	if t.IsZero() {
		return 0
	}
	return Timestamp(t.UnixNano())
}

// Time is the timestamp as a time in UTC; the zero time of none.
func (t Timestamp) Time() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(t)).UTC()
}

// IsZero reports whether it is none.
func (t Timestamp) IsZero() bool { return t == 0 }

// AppendText writes RFC 3339 with as many digits as there are.
func (t Timestamp) AppendText(b []byte) ([]byte, error) { return t.Time().AppendText(b) }

// MarshalText writes what AppendText does.
func (t Timestamp) MarshalText() ([]byte, error) { return t.Time().MarshalText() }

// UnmarshalText reads RFC 3339. What is before 1678 or after 2262 is refused, but for the zero time.
func (t *Timestamp) UnmarshalText(b []byte) error {
	var v time.Time
	if err := v.UnmarshalText(b); err != nil {
		return err
	}
	if y := v.Year(); !v.IsZero() && (y < 1679 || y > 2261) {
		return fmt.Errorf("%s is not between the years 1679 and 2261", b)
	}
	*t = TimestampOf(v)
	return nil
}
