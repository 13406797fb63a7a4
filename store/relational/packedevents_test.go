package relational

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/store"
)

func TestPackedEvents(t *testing.T) { // R-SNK-11
	t.Parallel()
	var many []store.Event
	for i := range 1000 {
		payload := fmt.Appendf(nil, `{"eventType":"JOB_EXECUTION","eventId":"%032x","jobId":"fw-2"}`, i*7919)
		many = append(many, store.Event{Topic: "$aws/events/jobExecution/fw-2/succeeded", Payload: payload})
	}
	for _, events := range [][]store.Event{nil, {{Topic: "é", Payload: []byte{}}}, many} {
		packed, err := packEvents(events)
		if err != nil {
			t.Fatal(err)
		}
		got, err := unpackEvents(packed)
		if diff := cmp.Diff(events, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		for cut := range min(len(packed), 100) {
			if _, err := unpackEvents(packed[:cut]); len(events) > 0 && !errors.Is(err, errEvents) {
				t.Errorf("cut to %d of %d bytes: got %v", cut, len(packed), err)
			}
		}
	}
	packed, _ := packEvents(many)
	if size := (store.Announcement{Events: many}).Size(); len(packed) > size/4 {
		t.Errorf("%d bytes of %d", len(packed), size)
	}
}
