package etcd

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/zap"
)

func TestAFatalErrorEndsTheGoroutineAndNotTheProcess(t *testing.T) {
	t.Parallel()
	f := newFate()
	log := newZap(slog.New(slog.DiscardHandler), f)
	for _, last := range []func(){
		func() { log.Fatal("failed to save entries", zap.Error(errors.New("input/output error"))) },
		func() { log.Panic("a consequence") },
	} {
		ended := make(chan bool)
		go func() {
			survived := false
			defer func() { ended <- survived }()
			last()
			survived = true
		}()
		if <-ended {
			t.Error("the goroutine went on after a fatal error")
		}
	}
	<-f.sealed
	if got := f.reason(); got != "failed to save entries: input/output error" {
		t.Errorf("got %q", got)
	}
	s := &Server{fate: f}
	if err := s.Guard(); err == nil || !strings.Contains(err.Error(), "input/output error") {
		t.Errorf("a failed store takes writes: %v", err)
	}
}

func TestOnlyWarningsReachTheLog(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	log := newZap(slog.New(slog.NewTextHandler(&out, nil)), newFate())
	log.Info("started")
	log.With(zap.String("member", "m1")).Warn("slow disk", zap.Int("ms", 7))
	if got := out.String(); strings.Contains(got, "started") || !strings.Contains(got, "slow disk") || !strings.Contains(got, "m1") || strings.Contains(got, "level=INFO") {
		t.Errorf("got %s", got)
	}
}
