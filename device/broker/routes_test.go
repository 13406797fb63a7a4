package broker

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// TestRoutesAgainstMatches compares the routes with a plain walk over all subscriptions, on random
// filters.
func TestRoutesAgainstMatches(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	levels := []string{"a", "b", "", "$x", "cc", "+"}
	pick := func(n int) string {
		parts := make([]string, 1+rnd.IntN(4))
		for i := range parts {
			parts[i] = levels[rnd.IntN(n)]
		}
		return strings.Join(parts, "/")
	}
	r := newRoutes()
	sessions := make([]*session, 40)
	plain := map[*session]map[string]granted{}
	for i := range sessions {
		sessions[i] = &session{key: fmt.Sprint(i)}
		plain[sessions[i]] = map[string]granted{}
	}
	for step := range 4000 {
		s := sessions[rnd.IntN(len(sessions))]
		filter := pick(len(levels))
		if rnd.IntN(4) == 0 {
			filter += "/#"
		}
		if step%3 == 0 {
			r.remove(filter, s)
			delete(plain[s], filter)
		} else {
			g := granted(rnd.IntN(8))
			r.add(filter, s, g)
			plain[s][filter] = g
		}
		topic := pick(len(levels) - 1)
		got := map[*session]granted{}
		for _, h := range r.match(topic, nil) {
			if _, twice := got[h.session]; twice {
				t.Fatalf("%s is listed twice for %s", h.session.client(), topic)
			}
			got[h.session] = h.granted
		}
		for _, s := range sessions {
			want, ok := matchAll(plain[s], topic)
			if g, found := got[s]; found != ok || g != want {
				t.Fatalf("topic %q filters %v: got %v %v, want %v %v", topic, plain[s], found, g, ok, want)
			}
		}
	}
	for _, s := range sessions {
		for filter := range plain[s] {
			r.remove(filter, s)
		}
	}
	if !r.root.empty() || r.wildcards.Load() != 0 {
		t.Error("the trie has nodes after everything was removed")
	}
}

func matchAll(filters map[string]granted, topic string) (g granted, ok bool) {
	for filter, one := range filters {
		if !mqtt.TopicMatches(filter, topic) {
			continue
		}
		if !ok {
			g, ok = one, true
			continue
		}
		g = g.merge(one)
	}
	return g, ok
}

// BenchmarkPublish measures a publish on a topic of a large fleet: nobody subscribes, or one
// session whose client is disconnected and that queues the latest. Each device has the usual five
// subscriptions, two of them with wildcards.
func BenchmarkPublish(b *testing.B) {
	for _, fleet := range []int{1000, 100_000} {
		br, err := New(b.Context(), Config{})
		if err != nil {
			b.Fatal(err)
		}
		for i := range fleet {
			s := &session{b: br, key: fmt.Sprint(i), expiry: time.Hour}
			p := fmt.Sprintf("$aws/things/thing-%d/jobs/", i)
			for _, f := range []string{"notify-next", "start-next/accepted", "start-next/rejected", "+/update/accepted",
				"+/update/rejected"} {
				br.routes.add(p+f, s, 1)
			}
		}
		payload := make([]byte, 200)
		for name, topic := range map[string]string{
			"nobody": "$aws/things/thing-7/jobs/notify", "one": "$aws/things/thing-7/jobs/notify-next",
		} {
			b.Run(fmt.Sprintf("%s/%d", name, fleet), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					br.Publish(Message{Topic: topic, Payload: payload, QoS: 1, Latest: true})
				}
			})
		}
		br.Shutdown(b.Context())
	}
}
