package commit

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/store"
)

// announcementIDs are those of what is stored to be announced.
func announcementIDs(t *testing.T, c *Committer) (ids []int64) {
	t.Helper()
	for _, a := range announcements(t, c) {
		ids = append(ids, a.ID)
	}
	return ids
}

// An announcement that was made is removed by the next commit that succeeds: not by one that fails,
// after which it would be there for ever (R-CON-23).
func TestMadeAnnouncementsAreRemoved(t *testing.T) {
	t.Parallel()
	c, _ := newStepped(t)
	for range 3 {
		do(t, c, func(tx *Tx) error {
			tx.Notify(store.Notice{Thing: 1, Notify: true})
			return nil
		})
	}
	stored := announcementIDs(t, c)
	if len(stored) != 3 {
		t.Fatalf("stored are %v, want three", stored)
	}
	c.Outbox.Confirm(stored[0])
	broken := errors.New("broken")
	if err := c.Do(t.Context(), func(*Tx) error { return broken }); !errors.Is(err, broken) {
		t.Fatalf("the commit that fails: %v", err)
	}
	if diff := cmp.Diff(stored, announcementIDs(t, c)); diff != "" {
		t.Errorf("after a commit that failed (-want +got):\n%s", diff)
	}
	do(t, c, func(*Tx) error {
		c.Outbox.Confirm(stored[1]) // while the commit is made
		return nil
	})
	if diff := cmp.Diff(stored[1:], announcementIDs(t, c)); diff != "" {
		t.Errorf("after the next commit (-want +got):\n%s", diff)
	}
	do(t, c, func(*Tx) error { return nil })
	if diff := cmp.Diff(stored[2:], announcementIDs(t, c)); diff != "" {
		t.Errorf("after the one after that (-want +got):\n%s", diff)
	}
	if at, unsaved := c.Outbox.Position(); at != stored[1] || unsaved {
		t.Errorf("the position is %d, unsaved %v, want %d that is saved", at, unsaved, stored[1])
	}
}

// Whoever gets an answer can wait for what the commit announces: it is in the outbox before the
// answer is given (R-CON-23).
func TestInOutboxBeforeAnswer(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		notice store.Notice
		want   bool
	}{
		{"a notice", store.Notice{Thing: 1, Notify: true}, true},
		{"nothing to announce", store.Notice{Thing: 1}, false},
	} {
		c, _ := newStepped(t)
		var inOutbox bool
		do(t, c, func(tx *Tx) error {
			tx.Notify(row.notice)
			tx.AfterCommit(func() { inOutbox = len(c.Outbox.More()) > 0 })
			return nil
		})
		if inOutbox != row.want {
			t.Errorf("R-CON-23 %s: in the outbox %v, want %v", row.name, inOutbox, row.want)
		}
	}
}
