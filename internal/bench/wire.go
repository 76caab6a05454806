package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
)

// wire is one HTTPS/1.1 connection of a client that costs as little as possible, because it runs on the cores of the server that is measured.
type wire struct {
	conn   *tls.Conn
	reader *bufio.Reader
	head   []byte // of every request, up to its length
	buf    []byte
}

// dial connects to a server, for requests to one path.
func dial(ctx context.Context, server, path string, ca []byte, token string) (*wire, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	d := tls.Dialer{NetDialer: &net.Dialer{}, Config: &tls.Config{
		RootCAs: roots, ServerName: u.Hostname(), MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"},
	}}
	c, err := d.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	conn, ok := c.(*tls.Conn)
	if !ok {
		return nil, errors.New("no TLS connection")
	}
	return &wire{conn: conn, reader: bufio.NewReader(conn), head: fmt.Appendf(nil,
		"POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAccept: application/json\r\nAuthorization: Bearer %s\r\nContent-Length: ", path, u.Host, token)}, nil
}

func (w *wire) close() { _ = w.conn.Close() } // nothing is under way

// post sends one request and passes over the answer, which must be 200.
func (w *wire) post(body []byte) error {
	length, err := w.send(body)
	if err != nil {
		return err
	}
	_, err = w.reader.Discard(length)
	return err
}

// ask sends one request and returns the answer, which must be 200.
func (w *wire) ask(body []byte) ([]byte, error) {
	length, err := w.send(body)
	if err != nil {
		return nil, err
	}
	answer := make([]byte, length)
	_, err = io.ReadFull(w.reader, answer)
	return answer, err
}

// send sends one request, reads the head of the answer, and tells how many bytes follow.
func (w *wire) send(body []byte) (length int, err error) {
	w.buf = append(w.buf[:0], w.head...)
	w.buf = strconv.AppendInt(w.buf, int64(len(body)), 10)
	w.buf = append(append(w.buf, "\r\n\r\n"...), body...)
	if _, err := w.conn.Write(w.buf); err != nil {
		return 0, err
	}
	length = -1
	for n := 0; ; n++ {
		line, err := w.reader.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if n == 0 && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			return 0, fmt.Errorf("answer %q", line)
		}
		if rest, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(rest))); err != nil {
				return 0, err
			}
		}
		if len(line) == 2 {
			break
		}
	}
	if length < 0 {
		return 0, errors.New("an answer without a length")
	}
	return length, nil
}
