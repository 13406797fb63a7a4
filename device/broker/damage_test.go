package broker

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// storedMessage is the change that stores a message for a session.
func storedMessage(client string, seq uint64, topic, payload string) Change {
	m := &message{Message: Message{Topic: topic, Payload: []byte(payload), QoS: 1}}
	e := entry{m: m, stub: newStub(m, 0), seq: seq, qos: 1, stored: storedUnsent}
	return effective([]pendingChange{{client: client, message: e}})[0]
}

// damaged returns a change with another value and body.
func damaged(c Change, value, body string) Change {
	c.Value, c.Body = []byte(value), []byte(body)
	return c
}

// A stored value that cannot be read does not keep the broker from starting. It is removed, the log
// names its client, and all others are there (R-BRK-45).
func TestDamagedStore(t *testing.T) {
	t.Parallel()
	record := func(client string) Change {
		return Change{Client: client, Value: []byte(`{"version":5,"expirySeconds":60,"subscriptions":{"q":1}}`)}
	}
	whole := appendStored(nil, &entry{m: &message{Message: Message{Topic: "t", Payload: []byte("x")}}})
	retained := Change{Seq: 9, Value: whole}
	head := storedMessage("dev", 1, "q", "a")
	for _, row := range []struct {
		name   string
		values []Change // besides a sound session with a message, "other"
		lost   []string // the clients that the log names
		left   string   // what is stored afterwards: client and Seq, the retained message among them
	}{
		{"nothing", []Change{record("dev"), head}, nil, " 9 dev 0 dev 1"},
		{"record", []Change{{Client: "dev", Value: []byte("\x00")}, head}, []string{"dev"}, " 9"},
		{"record without a version", []Change{{Client: "dev", Value: []byte("{}")}}, []string{"dev"}, " 9"},
		{"record with a filter that is none", []Change{{Client: "dev",
			Value: []byte(`{"version":5,"expirySeconds":60,"subscriptions":{"#/a":1}}`)}}, []string{"dev"}, " 9"},
		{"record that lasts for ever", []Change{{Client: "dev",
			Value: []byte(`{"version":5,"expirySeconds":9223372036854775807}`)}}, []string{"dev"}, " 9"},
		{"message without a session", []Change{head}, []string{"dev"}, " 9"},
		{"head of nothing", []Change{record("dev"), damaged(head, "", "")}, []string{"dev"}, " 9 dev 0"},
		{"head too short", []Change{record("dev"), damaged(head, string(head.Value[:9]), "")}, []string{"dev"}, " 9 dev 0"},
		{"head of an earlier version too short", []Change{record("dev"), damaged(head, string(whole[:5]), "")},
			[]string{"dev"}, " 9 dev 0"},
		{"message of an earlier version cut", []Change{record("dev"), damaged(head, string(whole[:len(whole)-1]), "")},
			[]string{"dev"}, " 9 dev 0"},
		{"message of an earlier version malformed", []Change{record("dev"),
			damaged(head, string(append(whole[:9:9], 0x30, 1, 0)), "")}, []string{"dev"}, " 9 dev 0"},
		{"key beyond all", []Change{record("dev"), head, {Client: "dev", Seq: 1<<64 - 7, Value: head.Value}},
			[]string{"dev"}, " 9 dev 0 dev 1"},
		{"retained message", []Change{{Seq: 8, Value: whole[:5]}}, []string{""}, " 9"},
		{"all of them", []Change{{Seq: 8, Value: whole[:5]}, {Client: "a", Value: []byte("{")}, record("dev"),
			damaged(head, "", "")}, []string{"", "a", "dev"}, " 9 dev 0"},
	} {
		store := NewMemorySessions()
		sound := []Change{record("other"), storedMessage("other", 1, "q", "sound"), retained}
		if err := store.Apply(t.Context(), append(sound, row.values...)); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		b, err := New(t.Context(), Config{Sessions: store, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		b.Shutdown(t.Context())
		var lost []string
		for line := range strings.Lines(log.String()) {
			_, client, _ := strings.Cut(line, " client=")
			client, _, _ = strings.Cut(client, " ")
			lost = append(lost, strings.Trim(client, `"`))
		}
		if diff := cmp.Diff(row.lost, lost); diff != "" {
			t.Errorf("%s: the log names, want → got:\n%s%s", row.name, diff, &log)
		}
		if diff := cmp.Diff(row.left+" other 0 other 1", keys(t, store)); diff != "" {
			t.Errorf("%s: stored, want → got:\n%s", row.name, diff)
		}
	}
}

// keys lists what is stored.
func keys(t *testing.T, store Sessions) (list string) {
	t.Helper()
	err := store.Load(t.Context(), func(c Change) error {
		list += fmt.Sprintf("%s %d ", c.Client, c.Seq)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(list, " ")
}

// Many damaged values make a few lines (R-BRK-45).
func TestDamagedStoreLogsLittle(t *testing.T) {
	t.Parallel()
	store := NewMemorySessions()
	for i := range 100 {
		_ = store.Apply(t.Context(), []Change{{Client: fmt.Sprint("dev", i), Value: []byte("{")}}) // it cannot fail
	}
	var log bytes.Buffer
	b, err := New(t.Context(), Config{Sessions: store, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	b.Shutdown(t.Context())
	if lines := strings.Count(log.String(), "\n"); lines != restoreLogLines+1 || !strings.Contains(log.String(), "values=90") {
		t.Errorf("%d lines:\n%s", lines, &log)
	}
	if left := keys(t, store); left != "" {
		t.Errorf("stored: %s", left)
	}
}

// A message that is damaged or gone when its client is back is left out, those around it arrive
// (R-BRK-45).
func TestDamagedMessage(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		damage func(Change) Change
	}{
		{"body cut", func(c Change) Change { return damaged(c, string(c.Value), string(c.Body[:len(c.Body)-1])) }},
		{"no body", func(c Change) Change { return damaged(c, string(c.Value), "") }},
		{"another packet", func(c Change) Change { return damaged(c, string(c.Value), "\xc0\x00") }},
		{"another message", func(c Change) Change {
			return damaged(c, string(c.Value), string(storedMessage("dev", 2, "q", "longer").Body))
		}},
		{"head cut", func(c Change) Change { return damaged(c, string(c.Value[:10]), string(c.Body)) }},
		{"removed", func(c Change) Change { return Change{Client: c.Client, Seq: c.Seq} }},
	} {
		store := NewMemorySessions()
		b, addr := start(t, Config{Sessions: store})
		c := rejoin(t, addr, 5, "dev", false)
		c.subscribe(1, 1, "q")
		c.nc.Close()
		b.waitDisconnected(t, "dev")
		for _, payload := range []string{"a", "b", "c"} {
			b.Publish(Message{Topic: "q", Payload: []byte(payload), QoS: 1})
		}
		b.waitUnloaded(t, "dev")
		err := store.Apply(t.Context(), []Change{row.damage(storedMessage("dev", 2, "q", "b"))})
		if err != nil {
			t.Fatal(err)
		}
		c = rejoin(t, addr, 5, "dev", true)
		c.wantPublish("q", "a", 1)
		c.wantPublish("q", "c", 1)
		c.sync()
		if err := b.Stored(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left := keys(t, store); left != "dev 0 dev 1 dev 3" {
			t.Errorf("%s: stored: %s", row.name, left)
		}
	}
}

// waitUnloaded waits until all messages of a session have left the memory.
func (b *Broker) waitUnloaded(t testing.TB, client string) {
	t.Helper()
	until(t, "the messages to leave the memory", func() bool { return b.loaded(client) == 0 })
}

// loaded is how many messages in the queue of a session are in memory.
func (b *Broker) loaded(client string) (n int) {
	b.mu.Lock()
	s := b.sessions[client]
	b.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.queue {
		if s.queue[i].m != nil {
			n++
		}
	}
	return n
}

var errUnreadable = errors.New("unreadable")
