package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/pratique-iam/pratique"
	"github.com/pratique-iam/pratique/internal/directory"
)

// health is the body of the probes.
type health struct {
	OK        bool    `json:"ok"`
	Directory string  `json:"directory,omitempty"` // fresh, stale, degraded, closed
	Age       float64 `json:"ageSeconds,omitzero"` // of what is decided on
}

func (h health) status() int {
	if h.OK {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}

// live says that the process answers.
func (a *API) live(context.Context, Visit, none) (health, error) { return health{OK: true}, nil }

// ready says whether requests can be answered: the directory is loaded, and not too old to decide by.
func (a *API) ready(context.Context, Visit, none) (health, error) {
	age, state := a.Fresh()
	return health{OK: state != directory.Closed, Directory: state.String(), Age: seconds(age, state)}, nil
}

// closed refuses everything while the directory is too old: nobody can know whether a session still holds, or a grant.
func (a *API) closed() error {
	age, state := a.Fresh()
	if state != directory.Closed {
		return nil
	}
	return &pratique.Error{
		Kind:    pratique.ErrUnavailable,
		Message: fmt.Sprintf("the store has not answered for %s, and nothing is decided from memory any more", age.Round(time.Second)),
		Hint:    "bring the store back; /readyz tells when it is",
	}
}

// seconds is the age that an answer mentions: none while the directory is fresh.
func seconds(age time.Duration, state directory.State) float64 {
	if state == directory.Fresh {
		return 0
	}
	return age.Round(time.Millisecond).Seconds()
}
