package capacity

import (
	"io/fs"
	"math"
	"math/bits"
	"os"
	"testing"
)

// The limits of control groups, by the files that the kernel shows.
func TestCgroupMemory(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{name: "no control groups", want: math.MaxInt64},
		{
			"version 2", map[string]string{
				"/proc/self/cgroup":                                     "0::/system.slice/drover.service\n",
				"/sys/fs/cgroup/system.slice/memory.max":                "max\n",
				"/sys/fs/cgroup/system.slice/drover.service/memory.max": "268435456\n",
			}, 256 << 20,
		},
		{
			"version 2, the limit is that of a group above", map[string]string{
				"/proc/self/cgroup":                                     "0::/system.slice/drover.service\n",
				"/sys/fs/cgroup/system.slice/memory.max":                "1048576\n",
				"/sys/fs/cgroup/system.slice/drover.service/memory.max": "268435456\n",
			}, 1 << 20,
		},
		{
			"a container", map[string]string{
				"/proc/self/cgroup":         "0::/\n",
				"/sys/fs/cgroup/memory.max": "268435456\n",
			}, 256 << 20,
		},
		{
			"version 1 in a container, whose path is one of the host", map[string]string{
				"/proc/self/cgroup":                           "9:name=systemd:/x\n8:pids:/x\n4:memory:/docker/abc\n",
				"/sys/fs/cgroup/memory/memory.limit_in_bytes": "268435456\n",
			}, 256 << 20,
		},
		{
			"no limit", map[string]string{
				"/proc/self/cgroup":         "junk\n0::/\n",
				"/sys/fs/cgroup/memory.max": "max\n",
			}, math.MaxInt64,
		},
	} {
		if got := cgroupMemory(read(row.files)); got != row.want {
			t.Errorf("%s: got %d, want %d", row.name, got, row.want)
		}
	}
}

// read reads the files of a row.
func read(files map[string]string) readFile {
	return func(name string) ([]byte, error) {
		text, ok := files[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}
}

func TestMachineMemory(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"MemTotal:       24684084 kB\nMemFree: 1 kB\n": 24684084 << 10,
		"MemFree: 1 kB\n":     math.MaxInt64,
		"MemTotal: many kB\n": math.MaxInt64,
		"":                    math.MaxInt64,
	} {
		files := map[string]string{"/proc/meminfo": text}
		if got := machineMemory(read(files)); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

// A file that is opened counts, and the limit is above what is open.
func TestFiles(t *testing.T) {
	_, before, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	limit, after, err := Files()
	if err != nil || after != before+1 || limit <= after {
		t.Errorf("got %d of %d open, %v; want %d", after, limit, err, before+1)
	}
}

// A 32-bit program on a machine with 8 GiB has no 8 GiB (R-SVC-5).
func TestAddressable(t *testing.T) {
	t.Parallel()
	if got := addressable(32); got != 2<<30 {
		t.Errorf("with 32 bits: %d", got)
	}
	if got := addressable(64); got != math.MaxInt64 {
		t.Errorf("with 64 bits: %d", got)
	}
	if got := Memory(); got > addressable(bits.UintSize) {
		t.Errorf("this program may use %d bytes, and can address fewer", got)
	}
}
