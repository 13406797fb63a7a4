//go:build unix

package capacity

import (
	"math"
	"os"
	"syscall"
)

// Files returns how many files and connections the process may have open, and how many it has. Go
// has raised the limit as far as the system lets it.
func Files() (limit, open int, err error) {
	var allowed syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &allowed); err != nil {
		return 0, 0, os.NewSyscallError("getrlimit", err)
	}
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		return 0, 0, err
	}
	return int(min(allowed.Cur, math.MaxInt32)), len(entries), nil
}
