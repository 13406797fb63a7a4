package testpostgres

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What happens to databases: they are killed, do not run for a while, and are replaced by a
// standby. These return errors, because a test has them happen beside its load, on goroutines of
// its own.

// Listening returns a server of its own for one test that is not started, and that will listen on
// TCP on an address such as 127.0.0.1, or * for all.
func Listening(t testing.TB, version, address string) *Server {
	t.Helper()
	s := Stopped(t, version)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = free.Addr().(*net.TCPAddr).Port
	_ = free.Close()
	s.network = []string{"listen_addresses=" + address, "port=" + strconv.Itoa(s.port)}
	return s
}

// Port is the TCP port of a server that Listening returned.
func (s *Server) Port() int { return s.port }

// Start starts a server. After a kill its shared memory is in use until the last of its processes
// has ended, so a start that fails is tried again for a while.
func (s *Server) Start(settings ...string) error {
	for deadline := time.Now().Add(20 * time.Second); ; {
		err := s.start(settings...)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// Kill ends all processes of the server at once, with SIGKILL.
func (s *Server) Kill() error { return s.signal(syscall.SIGKILL) }

// Freeze stops all processes of the server, as a machine does whose disk does not answer. Thaw lets
// them go on.
func (s *Server) Freeze() error { return s.signal(syscall.SIGSTOP) }

// Thaw lets a server go on that Freeze stopped.
func (s *Server) Thaw() error { return s.signal(syscall.SIGCONT) }

// signal sends all processes of the server a signal. The first of them, which starts the others and
// inherits none of their children, is stopped before they are listed.
func (s *Server) signal(signal syscall.Signal) error {
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	first, err := strconv.Atoi(line)
	if err != nil {
		return fmt.Errorf("postmaster.pid: %w", err)
	}
	if err := syscall.Kill(first, syscall.SIGSTOP); err != nil {
		return err
	}
	others := children(first)
	err = syscall.Kill(first, signal)
	for _, pid := range others {
		// One that has ended meanwhile needs no signal.
		if e := syscall.Kill(pid, signal); !errors.Is(e, syscall.ESRCH) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// children are the processes that one process has started.
func children(parent int) (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is right
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// PID (NAME) STATE PARENT …, and a name may have blanks.
		after := strings.Fields(string(text)[strings.LastIndexByte(string(text), ')')+1:])
		if len(after) > 1 && after[1] == strconv.Itoa(parent) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// Follow makes this server, which does not run, a standby of another: a copy of it that receives
// what that writes. Its name there, for synchronous_standby_names, is standby.
func (s *Server) Follow(primary *Server, settings ...string) error {
	if err := os.RemoveAll(s.data()); err != nil {
		return err
	}
	err := s.run("pg_basebackup", "-D", s.data(), "-R", "-X", "stream", "--checkpoint=fast",
		"--no-sync", "-h", primary.dir, "-p", strconv.Itoa(primary.port), "-U", "drover")
	if err != nil {
		return err
	}
	return s.Start(append(settings, "cluster_name=standby")...)
}

// Promote makes a standby the primary, and waits until it can be written.
func (s *Server) Promote() error {
	return s.run("pg_ctl", "-D", s.data(), "-w", "promote")
}
