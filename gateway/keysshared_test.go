package gateway_test

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

// sharedText is a text in memory, whose reads are counted.
type sharedText struct {
	mu    sync.Mutex
	text  []byte
	err   error         // of every call, when set
	takes time.Duration // each read
	reads int
}

func newSharedText(t *testing.T) (text *sharedText, first gateway.Key) {
	t.Helper()
	keys, err := gateway.NewKeys("operator")
	if err == nil {
		first, err = gateway.FirstKey(keys)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &sharedText{text: keys}, first
}

func (s *sharedText) Read(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	text, err := s.text, s.err
	s.mu.Unlock()
	time.Sleep(s.takes) // in a bubble only
	s.mu.Lock()
	return text, err
}

func (s *sharedText) Change(_ context.Context, f func([]byte) ([]byte, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	text, err := f(s.text)
	if err == nil {
		s.text = text
	}
	return err
}

// set changes what the text answers.
func (s *sharedText) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// A key that one server makes is accepted by the others at once, and one that it removes is refused
// by them within a second, by itself at once.
func TestKeysOfAnotherServer(t *testing.T) { // R-NODE-1
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		text, first := newSharedText(t)
		one, other := gateway.ShareKeys(text), gateway.ShareKeys(text)
		wantSecret(t, other, "the first", first.AccessKeyID, first.SecretAccessKey)
		for range 20 {
			key := create(t, one, "ci")
			wantSecret(t, other, "made", key.AccessKeyID, key.SecretAccessKey)
			wantSecret(t, one, "made", key.AccessKeyID, key.SecretAccessKey)
			if err := one.Delete(key.AccessKeyID); err != nil {
				t.Fatal(err)
			}
			wantSecret(t, one, "removed", key.AccessKeyID, "")
			time.Sleep(time.Second)
			wantSecret(t, other, "removed a second ago", key.AccessKeyID, "")
			wantSecret(t, other, "left", first.AccessKeyID, first.SecretAccessKey)
		}
		if got, err := other.First("another"); err != nil || !reflect.DeepEqual(got, first) {
			t.Errorf("the first key is %+v, %v", got, err)
		}
	})
}

// Requests with keys that do not exist wait for each other's reads, and those with keys that do make
// none for half a second.
func TestReadsOfKeysAreFew(t *testing.T) { // R-NODE-1
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		text, first := newSharedText(t)
		text.takes = time.Millisecond
		keys := gateway.ShareKeys(text)
		ask := func(id, secret string) {
			var all sync.WaitGroup
			for range 1000 { // over a second
				all.Go(func() { wantSecret(t, keys, "in a crowd", id, secret) })
				time.Sleep(time.Millisecond)
			}
			all.Wait()
		}
		for _, row := range []struct {
			id, secret string
			most       int
		}{
			{first.AccessKeyID, first.SecretAccessKey, 3},
			{"AKIANOBODY", "", 12},
		} {
			before := text.reads
			ask(row.id, row.secret)
			if n := text.reads - before; n < 2 || n > row.most {
				t.Errorf("%s: %d reads in a second, want 2 to %d", row.id, n, row.most)
			}
		}
	})
}

// Whoever asks with keys that do not exist makes nobody wait who has one.
func TestUnknownKeysDelayNobody(t *testing.T) { // R-NODE-1
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		text, first := newSharedText(t)
		keys := gateway.ShareKeys(text)
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() { wantSecret(t, keys, "unknown", "AKIANOBODY", "") })
			time.Sleep(time.Millisecond)
			begun := time.Now()
			wantSecret(t, keys, "known", first.AccessKeyID, first.SecretAccessKey)
			if took := time.Since(begun); took > 0 {
				t.Fatalf("a known key waited for %v", took)
			}
		}
		all.Wait()
	})
}

// While the database is away no key works, and each request is told so; afterwards all is as before.
func TestSharedKeysAreAway(t *testing.T) { // R-NODE-1, R-NODE-9
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		text, first := newSharedText(t)
		keys := gateway.ShareKeys(text)
		away := fault.New(fault.Unavailable, "away")
		text.set(away)
		for _, id := range []string{first.AccessKeyID, "AKIANOBODY"} {
			if _, err := keys.Find(id); !errors.Is(err, away) {
				t.Errorf("%s: %v", id, err)
			}
		}
		for what, err := range map[string]error{
			"create": func() error { _, err := keys.Create("ci", schema.Admin); return err }(),
			"first":  func() error { _, err := keys.First("ci"); return err }(),
			"delete": keys.Delete(first.AccessKeyID),
		} {
			if !errors.Is(err, away) {
				t.Errorf("%s: %v", what, err)
			}
		}
		text.set(nil)
		time.Sleep(time.Second)
		wantSecret(t, keys, "back", first.AccessKeyID, first.SecretAccessKey)
	})
}

// What is no list of keys opens nothing and is not overwritten.
func TestDamagedSharedKeys(t *testing.T) { // R-NODE-1
	t.Parallel()
	keys := gateway.ShareKeys(&sharedText{text: []byte(`{"name":"operator"}`)})
	found, err := keys.Find("AKIANOBODY")
	if err == nil || found.AccessKeyID != "" || fault.Of(err) != nil {
		t.Errorf("got %v, %v, want an error that is no fault", found, err)
	}
	if _, err := keys.Create("ci", schema.Admin); err == nil {
		t.Error("a key was added to a damaged text")
	}
	for name, text := range map[string]string{"none": `[]`, "damaged": `[`} {
		if key, err := gateway.FirstKey([]byte(text)); err == nil || key.AccessKeyID != "" {
			t.Errorf("%s: the first key is %+v", name, key)
		}
	}
}
