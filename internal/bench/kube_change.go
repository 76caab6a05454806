package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"sigs.k8s.io/yaml"
)

// memory is how long a kube-apiserver remembers what a webhook has answered.
type memory struct{ authorized, unauthorized time.Duration }

// memory reads it from the file that the cluster's kube-apiserver runs with.
func (l *lab) memory() (memory, error) {
	var m memory
	data, err := os.ReadFile(filepath.Join(l.plane, "config", "authorization.yaml"))
	if err != nil {
		return m, err
	}
	var file struct {
		Authorizers []struct {
			Webhook struct{ AuthorizedTTL, UnauthorizedTTL string }
		}
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return m, err
	}
	for _, a := range file.Authorizers {
		if a.Webhook.AuthorizedTTL == "" {
			continue
		}
		var errs [2]error
		m.authorized, errs[0] = time.ParseDuration(a.Webhook.AuthorizedTTL)
		m.unauthorized, errs[1] = time.ParseDuration(a.Webhook.UnauthorizedTTL)
		return m, errors.Join(errs[:]...)
	}
	return m, errors.New("the kube-apiserver has no webhook")
}

// changes measures how soon a change of the gate shows: through our proxy, which asks nobody but us, and at the kube-apiserver, which remembers.
func (l *lab) changes(ctx context.Context) ([]row, error) {
	ttl, err := l.memory()
	if err != nil {
		return nil, err
	}
	_, direct, proxied, err := l.ways(ctx)
	if err != nil {
		return nil, err
	}
	defer direct.close()
	defer proxied.close()
	chief, err := l.direct(ctx, "chief")
	if err != nil {
		return nil, err
	}
	defer chief.close()
	deny, err := newDenial(ctx, l.root, "reader")
	if err != nil {
		return nil, err
	}

	times := l.pick(100, 2)
	l.say("denying and allowing, %d times through the proxy", times)
	refused, passed, err := proxied.obeys(ctx, deny, times, 0)
	if err != nil {
		return nil, err
	}
	rows := []row{changeRow("change acknowledged → the proxy of the same server refuses or passes a `GET` by it", append(refused, passed...))}

	times = l.pick(6, 1)
	l.say("denying and allowing, %d times at kube-apiserver, which remembers answers for %s, and for %s what is allowed to administrators",
		times, ttl.unauthorized, ttl.authorized)
	if refused, passed, err = direct.obeys(ctx, deny, times, ttl.unauthorized); err != nil {
		return nil, err
	}
	reign := newGrant(l.root, "chief", "chief", "Tenant Administrator")
	reign.is = true // since the chief is there
	_, fallen, err := chief.obeys(ctx, reign, l.pick(3, 1), ttl.authorized)
	if err != nil {
		return nil, err
	}
	return append(rows,
		rememberedRow("a deny is acknowledged → kube-apiserver refuses a `GET`", "unauthorizedTTL", ttl.unauthorized, refused),
		rememberedRow("its end is acknowledged → kube-apiserver passes the `GET`", "unauthorizedTTL", ttl.unauthorized, passed),
		rememberedRow("the end of an administrator's grant is acknowledged → kube-apiserver refuses a `GET`", "authorizedTTL", ttl.authorized, fallen)), nil
}

// rememberedRow is about what a kube-apiserver obeys when it has forgotten.
func rememberedRow(what, setting string, ttl time.Duration, ms []float64) row {
	longest := quantile(ms, 1)
	return row{
		what, fmt.Sprintf("≤ %s, the %s that we configure, and the 200 ms above", ttl, setting),
		fmt.Sprintf("p50 **%.2f s**, longest **%.2f s** of %d: %s", quantile(ms, 0.5)/1000, longest/1000, len(ms), reached(longest <= millis(ttl)+noticeWithin)), "–",
	}
}

// obeys switches something on and off and measures in milliseconds until the caller's requests are answered by it. Before each change the caller is
// at work for a part of what is remembered, so that the memory is of every age when the change comes.
func (c *caller) obeys(ctx context.Context, s *switched, times int, memory time.Duration) (on, off []float64, err error) {
	pause := time.Duration(0)
	if memory > 0 {
		pause = 10 * time.Millisecond
	}
	for i := range 2 * times {
		work := memory * time.Duration(i/2) / time.Duration(times)
		for began := now(); ; {
			if _, _, err := c.do(ctx, http.MethodGet, pod(0), ""); err != nil {
				return nil, nil, err
			}
			if now().Sub(began) >= work {
				break
			}
			if err := rest(ctx, pause); err != nil {
				return nil, nil, err
			}
		}
		answered, err := s.toggle(ctx)
		if err != nil {
			return nil, nil, err
		}
		want := http.StatusOK
		if s.is == s.refuses {
			want = http.StatusForbidden
		}
		if err := c.await(ctx, pod(0), want, pause); err != nil {
			return nil, nil, err
		}
		ms := millis(now().Sub(answered))
		if s.is {
			on = append(on, ms)
		} else {
			off = append(off, ms)
		}
	}
	return on, off, nil
}
