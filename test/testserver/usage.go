package testserver

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// What the process uses, as the kernel says it. Linux only, as are the tests that ask.

// Memory is what the process has resident now, and the most that it has had, in bytes.
func (s *Server) Memory() (now, most int64) {
	s.T.Helper()
	return s.status("VmRSS:") << 10, s.status("VmHWM:") << 10
}

// ForgetMemory has Memory return the most from now on.
func (s *Server) ForgetMemory() {
	s.T.Helper()
	// 5 is for the most that was resident: man proc_pid_clear_refs.
	file := fmt.Sprintf("/proc/%d/clear_refs", s.command.Process.Pid)
	if err := os.WriteFile(file, []byte("5"), 0o600); err != nil {
		s.T.Fatal(err)
	}
}

// OpenDescriptors is how many file descriptors the process has open.
func (s *Server) OpenDescriptors() int {
	s.T.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.command.Process.Pid))
	if err != nil {
		s.T.Fatal(err)
	}
	return len(open)
}

// status reads a size of /proc/PID/status, in KiB.
func (s *Server) status(field string) int64 {
	s.T.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.command.Process.Pid))
	if err != nil {
		s.T.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), field)
	value, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	size, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		s.T.Fatalf("%s of the process: %v", field, err)
	}
	return size
}
