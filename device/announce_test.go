package device

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// A notice becomes at most two messages, the list before the head (R-MQTT-43), to those that
// subscribe; lists that are empty are left out, and a thing that is gone is passed over.
func TestNotify(t *testing.T) {
	t.Parallel()
	const (
		list = "$aws/things/pump/jobs/notify"
		next = "$aws/things/pump/jobs/notify-next"
	)
	queued := []jobs.DeviceExecution{execution("b", job.ExecutionQueued)}
	for _, row := range []struct {
		name       string
		executions []jobs.DeviceExecution
		notices    []store.Notice
		subscribed string
		want       []string
	}{
		{"both", queued, []store.Notice{{Thing: 1, Notify: true, NotifyNext: true}}, list + " " + next, []string{
			list + ` {"timestamp":1772366400,"jobs":{"QUEUED":[{"jobId":"b","queuedAt":1772362800,` +
				`"lastUpdatedAt":1772362800,"executionNumber":2,"versionNumber":3}]}}`,
			next + ` {"timestamp":1772366400,"execution":{"jobId":"b","status":"QUEUED","queuedAt":1772362800,` +
				`"lastUpdatedAt":1772362800,"versionNumber":3,"executionNumber":2,"jobDocument":{"do": "it"}}}`,
		}},
		{"nothing is pending any more", nil, []store.Notice{{Thing: 1, Notify: true, NotifyNext: true}}, list + " " + next, []string{
			list + ` {"timestamp":1772366400,"jobs":{}}`, next + ` {"timestamp":1772366400}`,
		}},
		{"only the head is subscribed to", nil, []store.Notice{{Thing: 1, Notify: true, NotifyNext: true}}, next, []string{
			next + ` {"timestamp":1772366400}`,
		}},
		{"only the list has changed", nil, []store.Notice{{Thing: 1, Notify: true}}, list + " " + next, []string{
			list + ` {"timestamp":1772366400,"jobs":{}}`,
		}},
		{"a thing that is gone", nil, []store.Notice{{Thing: 2, Notify: true}, {Thing: 1, NotifyNext: true}}, list + " " + next, []string{
			next + ` {"timestamp":1772366400}`,
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			p := newPlane(t, &fleet{executions: row.executions})
			p.Publish = func(topic string, payload []byte) {
				compact(t, topic, payload, `{"do": "it"}`) // R-CLI-18
				got = append(got, topic+" "+string(payload))
			}
			p.Subscribed = func(topic string) bool {
				for _, s := range strings.Fields(row.subscribed) {
					if s == topic {
						return true
					}
				}
				return false
			}
			if err := p.Notify(t.Context(), row.notices); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A head that no device could take is not sent (R-MQTT-16): the device is not left without the
// notification of its list.
func TestNotifyTooLarge(t *testing.T) {
	t.Parallel()
	x := execution("b", job.ExecutionQueued)
	x.Document = `"` + strings.Repeat("x", MaxPayload) + `"`
	var topics []string
	p := newPlane(t, &fleet{executions: []jobs.DeviceExecution{x}})
	p.Publish = func(topic string, _ []byte) { topics = append(topics, topic) }
	if err := p.Notify(t.Context(), []store.Notice{{Thing: 1, Notify: true, NotifyNext: true}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"$aws/things/pump/jobs/notify"}, topics); diff != "" {
		t.Error(diff)
	}
}
