package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/pratique-iam/pratique"
)

// storeTimeout bounds every call to the store: one that has lost its quorum must be noticed, not waited for.
const storeTimeout = 3 * time.Second

func unavailable(hint, format string, args ...any) error {
	return &pratique.Error{Kind: pratique.ErrUnavailable, Message: fmt.Sprintf(format, args...), Hint: hint}
}

func noAccount(id string) error {
	return &pratique.Error{Kind: pratique.ErrNotFound, Message: fmt.Sprintf("account %q does not exist", id)}
}

func stopping() error {
	return unavailable("ask another server, or try again", "the server is stopping")
}

// readFailed tells a person why a read of the store failed.
func readFailed(what string, err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("read %s: %w", what, err)
	}
	if silent(err) {
		return unavailable("", "read %s: the store did not answer within %s", what, storeTimeout)
	}
	return unavailable("", "read %s: the store refused: %v", what, err)
}

// writeFailed tells a person why a write failed, and whether it may have happened all the same.
func writeFailed(err error) error {
	switch {
	case errors.Is(err, rpctypes.ErrNoSpace):
		return unavailable("compact and defragment it, disarm the alarm with etcdctl, or give it a larger quota",
			"the store has used up its quota; nothing was written")
	case errors.Is(err, rpctypes.ErrRequestTooLarge), errors.Is(err, rpctypes.ErrTooManyOps):
		return &pratique.Error{
			Kind: pratique.ErrInvalid, Message: "the store takes smaller transactions than this; nothing was written",
			Hint: "split the list, or leave etcd's --max-request-bytes and --max-txn-ops at their defaults",
		}
	case errors.Is(err, rpctypes.ErrTooManyRequests):
		return unavailable("try again", "the store has too much to do; nothing was written")
	case silent(err):
		return unavailable("check with pratique audit or get",
			"the store did not answer within %s; the change may or may not have been made", storeTimeout)
	default:
		return unavailable("check with pratique audit or get", "the store refused: %v; the change may or may not have been made", err)
	}
}

func silent(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, rpctypes.ErrTimeout) ||
		errors.Is(err, rpctypes.ErrTimeoutDueToLeaderFail) || errors.Is(err, rpctypes.ErrTimeoutDueToConnectionLost)
}
