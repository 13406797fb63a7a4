package nearest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/nearest"
)

// A third of the characters may differ, at least one; case and dashes do not count (R-CMD-142).
func TestTo(t *testing.T) {
	t.Parallel()
	names := []string{"describe-job", "delete-job", "jobId", "FAILED", "IN_PROGRESS", "set", "get"}
	for word, want := range map[string]string{
		"describe-job":                     "describe-job",
		"decsribe-job":                     "describe-job", // two exchanged
		"job-id":                           "jobId",
		"JOB_ID":                           "jobId",
		"inprogress":                       "IN_PROGRESS",
		"FAILD":                            "FAILED",
		"FALD":                             "",    // two of four
		"st":                               "set", // one edit is always allowed
		"sxx":                              "",
		"bet":                              "set", // equally near to get: the first
		"":                                 "",
		"unrelated":                        "",
		"ümlaut-job":                       "",
		strings.Repeat("describe-job", 10): "",
	} {
		if got := nearest.To(word, names); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

// The most similar name comes first, equal ones in their order (R-CMD-17).
func TestRanked(t *testing.T) {
	t.Parallel()
	names := []string{"create-job", "delete-job", "update-job", "update-jobs-now", "list-things"}
	got := nearest.Ranked("update-jobs", names, 0.8)
	if diff := cmp.Diff([]string{"update-job", "update-jobs-now"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := nearest.Ranked("x", names, 0.8); len(got) > 0 {
		t.Errorf("%v", got)
	}
}
