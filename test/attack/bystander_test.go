package attack

import (
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/test/testserver"
)

// A bystander is a device that was connected before an attack began. It must be served all the
// while, as if nothing happened.
type bystander struct {
	*client
	topic string // of its requests for pending jobs
}

// newBystander registers a thing with a certificate and the policy of R-ID-35, and connects it.
func newBystander(t testing.TB, s *testserver.Server, thing string) *bystander {
	t.Helper()
	policy := "bystander-" + thing
	s.Policy(policy, s.JobsPolicy())
	s.Thing(thing)
	id := s.Identify(thing, policy)
	b := &bystander{topic: "$aws/things/" + thing + "/jobs/get"}
	b.client = join(t, s, &id, mqtt.Connect{ClientID: thing, CleanStart: true})
	b.served(patience)
	return b
}

// served has the device ask for its pending jobs. The answer must come within a time, and is timed.
func (b *bystander) served(within time.Duration) (took time.Duration) {
	b.t.Helper()
	started := time.Now()
	b.send(mqtt.AppendPublish(nil, b.version, &mqtt.Publish{Topic: b.topic, Payload: []byte("{}")}))
	if answer := b.wantPublish(b.topic + "/accepted"); !strings.Contains(answer, "queuedJobs") {
		b.t.Fatalf("a connected device was answered %s", answer)
	}
	if took = time.Since(started); took > within {
		b.t.Errorf("a connected device waited %v for its answer, want at most %v", took, within)
	}
	return took
}

// A device with a certificate is served: what all attacks compare with.
func TestBystander(t *testing.T) {
	t.Parallel()
	b := newBystander(t, testserver.Serve(t), "pump-07")
	for range 10 {
		b.served(time.Second)
	}
}
