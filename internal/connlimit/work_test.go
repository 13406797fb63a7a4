package connlimit

import (
	"crypto/tls"
	"log/slog"
	"net"
	"runtime"
	"testing"
	"time"
)

// Half of the processors work on connections whose callers are not known. What waits for its client,
// or for something else, leaves its turn to the next; what is known needs none.
func TestTurns(t *testing.T) { // R-LIM-60
	t.Parallel()
	l := listen(t, New(Share(1000, 0), slog.New(slog.DiscardHandler)))
	for range max(1, runtime.GOMAXPROCS(0)/2) - 1 { // all turns but one
		_, server := connect(t, l)
		defer Begin(server).End()
	}
	client, first := connect(t, l)
	_, second := connect(t, l)
	_, known := connect(t, l)
	Identified(known)
	work := Begin(tls.Server(first, &tls.Config{MinVersion: tls.VersionTLS13}))
	if Begin(known) != (Work{}) || Begin(client) != (Work{}) {
		t.Error("a connection has a turn that is known, or that is not counted")
	}
	began := make(chan Work)
	begin := func() { began <- Begin(second) }
	go begin()
	select {
	case <-began:
		t.Fatal("there is one turn more than half of the processors")
	case <-time.After(20 * time.Millisecond):
	}

	work.Wait(func() {
		(<-began).End()
		read := make(chan error)
		go func() { // by another goroutine, which may only read while this one waits
			_, err := first.Read(make([]byte, 1))
			read <- err
		}()
		if _, err := client.Write([]byte("x")); err != nil {
			t.Error(err)
		}
		if err := <-read; err != nil {
			t.Error(err)
		}
	})
	go begin()
	read := make(chan error)
	go func() {
		_, err := first.Read(make([]byte, 1))
		read <- err
	}()
	next := <-began
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-read:
		t.Fatal("a connection that has read goes on without a turn")
	case <-time.After(20 * time.Millisecond):
	}
	next.End()
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	work.End()
	Begin(second).End()
}

// A connection that nothing is done on before its caller is known reads as any other.
func TestReadsWithoutTurn(t *testing.T) {
	t.Parallel()
	client, server := connect(t, listen(t, New(Share(10, 0), slog.New(slog.DiscardHandler))))
	go func(c net.Conn) { _, _ = c.Write([]byte("x")) }(client)
	if n, err := server.Read(make([]byte, 2)); n != 1 || err != nil {
		t.Errorf("read %d bytes, %v", n, err)
	}
}
