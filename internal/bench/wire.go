package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
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

func dial(ctx context.Context, server string, ca []byte, token string) (*wire, error) {
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
		"POST /v1/decide HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAccept: application/json\r\nAuthorization: Bearer %s\r\nContent-Length: ", u.Host, token)}, nil
}

func (w *wire) close() { _ = w.conn.Close() } // nothing is under way

// post sends one request and reads the whole answer, which must be 200.
func (w *wire) post(body []byte) error {
	w.buf = append(w.buf[:0], w.head...)
	w.buf = strconv.AppendInt(w.buf, int64(len(body)), 10)
	w.buf = append(append(w.buf, "\r\n\r\n"...), body...)
	if _, err := w.conn.Write(w.buf); err != nil {
		return err
	}
	length := -1
	for n := 0; ; n++ {
		line, err := w.reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if n == 0 && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			return fmt.Errorf("answer %q", line)
		}
		if rest, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(rest))); err != nil {
				return err
			}
		}
		if len(line) == 2 {
			break
		}
	}
	if length < 0 {
		return errors.New("an answer without a length")
	}
	_, err := w.reader.Discard(length)
	return err
}
