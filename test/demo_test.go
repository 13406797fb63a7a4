package test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/test/testserver"
)

// The demonstration runs from an empty folder to the end of its job, changing it on the way.
func TestDemo(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(within(t, 2*time.Minute), testserver.Binary, "demo", "--things", "40").CombinedOutput()
	if err != nil || strings.Count(string(out), "aws iot update-job") != 3 || !strings.Contains(string(out), "The job is COMPLETED") {
		t.Errorf("%v\n%s", err, out)
	}
}
