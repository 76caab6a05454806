package web

import "net/http"

// recorder sees what is answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader passes the status on and remembers the final one.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK { // 1xx are not the answer yet
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write passes the bytes on and counts them.
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// deaf takes an answer that nobody is to hear.
type deaf struct{ header http.Header }

func (w *deaf) Header() http.Header         { return w.header }
func (w *deaf) Write(b []byte) (int, error) { return len(b), nil }
func (w *deaf) WriteHeader(int)             {}
