package testserver

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// LimitMemory lets the server have so many bytes of memory from its next start on: the kernel kills
// it when it needs more. That takes a control group, and so Linux and root.
func (s *Server) LimitMemory(bytes int64) {
	s.T.Helper()
	const root = "/sys/fs/cgroup"
	parent, limit := filepath.Join(root, "memory"), "memory.limit_in_bytes" // version 1
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err == nil {
		parent, limit = root, "memory.max" // version 2
	}
	name := fmt.Sprintf("drover-test-%d-%d", os.Getpid(), time.Now().UnixNano())
	s.cgroup = filepath.Join(parent, name)
	err := os.Mkdir(s.cgroup, 0o755)
	if err == nil {
		err = os.WriteFile(
			filepath.Join(s.cgroup, limit), []byte(strconv.FormatInt(bytes, 10)), 0o644)
	}
	if err != nil {
		s.T.Fatalf("limit the memory to %d bytes: %v", bytes, err)
	}
	s.T.Cleanup(func() {
		s.Kill() // a group that has a process cannot be removed
		_ = os.Remove(s.cgroup)
	})
}
