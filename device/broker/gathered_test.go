package broker

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// What is gathered is bounded, and forgotten when nobody waits for it.
func TestGatheredIsBounded(t *testing.T) { // R-BRK-13
	lines := &logLines{}
	change := func(cfg *Config) { cfg.MaxPendingBytes, cfg.Log = 10_000, logTo(lines) }
	inCluster(t, 2, change, func(t *testing.T, c *cluster) {
		c.subscribed(t).lose()
		d := c.nodes[1].connect("dev")
		n := c.nodes[1]
		for i := range 20 {
			c.publish("t", fmt.Sprintf("%02d%s", i, strings.Repeat("x", 1000)))
		}
		for n.step() {
		}
		if bytes := n.b.gathered.bytes; bytes > 10_000 || bytes < 8_000 {
			t.Errorf("%d bytes are gathered", bytes)
		}
		c.run()
		if got := len(d.received); got != 9 || string(d.received[0].Payload[:2]) != "11" {
			t.Errorf("%d messages came, the first is %.2s, want 9 from 11 on", got, d.payloads())
		}
		if g := &n.b.gathered; g.bytes != 0 || len(g.index) != 0 || g.active.Load() != 0 {
			t.Errorf("left: %d bytes, %d keys", g.bytes, len(g.index))
		}
		time.Sleep(expiryInterval)
		synctest.Wait()
		// Eleven of them, and the presence event before.
		if got := lines.String(); !strings.Contains(got, "messages=12") {
			t.Errorf("logged: %s", got)
		}
	})
}

// What a session subscribes to is found in what was gathered as by comparing each message.
func TestGatheredCandidates(t *testing.T) {
	t.Parallel()
	topics := []string{"a", "a/b", "a/b/c", "a/", "/a", "b/b", "$aws/things/a/jobs/notify", "$aws/events/job/a", "a/b"}
	g := gathered{limit: 1 << 20, index: map[string][]int{}}
	g.begin(false)
	for _, topic := range topics {
		g.add(&message{Message: Message{Topic: topic, QoS: 1}})
	}
	g.forget(2)
	for _, filter := range []string{
		"a", "a/b", "a/+", "a/#", "+", "#", "+/b", "/+", "a/", "$aws/things/a/jobs/#", "$aws/+/+/a", "c",
	} {
		var got, want []int
		for _, at := range g.candidates(filter) {
			if mqtt.TopicMatches(filter, g.messages[at-g.first].Topic) {
				got = append(got, at)
			}
		}
		for at := 2; at < len(topics); at++ {
			if mqtt.TopicMatches(filter, topics[at]) {
				want = append(want, at)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: found %v, want %v", filter, got, want)
		}
	}
	if found := g.candidates("$aws/things/a/jobs/#"); len(found) != 1 {
		t.Errorf("%d messages are looked at for the filter of one thing", len(found))
	}
	if g.forget(len(g.messages)); len(g.index) != 0 || g.bytes != 0 {
		t.Errorf("%d keys and %d bytes are left", len(g.index), g.bytes)
	}
}
