package test

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/test/testserver"
)

// The demonstration runs from an empty folder to the end of its job, changing it on the way. Its
// devices download the file: none but the chance failures fails, so that most have succeeded.
func TestDemo(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(within(t, 2*time.Minute), testserver.Binary, "demo", "--things", "40").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "$ drover artifact put fw-2.4.1.bin") || strings.Count(string(out), "aws iot update-job") != 3 || !strings.Contains(string(out), "The job is COMPLETED") {
		t.Errorf("%v\n%s", err, out)
	}
	last := regexp.MustCompile(`COMPLETED +0 +0 +(\d+)`).FindSubmatch(out)
	if last == nil || must[int](t)(strconv.Atoi(string(last[1]))) < 20 {
		t.Errorf("hardly any device has succeeded:\n%s", out)
	}
}
