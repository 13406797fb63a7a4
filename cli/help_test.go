package cli

import (
	"strings"
	"testing"
)

// Help is there in every spelling, without an environment (R-CMD-19, R-CMD-123, R-CMD-126).
func TestHelp(t *testing.T) {
	t.Parallel()
	for _, words := range []string{"help", "--help", "-h", "aws help", "iot help", "iot --help", "iot update-job help", "iot update-job --help", "iot update-job -h",
		"iot update-job --job-id j help", "iot-jobs-data update-job-execution help"} {
		if got := call1(t, nil, "", strings.Fields(words)...); got.status != 0 || got.problem != "" || len(got.out) < 100 {
			t.Errorf("%s: %+v", words, got)
		}
	}
}
