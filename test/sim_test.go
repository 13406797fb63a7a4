package test

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/test/testserver"
)

// The simulator runs a range of seeds, traces one, always the same, and refuses what it cannot run
// with status 1.
func TestSim(t *testing.T) {
	t.Parallel()
	ctx := within(t, 2*time.Minute)
	out, err := exec.CommandContext(ctx, testserver.Binary, "sim", "--seeds", "1..4").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "4 seeds kept every rule") {
		t.Errorf("%v\n%s", err, out)
	}
	var traces [2][]byte
	for i := range traces {
		if traces[i], err = exec.CommandContext(ctx, testserver.Binary, "sim", "--seed", "3", "--trace").Output(); err != nil {
			t.Error(err)
		}
	}
	if !bytes.Equal(traces[0], traces[1]) || !strings.Contains(string(traces[0]), "operator: CreateJob") {
		t.Errorf("the traces have %d and %d bytes", len(traces[0]), len(traces[1]))
	}
	for _, args := range [][]string{{"--seeds", "5..1"}, {"--runs", "2", "--trace"}, {"--drop", "2"}, {"--things", "0"}} {
		out, err := exec.CommandContext(ctx, testserver.Binary, append([]string{"sim"}, args...)...).CombinedOutput()
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}
