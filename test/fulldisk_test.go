//go:build linux

package test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"golang.org/x/sys/unix"
)

// limitFiles has the server's files not grow beyond a size, as if there were no room on the disk.
func (s *server) limitFiles(bytes uint64) {
	s.t.Helper()
	limit := unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}
	if err := unix.Prlimit(s.PID, unix.RLIMIT_FSIZE, &limit, nil); err != nil {
		s.t.Fatal(err)
	}
}

// When files cannot grow, a server refuses what it cannot store with InternalFailureException and
// says so in its log; it answers questions, and goes on as soon as there is room. All that it has
// acknowledged is there, also after a kill. R-DSK-1, R-DSK-2
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.fleet("g", 3)
	acknowledged := []string{thingName(0), thingName(1), thingName(2)}
	create := func(name string) error {
		err := s.createThing(name)
		if err == nil {
			acknowledged = append(acknowledged, name)
		}
		return err
	}
	for round := range 3 {
		s.limitFiles(16 << 10)
		refused := 0
		for i := range 20 {
			if err := create(fmt.Sprintf("full-%d-%02d", round, i)); err != nil {
				refused++
				wantError(t, err, "InternalFailureException")
			}
		}
		if refused == 0 {
			t.Fatal("the disk was not full")
		}
		must[*iot.DescribeThingOutput](t)(s.Control().DescribeThing(t.Context(),
			&iot.DescribeThingInput{ThingName: aws.String(thingName(0))}))
		s.limitFiles(unix.RLIM_INFINITY)
		eventually(t, "the server goes on", func() bool {
			return create(fmt.Sprintf("later-%d-%d", round, len(acknowledged))) == nil
		})
	}
	if log := s.Output.String(); !strings.Contains(log, "drover.db cannot be written, so nothing was stored") {
		t.Errorf("the log does not say what is wrong:\n%s", log)
	}
	s.Kill()
	s.Start()
	for _, name := range acknowledged {
		must[*iot.DescribeThingOutput](t)(s.Control().DescribeThing(t.Context(),
			&iot.DescribeThingInput{ThingName: &name}))
	}
	s.Kill()
	if out := s.line(t).ok("verify", "--data", s.Dir); !strings.Contains(out, "no faults") {
		t.Errorf("verify: %s", out)
	}
}
