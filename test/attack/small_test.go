package attack

import (
	"strings"
	"testing"

	"github.com/drover-iot/drover/test/testserver"
)

// A machine with 256 MiB of memory and 64 file descriptors for the server survives every flood, one
// after the other, and a device that was connected before is served all the while. The kernel kills
// a server that needs more, so this needs root, for a control group, and is part of make attack
// only.
func TestSmallMachine(t *testing.T) {
	if scale(0, 1) == 0 {
		t.Skip("needs root, for a control group: runs with make attack")
	}
	s := testserver.New(t)
	s.LimitMemory(256 << 20)
	s.Descriptors = 64
	s.Start()
	device := newBystander(t, s, "pump-07")
	for _, f := range floods() {
		t.Run(f.name, func(t *testing.T) {
			waitForNewcomer(t, s)
			f.run(t, s, device)
			device.served(patience)
			now, most := s.Memory()
			t.Logf("%d MiB are resident, %d were", now>>20, most>>20)
		})
	}
	if printed := s.Output.String(); strings.Contains(printed, "too many open files") {
		t.Errorf("the server ran out of descriptors:\n%s", printed)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}
