package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/pratique-iam/pratique/apiv1"
)

// JobOptions narrow a list of jobs.
type JobOptions struct {
	Limit   int    // of one page; 0: the server's default
	Page    string // List.Next of the page before
	Cluster string // name or id; one that is gone included
	State   string // running, succeeded, failed, cancelled, interrupted
}

func (o JobOptions) query() url.Values {
	q := url.Values{}
	if o.Limit > 0 {
		q.Set("limit", strconv.Itoa(o.Limit))
	}
	for key, value := range map[string]string{"page": o.Page, "cluster": o.Cluster, "state": o.State} {
		if value != "" {
			q.Set(key, value)
		}
	}
	return q
}

// Jobs gives all jobs that the client may see, newest first, over all pages.
func (c *Client) Jobs(ctx context.Context, o JobOptions) ([]apiv1.Job, error) {
	all := []apiv1.Job{}
	for {
		var page apiv1.List[apiv1.Job]
		if err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "jobs"}, query: o.query(), answer: &page}); err != nil {
			return all, err
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			return all, nil
		}
		o.Page = page.Next
	}
}

// Job gives one job.
func (c *Client) Job(ctx context.Context, id string) (apiv1.Job, error) {
	return c.job(ctx, call{method: http.MethodGet, path: []string{"v1", "jobs", id}})
}

// DeleteJob cancels a job that runs, and gives it as it is then: it ends as soon as it can. Of a job that has ended it drops the record, and
// gives what was in it.
func (c *Client) DeleteJob(ctx context.Context, id string) (apiv1.Job, error) {
	return c.job(ctx, call{method: http.MethodDelete, path: []string{"v1", "jobs", id}})
}

// How WaitJob asks.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
	absences     = 10 // times in a row that a server may not answer: it may be starting anew
)

// WaitJob asks about a job until it has ended, and gives it then. See is told what every answer says; nil is nobody. The error is not that of
// the job, which is Job.Error. A server that goes away for a few seconds is waited for.
func (c *Client) WaitJob(ctx context.Context, id string, see func(apiv1.Job)) (apiv1.Job, error) {
	var last apiv1.Job
	pause, absent := firstPause, 0
	for {
		j, err := c.Job(ctx, id)
		switch _, away := errors.AsType[*UnreachableError](err); {
		case away && absent < absences && ctx.Err() == nil:
			absent++
		case err != nil:
			return last, err
		default:
			if len(j.Progress) != len(last.Progress) {
				pause = firstPause // things happen
			}
			last, absent = j, 0
			if see != nil {
				see(j)
			}
			if j.Ended() {
				return j, nil
			}
		}
		if err := sleep(ctx, pause); err != nil {
			return last, err
		}
		pause = min(pause*3/2, longestPause)
	}
}

func (c *Client) job(ctx context.Context, k call) (apiv1.Job, error) {
	var out apiv1.Job
	k.answer = &out
	err := c.do(ctx, k)
	return out, err
}
