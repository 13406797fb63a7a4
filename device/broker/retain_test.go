package broker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// A step of TestRetainedShare: somebody retains a message, or deletes one with size 0.
type retainStep struct {
	by, topic string
	size      int // of the payload
	ok        bool
}

// A principal has a tenth of the retained messages and of their bytes: what replaces or deletes
// gives room back to whoever retained it. The plain listener has no share, only the whole
// (R-BRK-20, R-BRK-23). The shares hold after a restart.
func TestRetainedShare(t *testing.T) {
	t.Parallel()
	const fixed = 64 + 1 // what size counts besides the payload, with topics of one byte
	cfg := Config{MaxRetained: 20, MaxRetainedBytes: 10_000}.withDefaults()
	fits := 1000 - fixed // all bytes of a share
	for name, steps := range map[string][]retainStep{
		"messages": {
			{"X", "a", 1, true}, {"X", "b", 1, true}, {"X", "c", 1, false},
			{"Y", "c", 1, true}, {"Y", "d", 1, true}, {"Y", "e", 1, false},
			{"X", "a", 2, true}, // in place of its own
		},
		"bytes": {
			{"X", "a", fits + 1, false}, {"X", "a", fits, true}, {"X", "b", 1, false},
			{"X", "a", fits - fixed - 1, true}, {"X", "b", 1, true}, {"X", "b", 2, false},
			{"Y", "c", fits, true},
		},
		"in place of another's": {
			{"X", "a", 1, true}, {"X", "b", 1, true}, {"Y", "a", 1, true},
			{"X", "c", 1, true}, {"X", "a", 1, false}, // that is its third
			{"Y", "d", 1, true}, {"Y", "e", 1, false},
		},
		"deleted by another": {
			{"X", "a", 1, true}, {"X", "b", 1, true}, {"Y", "a", 0, true},
			{"X", "c", 1, true}, {"X", "d", 1, false}, {"X", "b", 0, true}, {"X", "d", 1, true},
		},
		"the plain listener": {
			{"", "a", 5000, true}, {"", "b", 1, true}, {"", "c", 1, true},
			{"X", "d", fits, true}, {"", "e", 4000, false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := cfg
			cfg.Sessions = NewMemorySessions()
			for i, step := range steps {
				b, err := New(t.Context(), cfg)
				if err != nil {
					t.Fatal(err)
				}
				m := &message{Message: Message{Topic: step.topic, Payload: make([]byte, step.size)}}
				if got := b.retain(m, step.by); got != step.ok {
					t.Errorf("step %d, %+v: %v", i, step, got)
				}
				if err := b.Shutdown(t.Context()); err != nil { // and again from what is stored
					t.Fatal(err)
				}
			}
		})
	}
}

// What is counted is what is there, whoever retains, replaces and deletes.
func TestRetainedCounts(t *testing.T) {
	t.Parallel()
	b, err := New(t.Context(), Config{MaxRetained: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Shutdown(t.Context())
	for i := range 1000 {
		topic := fmt.Sprint(i * 7 % 31)
		m := &message{Message: Message{Topic: topic, Payload: make([]byte, i*5%4)}}
		b.retain(m, fmt.Sprint(i*11%5))
	}
	r := &b.retained
	var all retainedUse
	each := map[string]retainedUse{}
	for _, m := range r.messages {
		all = all.plus(1, m.size())
		each[m.by] = each[m.by].plus(1, m.size())
	}
	if all != r.all || fmt.Sprint(each) != fmt.Sprint(r.each) {
		t.Errorf("counted are %v and %v, there are %v and %v", r.all, r.each, all, each)
	}
}

// Those who are refused do not make a search for expired messages each time.
func TestSweepIsRare(t *testing.T) {
	t.Parallel()
	b := &Broker{journal: newJournal(NewMemorySessions(), 64<<20, logTo(&logLines{}))}
	defer b.journal.close()
	r := &b.retained
	r.reset()
	now := time.Now()
	add := func() {
		r.set(retainedMessage{&message{Message: Message{Topic: "a"}, expires: now}, 1, ""})
	}
	add()
	for _, step := range []struct {
		after time.Duration
		left  int
	}{{0, 0}, {sweepInterval - 1, 1}, {sweepInterval, 0}} {
		b.deleteExpired(now.Add(step.after))
		if len(r.messages) != step.left {
			t.Errorf("after %v: %d messages, want %d", step.after, len(r.messages), step.left)
		}
		add()
	}
}

// A retained message is read as it was written, with and without a principal; what is damaged is
// said to be.
func TestStoredRetained(t *testing.T) {
	t.Parallel()
	m := &message{
		Message: Message{Topic: "a", Payload: []byte("x"), QoS: 1},
		expires: time.UnixMilli(1_700_000_000_000),
	}
	plain := appendRetained(nil, &retainedMessage{m, 1, ""})
	if want := appendStored(nil, &entry{m: m, qos: 1, retain: true}); string(plain) != string(want) {
		t.Errorf("without a principal it is stored as %q, want %q", plain, want)
	}
	stored := appendRetained(nil, &retainedMessage{m, 1, "4f"})
	if want := string(plain[1:]) + "4f\x00\x02"; string(stored[1:]) != want || stored[0] != plain[0]|storedBy {
		t.Errorf("with a principal it is stored as %q, want %q", stored[1:], want)
	}
	for by, form := range map[string][]byte{"": plain, "4f": stored} {
		got, err := parseRetained(form)
		if err != nil || got.by != by || got.Topic != "a" || string(got.Payload) != "x" ||
			!got.expires.Equal(m.expires) {
			t.Errorf("%q is read as %+v, %v", form, got, err)
		}
	}
	for _, damaged := range []string{
		"", string(stored[:9]), string(stored[:len(stored)-1]), string(stored) + "\xff\xff",
		"\x10" + strings.Repeat("\x00", 11),
	} {
		if _, err := parseRetained([]byte(damaged)); err == nil {
			t.Errorf("%q is read", damaged)
		}
	}
}

// A client gets 0x97 for what is beyond its share, and another is not disturbed (R-BRK-20).
func TestRetainedShareOfClients(t *testing.T) {
	t.Parallel()
	people := newCast()
	_, addr := start(t, Config{Authenticate: people.authenticate, MaxRetained: 10})
	for _, who := range []string{"X", "Y"} {
		c := people.connectAs(t, attachedToNothing(who), addr, mqtt.Connect{ClientID: who}, false)
		for i, want := range []mqtt.Reason{mqtt.Success, mqtt.QuotaExceeded} {
			topic := fmt.Sprint(who, i)
			c.sendPublish(mqtt.Publish{Topic: topic, QoS: 1, ID: 1, Retain: true, Payload: []byte("x")})
			c.wantPuback(1, want)
		}
	}
}
