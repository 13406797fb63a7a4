package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// A pending list holds ten executions of jobs without maintenance windows and five of jobs whose
// window is open, each in pending order, however many are pending (R-ORD-5, R-MQTT-19).
func TestPendingListWithWindows(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0).UTC()
	// In pending order: p is an execution of a job without windows, w of one with an open window, c of
	// one with a closed window.
	for name, tt := range map[string]struct {
		pending string
		want    []int // the places of what the list holds
	}{
		"few":                      {"pwcp", []int{1, 2, 4}},
		"windowed in between":      {"wpwwppppwwwpppppp", []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16}},
		"windowed behind the list": {"pppppppppppppwcwcw", []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 16, 18}},
		"some before, some behind": {"wwppppppppppppcwwww", []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 17, 18}},
		"far behind":               {fmt.Sprintf("%0600dw", 0), []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 601}},
	} {
		e, _ := filled(t, now, 1, func(c *store.Changes) {
			for i, kind := range tt.pending {
				j := job.Job{Key: job.Key(i + 1), ID: fmt.Sprint(i + 1), State: job.State{Status: job.InProgress}}
				if kind == 'w' || kind == 'c' {
					j.Schedule = &job.ScheduleConfig{Windows: []job.Window{{StartTime: "0 2 * * ? *", Minutes: 60}}}
				}
				if kind == 'c' {
					j.Status = job.Scheduled
				}
				x := job.NewExecution(job.ExecutionKey{Job: j.Key, Thing: 1, Number: 1}, now)
				x.Sequence = int64(i + 1)
				c.Job.CreatedJobs = append(c.Job.CreatedJobs, store.CreatedJob{Job: j, Document: "{}"})
				c.Job.CreatedExecutions = append(c.Job.CreatedExecutions, x)
			}
		})
		pending, err := e.Jobs.Pending(t.Context(), "t1", 10)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, x := range pending {
			got = append(got, int(x.Sequence))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
