package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/drover-iot/drover/store/memory"
)

// Each setting that steers a job meets each thing that may happen to a job: in
// testdata/steer_interplay.txt stands what is answered and what becomes of the job (docs/spec/50). A
// story has two parts: what brings the setting about, and what happens then.

// interplayJob is the job of all stories: 12 things, 4 a minute, in a window from 12:00 to 12:30
// that opens each day, until the 5th of March.
var interplayJob = []string{
	"group g1",
	"things n=12 group=g1",
	"create j targets=g1 rollout=4/min windows=0_12_*_*_?_*:30 end=2026-03-05T12:10 end-behavior=CANCEL " +
		"retry=FAILED:2 timeout=600 abort=FAILED:60:min=5 role=arn:aws:iam::000000000000:role/a",
	"start t01",
}

// interplaySettings are the settings, and what shows that they are in force.
var interplaySettings = map[string][]string{
	"none":            {"report t02 j FAILED"},
	"paused":          {"tag j tags=paused:later", "report t02 j FAILED"},
	"max-outstanding": {"tag j tags=max-outstanding:5", "report t02 j REJECTED", "advance 1m"},
	"abort":           {"tag j tags=abort:pause", "report t02-t04 j FAILED", "report t02-t03 j FAILED"},
	"guard":           {"tag j tags=guard:FAILED_1pct_settle=30s", "advance 1s", "report t02-t03 j FAILED", "advance 1m"},
	"confirm":         {"tag j tags=confirm:5m", "report t02 j SUCCEEDED"},
	"retry-backoff":   {"tag j tags=retry-backoff:10m/1h", "report t02 j FAILED"},
	"waves":           {"tag j tags=waves:30pct_soak=2m_/_60pct_approve", "report t02 j SUCCEEDED", "advance 3m"},
	"hold":            {"hold t02 reason=broken", "advance 1m"},
	"retry":           {"update j retry=FAILED:0", "report t02-t04 j FAILED", "retry j statuses=FAILED"},
}

// interplayEvents are what happens then, in the order of the table.
var interplayEvents = []struct {
	name  string
	lines []string
}{
	{"window closes", []string{"advance 30m"}},
	{"the next window", []string{"advance 24h5m"}},
	{"end time", []string{"advance 100h"}},
	{"CancelJob", []string{"cancel j"}},
	{"CancelJob, force", []string{"cancel j force"}},
	{"DeleteJob, force", []string{"delete j force"}},
	{"UpdateJob description", []string{"update j description=new"}},
	{"UpdateJob presignedUrlConfig", []string{"update j role=arn:aws:iam::000000000000:role/b"}},
	{"UpdateJob rollout", []string{"update j rollout=6/min", "advance 1m"}},
	{"UpdateJob abortConfig", []string{"update j abort=ALL:10:min=1"}},
	{"UpdateJob timeoutConfig", []string{"update j timeout=5", "advance 1m"}},
	{"UpdateJob retries off", []string{"update j retry=FAILED:0", "report t01 j FAILED"}},
	{"thing deleted", []string{"delete-thing t02"}},
	{"thing leaves", []string{"leave t02 group=g1"}},
	{"thing fails", []string{"report t01 j FAILED"}},
	{restarted, []string{"away 90s", "advance 1s"}},
	{"virtual clock set", []string{"advance 10m"}},
}

// restarted is the event after which a thing may be notified once of what two commits have changed:
// a server that starts works off what is due, and its announcer takes together what is there when it
// looks.
const restarted = "server restart"

// onceEach names each thing of a list of notices once.
func onceEach(line string) string {
	if !strings.HasPrefix(line, "notify") {
		return line
	}
	return strings.Join(slices.Compact(strings.Fields(line)), " ")
}

// interplay plays one setting with each event.
func (s *scenario) interplay(t *testing.T, setting string) string {
	t.Helper()
	var out strings.Builder
	for _, event := range interplayEvents {
		story := newScenario(t, memory.Open())
		play := func(lines []string) (all []string) {
			for _, line := range lines {
				cmd, args, err := datadriven.ParseLine(line)
				if err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				said := story.do(t, &datadriven.TestData{Cmd: cmd, CmdArgs: args})
				all = append(all, strings.FieldsFunc(said, func(r rune) bool { return r == '\n' })...)
			}
			return all
		}
		play(interplayJob)
		play(interplaySettings[setting])
		fmt.Fprintf(&out, "%s:\n", event.name)
		for _, line := range play(append(event.lines, "steering j")) {
			if event.name == restarted {
				line = onceEach(line)
			}
			out.WriteString("  " + line + "\n")
		}
	}
	return out.String()
}

// steering shows what steers a job and what that has come to.
func (s *scenario) steering(ctx context.Context, id string) (string, error) {
	j, err := s.Jobs.DescribeJob(ctx, id)
	if err != nil {
		return "", err
	}
	out := ""
	if j.Paused != "" {
		out += fmt.Sprintf("paused %q\n", j.Paused)
	}
	if j.Steered != nil {
		state, err := json.Marshal(j.Steered)
		if err != nil {
			return "", err
		}
		out += string(state) + "\n"
	}
	return out, nil
}
