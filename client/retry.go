package client

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	attempts    = 4
	longestWait = 30 * time.Second
)

// send gives a request to the server, again where that is harmless. Only reads are repeated: a change that was answered 503 may have been
// made. The caller closes the body of the answer.
func (c *Client) send(ctx context.Context, k call, body []byte) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		r, err := c.request(ctx, k, body)
		if err != nil {
			return nil, err
		}
		resp, err := c.http.Do(r)
		if err != nil {
			return nil, c.failed(ctx, err)
		}
		wait, again := retryAfter(resp)
		if !again || attempt == attempts || k.method != http.MethodGet && !k.safe || !lasts(ctx, wait) {
			return resp, nil
		}
		_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again
		_ = resp.Body.Close()
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// retryAfter reads how long a server that is not ready asks to wait. The date form of the header is not ours, and is not honoured.
func retryAfter(resp *http.Response) (time.Duration, bool) {
	if resp.StatusCode != http.StatusServiceUnavailable {
		return 0, false
	}
	seconds, err := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 16)
	wait := time.Duration(seconds) * time.Second
	return wait, err == nil && wait <= longestWait
}

// lasts reports whether the context will still be there after a wait, as far as that can be known.
func lasts(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > wait
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
