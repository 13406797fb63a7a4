package fleet

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/registry/fleetquery"
)

func seen(client, session string, version int64, at time.Time, connected bool) Presence {
	return Presence{
		Client: client, Session: session, Version: version,
		Connectivity: fleetquery.Connectivity{Connected: connected, At: at},
	}
}

// Two connections of one client may be reported out of order: what is older than what is known is
// no news, unless the client was away so long that its connections are counted anew (R-BRK-33).
func TestPresenceOutOfOrder(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1_700_000_000_000)
	for _, row := range []struct {
		name         string
		known, later Presence
		news         bool
	}{
		{"the same connection ends", seen("a", "s1", 4, at, true), seen("a", "s1", 4, at, false), true},
		{"a newer connection", seen("a", "s1", 4, at, true), seen("a", "s2", 5, at, true), true},
		{"an older connection ends", seen("a", "s2", 5, at, true), seen("a", "s1", 4, at, false), false},
		{
			"just within the hour", seen("a", "s2", 5, at, false),
			seen("a", "s3", 0, at.Add(PresenceMemory-time.Millisecond), true), false,
		},
		{"after an hour", seen("a", "s2", 5, at, false), seen("a", "s3", 0, at.Add(PresenceMemory), true), true},
	} {
		var p presences
		if !p.set(row.known) {
			t.Errorf("%s: the first sight is no news", row.name)
		}
		p.takeNews(9)
		if got := p.set(row.later); got != row.news {
			t.Errorf("%s: news %t, want %t", row.name, got, row.news)
		}
		want := row.known
		if row.news {
			want = row.later
		}
		if got := p.of("a"); got == nil || *got != want.Connectivity {
			t.Errorf("%s: known as %+v, want %+v", row.name, got, want.Connectivity)
		}
	}
}

// News is reported once until some was taken, so that many clients wake nobody more often than a few.
// It is handed out a page at a time and put back when it could not be worked on; clients that are
// named like no thing are remembered only while they are connected.
func TestPresenceNews(t *testing.T) {
	t.Parallel()
	var p presences
	for _, client := range []string{"a", "b", "c"} {
		if first := p.set(seen(client, "s", 1, time.Unix(1, 0), client != "c")); first != (client == "a") {
			t.Errorf("the news of %s is the first: %t", client, first)
		}
	}
	page := p.takeNews(2)
	rest := p.takeNews(9)
	if len(page) != 2 || len(rest) != 1 || len(p.takeNews(9)) != 0 {
		t.Fatalf("pages of %v and %v", page, rest)
	}
	p.returnNews(rest)
	if again := p.takeNews(9); !slices.Equal(again, rest) {
		t.Errorf("put back %v, got %v", rest, again)
	}
	p.forget([]string{"a", "c"})
	if p.of("a") == nil || p.of("c") != nil {
		t.Errorf("of two strangers, the connected one is known as %v, the other as %v", p.of("a"), p.of("c"))
	}
}

// News wake the engine once until they are taken, a moment after the first.
func TestNewsWake(t *testing.T) { // R-ID-38
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		woken := 0
		s := New(Config{Wake: func() { woken++ }})
		for _, client := range []string{"a", "b", "c"} {
			s.SetPresence(seen(client, "s1", 1, time.Unix(1, 0), true))
		}
		time.Sleep(newsGathered - 1)
		synctest.Wait()
		early := woken
		time.Sleep(time.Minute)
		once := woken
		s.classifier.presences.takeNews(memberStep)
		s.SetPresence(seen("a", "s1", 1, time.Unix(1, 0), false))
		time.Sleep(time.Minute)
		if early != 0 || once != 1 || woken != 2 {
			t.Errorf("woken %d times at once, %d times later, %d times with more news; want 0, 1, 2", early, once, woken)
		}
	})
}

// For a while after the start, a client that was not seen may be on its way back; then what
// depended on it is stale (R-ID-61).
func TestPresenceGrace(t *testing.T) {
	t.Parallel()
	var p presences
	stop := p.begin(time.Hour, func() { t.Error("the time is over at once") })
	defer stop()
	p.set(seen("a", "s", 1, time.Unix(1, 0), true))
	if p.mayReturn("a") || !p.mayReturn("b") || p.isStale() {
		t.Errorf("a may return %t, b %t, stale %t", p.mayReturn("a"), p.mayReturn("b"), p.isStale())
	}
	p.begin(0, nil)()
	if p.mayReturn("b") || !p.isStale() {
		t.Errorf("without grace: b may return %t, stale %t", p.mayReturn("b"), p.isStale())
	}
	p.rebuilt()
	if p.isStale() {
		t.Error("stale after everything was rebuilt")
	}
}
