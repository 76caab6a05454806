package proxy

import (
	"net/http"
	"sync"
)

// crowd counts requests under way by whose they are. The zero value is empty.
type crowd struct {
	mu     sync.Mutex
	inside map[string]int
}

// enter counts one more, unless there are as many as may be. leave must be called once.
func (c *crowd) enter(whose string, most int) (leave func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inside == nil {
		c.inside = map[string]int{}
	}
	if c.inside[whose] >= most {
		return nil, &refusal{
			code: http.StatusTooManyRequests, reason: reasonTooMany, details: &details{Retry: 1},
			message: "too many requests and streams are open at a time; close some, or try again",
		}
	}
	c.inside[whose]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.inside[whose]--; c.inside[whose] == 0 {
			delete(c.inside, whose)
		}
	}, nil
}
