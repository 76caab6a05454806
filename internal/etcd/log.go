package etcd

import (
	"context"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// fate is how the embedded server ends when it ends by itself. etcd answers a failed disk or unreadable data by logging at level fatal or
// panic, and ends the process. Here only the goroutine ends: nothing more is acknowledged, reads of the snapshot go on, and the sentence
// is kept for whoever asks.
type fate struct {
	mu       sync.Mutex
	sentence string
	sealed   chan struct{}
}

func newFate() *fate { return &fate{sealed: make(chan struct{})} }

// seal records the first reason; later ones are consequences of it.
func (f *fate) seal(sentence string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sentence == "" {
		f.sentence = sentence
		close(f.sealed)
	}
}

func (f *fate) reason() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sentence
}

// OnWrite takes the place of os.Exit and panic behind etcd's logger.
func (f *fate) OnWrite(entry *zapcore.CheckedEntry, fields []zapcore.Field) {
	text := []string{entry.Message}
	for _, field := range fields {
		if err, ok := field.Interface.(error); ok && field.Type == zapcore.ErrorType {
			text = append(text, err.Error())
		}
	}
	f.seal(strings.Join(text, ": "))
	runtime.Goexit()
}

// bridge carries etcd's log to slog, at warn and above.
type bridge struct {
	log    *slog.Logger
	fields []zapcore.Field
}

func newZap(log *slog.Logger, f *fate) *zap.Logger {
	return zap.New(&bridge{log: log}, zap.WithFatalHook(f), zap.WithPanicHook(f))
}

// Enabled implements zapcore.Core.
func (b *bridge) Enabled(l zapcore.Level) bool { return l >= zapcore.WarnLevel }

// With implements zapcore.Core.
func (b *bridge) With(fields []zapcore.Field) zapcore.Core {
	return &bridge{log: b.log, fields: slices.Concat(b.fields, fields)}
}

// Check implements zapcore.Core.
func (b *bridge) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if b.Enabled(e.Level) && !expected(e.Message) {
		return ce.AddCore(e, b)
	}
	return ce
}

// expected knows what etcd says at every start and what means nothing here: advice about listeners and tokens, of which there are none, and
// the version of the database file, which it looks for before it has written one and finds at the next try.
func expected(message string) bool {
	switch message {
	case "Running http and grpc server on single port. This is not recommended for production.",
		"simple token is not cryptographically signed",
		"Failed to detect schema version",
		"failed to update storage version":
		return true
	default:
		return false
	}
}

// Write implements zapcore.Core.
func (b *bridge) Write(e zapcore.Entry, fields []zapcore.Field) error {
	enc := zapcore.NewMapObjectEncoder()
	for _, f := range slices.Concat(b.fields, fields) {
		f.AddTo(enc)
	}
	level := slog.LevelWarn
	if e.Level > zapcore.WarnLevel {
		level = slog.LevelError
	}
	b.log.LogAttrs(context.Background(), level, "etcd", slog.String("message", e.Message), slog.Any("fields", enc.Fields))
	return nil
}

// Sync implements zapcore.Core.
func (b *bridge) Sync() error { return nil }
