package proxy

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"
)

// writer sees what is answered, and can end an answer from outside of the handler.
type writer struct {
	http.ResponseWriter
	bytes int64

	mu     sync.Mutex
	status int
	conn   net.Conn // the client's, after an upgrade
	ended  bool
}

// WriteHeader passes the status on. The informational answers of a backend end here: their headers would pass no list, and nobody waits for them.
func (w *writer) WriteHeader(status int) {
	if status < http.StatusOK {
		return
	}
	w.mu.Lock()
	if w.status == 0 {
		w.status = status
	}
	w.mu.Unlock()
	w.ResponseWriter.WriteHeader(status)
}

// Write passes the bytes on and counts them.
func (w *writer) Write(b []byte) (int, error) {
	w.mu.Lock()
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.mu.Unlock()
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack takes the connection over for a tunnel, and remembers it so that cut reaches it.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buf, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status, w.conn = http.StatusSwitchingProtocols, conn
	if w.ended {
		_ = conn.Close()
	}
	return conn, buf, nil
}

// cut ends the answer on the client's side, also when the client takes nothing and a write to it waits. It must not be called once the
// handler has returned.
func (w *writer) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	if w.conn != nil {
		_ = w.conn.Close()
		return
	}
	// An answer of a kind that knows no deadlines is one of a test; its context has ended already.
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Unix(1, 0))
}

// deadlines replaces those of the server, which are meant for short requests. A zero time lifts them.
func (w *writer) deadlines(at time.Time) {
	rc := http.NewResponseController(w.ResponseWriter)
	_ = rc.SetReadDeadline(at) // as in cut
	_ = rc.SetWriteDeadline(at)
}

func (w *writer) begun() bool {
	return w.code() != 0
}

func (w *writer) code() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}
