package connlimit

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"
)

// Connections of several listeners count together. What there is no room for is closed, and said
// once; one whose caller is known, below TLS too, makes room.
func TestListeners(t *testing.T) { // R-LIM-52
	t.Parallel()
	var log bytes.Buffer
	limiter := New(Limits{Total: 9, Unidentified: 2, PerAddress: 2}, slog.New(slog.NewTextHandler(&log, nil)))
	first, second := listen(t, limiter), listen(t, limiter)
	_, one := connect(t, first)
	connect(t, second)
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := first.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	if _, err := dial(t, first).Read(make([]byte, 1)); err == nil {
		t.Error("the third is not closed")
	}
	secured := tls.Server(one, &tls.Config{MinVersion: tls.VersionTLS13})
	before := IsIdentified(secured)
	Identified(secured)
	if before || !IsIdentified(secured) {
		t.Errorf("identified: before %v, after %v", before, IsIdentified(secured))
	}
	client := dial(t, first)
	server := <-accepted
	if n := strings.Count(log.String(), "too many connections from one address"); n != 1 {
		t.Errorf("%d lines, want one:\n%s", n, &log)
	}
	t.Cleanup(func() { server.Close() })
	if got, want := server.RemoteAddr().String(), client.LocalAddr().String(); got != want {
		t.Errorf("accepted the connection of %s, want that of %s", got, want)
	}
	if Identified(client); IsIdentified(client) {
		t.Error("a connection that is not counted is identified")
	}
}

// A connection ends both ways, or one way only.
func TestConnCloses(t *testing.T) {
	t.Parallel()
	l := listen(t, New(Share(10, 0), slog.New(slog.DiscardHandler)))
	client, server := connect(t, l)
	if err := server.(*Conn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("after CloseWrite the client reads %v, want the end", err)
	}
	if _, err := client.Write([]byte("x")); err != nil {
		t.Errorf("after CloseWrite the client writes: %v", err)
	}
	server.Close()
	if err := (&Conn{Conn: &remote{}}).CloseWrite(); err != nil {
		t.Errorf("a connection that has no half: %v", err)
	}
}

// What is read of a file or of anything else is sent, whether or not the connection has a way of
// its own for it.
func TestConnReadsFrom(t *testing.T) { // R-ART-14
	t.Parallel()
	client, server := connect(t, listen(t, New(Share(10, 0), slog.New(slog.DiscardHandler))))
	own := server.(*Conn)
	plain := &Conn{Conn: struct{ net.Conn }{own.Conn}}
	for _, c := range []*Conn{own, plain} {
		if n, err := c.ReadFrom(strings.NewReader("bytes")); n != 5 || err != nil {
			t.Errorf("sent %d, %v", n, err)
		}
		got := make([]byte, 5)
		if _, err := io.ReadFull(client, got); err != nil || string(got) != "bytes" {
			t.Errorf("received %q, %v", got, err)
		}
	}
}

// A listener that is closed accepts nothing more.
func TestListenerCloses(t *testing.T) {
	t.Parallel()
	l := listen(t, New(Share(10, 0), slog.New(slog.DiscardHandler)))
	l.Close()
	if _, err := l.Accept(); err == nil {
		t.Error("a closed listener accepts")
	}
}

func listen(t *testing.T, m *Limiter) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return m.Listen(l)
}

func dial(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := net.DialTimeout("tcp", l.Addr().String(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// connect returns both ends of a new connection.
func connect(t *testing.T, l net.Listener) (client, server net.Conn) {
	t.Helper()
	client = dial(t, l)
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return client, server
}

// With less limits who is there stays; with more the next one comes in.
func TestSetLimits(t *testing.T) { // R-CFG-11
	t.Parallel()
	limiter := New(Limits{Total: 2, Unidentified: 2, PerAddress: 2}, slog.New(slog.DiscardHandler))
	l := listen(t, limiter)
	client, server := connect(t, l)
	limiter.SetLimits(Limits{})
	one, two := net.Pipe()
	if c := limiter.count(one); c != nil {
		t.Error("one more is counted above the limit")
	}
	if _, err := two.Read(make([]byte, 1)); err == nil {
		t.Error("what is above the limit is not closed")
	}
	if _, err := server.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if _, err := client.Read(make([]byte, 1)); err != nil {
		t.Errorf("who was there is cut off: %v", err)
	}
	limiter.SetLimits(Limits{Total: 2, Unidentified: 2, PerAddress: 2})
	connect(t, l)
}
