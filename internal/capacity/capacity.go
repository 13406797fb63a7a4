// Package capacity says how much of the machine this process may use: memory, and open files. What
// a server bounds by itself it bounds by that, so that it refuses a client before the system
// refuses the server.
package capacity

import (
	"math"
	"math/bits"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// Memory is how many bytes of memory the process may use: the least of GOMEMLIMIT, the limits of
// its control groups, the memory of the machine and, on 32 bits, what can be addressed. 0 when none of
// them is known.
func Memory() int64 {
	least := min(cgroupMemory(os.ReadFile), addressable(bits.UintSize))
	for _, more := range []int64{debug.SetMemoryLimit(-1), machineMemory(os.ReadFile)} {
		least = min(least, more)
	}
	if least == math.MaxInt64 {
		return 0
	}
	return least
}

// addressable is how much memory a process can use whose addresses have so many bits. With 32 bits they
// reach 4 GiB. The system keeps one or two of these, and mapped files and stacks take room as well.
func addressable(bits int) int64 {
	if bits == 32 {
		return 2 << 30
	}
	return math.MaxInt64
}

// LimitHeap has the garbage collector work harder before the memory reaches the limit of the
// control group, unless GOMEMLIMIT says where. Without it the heap grows to twice of what is in
// use, and the system kills the process for what is garbage.
func LimitHeap() {
	limit := cgroupMemory(os.ReadFile)
	if limit != math.MaxInt64 && debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(limit / 10 * 8) // the rest is for what is not heap
	}
}

// readFile is os.ReadFile, or what a test has in its place.
type readFile func(name string) ([]byte, error)

// cgroupMemory is the least limit of the control groups that the process is in, MaxInt64 without
// one. A group is below others, whose limits hold for it too. In a container its path may be one of
// the host, which is not there: then the root is the group.
func cgroupMemory(read readFile) int64 {
	least := int64(math.MaxInt64)
	text, _ := read("/proc/self/cgroup") // empty on systems that have none
	for line := range strings.Lines(string(text)) {
		// hierarchy:controllers:path; version 2 has no controllers.
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		root, file := "/sys/fs/cgroup", "memory.max"
		switch fields[1] {
		case "":
		case "memory":
			root, file = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		for group := path.Clean(fields[2]); ; group = path.Dir(group) {
			least = min(least, number(read, path.Join(root, group, file)))
			if group == "/" || group == "." {
				break
			}
		}
	}
	return least
}

// number reads a file with a number of bytes. It is MaxInt64 when there is none: no file, or "max".
// Version 1 writes a very large number for no limit, which does no harm.
func number(read readFile, name string) int64 {
	text, _ := read(name)
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || n <= 0 {
		return math.MaxInt64
	}
	return n
}

// machineMemory is the memory of the machine, as Linux says it; MaxInt64 elsewhere.
func machineMemory(read readFile) int64 {
	text, _ := read("/proc/meminfo")
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, "MemTotal:")
		if !ok {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		if err == nil {
			return kib << 10
		}
	}
	return math.MaxInt64
}
