package test

import (
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/drover-iot/drover/test/testserver"
)

// A server that systemd has started says when it answers, that it is well as often as it is asked
// to, and that it stops. One that hangs says nothing.
func TestSupervisor(t *testing.T) { // R-SVC-1, R-SVC-2, R-SVC-4
	t.Parallel()
	address := filepath.Join(t.TempDir(), "n")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	heard := func(within time.Duration) string {
		t.Helper()
		buffer := make([]byte, 1024)
		if err := socket.SetReadDeadline(time.Now().Add(within)); err != nil {
			t.Fatal(err)
		}
		n, err := socket.Read(buffer)
		if err != nil {
			return "nothing"
		}
		return strings.TrimSpace(string(buffer[:n]))
	}
	want := func(want string) {
		t.Helper()
		if got := heard(20 * time.Second); got != want {
			t.Fatalf("systemd hears %q, want %q", got, want)
		}
	}
	s := testserver.New(t)
	s.Env = append(s.Env, "NOTIFY_SOCKET="+address, "WATCHDOG_USEC=400000", "JOURNAL_STREAM=8:1")
	s.Start()
	want("READY=1")
	if printed := s.Output.String(); strings.Contains(printed, s.SecretAccessKey) ||
		!strings.Contains(printed, "An operator key was made. It is in ") {
		t.Errorf("the journal should say where the secret is, and not what:\n%s", printed)
	}
	for range 3 {
		want("WATCHDOG=1")
	}
	s.Signal(syscall.SIGSTOP)
	for heard(2*time.Second) == "WATCHDOG=1" { // what it had said before
		continue
	}
	if got := heard(2 * time.Second); got != "nothing" {
		t.Errorf("systemd hears %q of a server that hangs", got)
	}
	s.Signal(syscall.SIGCONT)
	want("WATCHDOG=1")
	s.Signal(syscall.SIGTERM)
	for got := "WATCHDOG=1"; got != "STOPPING=1"; got = heard(20 * time.Second) {
		if got != "WATCHDOG=1" {
			t.Fatalf("systemd hears %q, want that it stops", got)
		}
	}
}
