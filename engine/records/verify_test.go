package records

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// someEntries are so many entries.
func someEntries(n int) (entries []audit.Entry) {
	for i := range n {
		entries = append(entries, audit.Entry{
			Operator:  audit.Operator{KeyID: "AKIA1", Name: []string{"alice", "bob"}[i/2%2]},
			Operation: "UpdateThing",
			Resource:  fmt.Sprint("thing/pump-", i%3),
			Before:    []byte(`{"a":1}`),
			After:     []byte(`{"a":2}`),
		})
	}
	return entries
}

// somePages are pages after a link, of so many records each.
func somePages(after audit.Link, sizes ...int) (pages []audit.Page) {
	for i, n := range sizes {
		made := after.Pages(someEntries(n), noon.Add(time.Duration(i)*time.Hour))
		pages, after = append(pages, made...), made[len(made)-1].Last()
	}
	return pages
}

// logOf is an audit log of pages.
func logOf(t *testing.T, changes ...store.AuditChanges) *Service {
	t.Helper()
	s := memory.Open()
	for _, c := range changes {
		err := s.Write(t.Context(), func(tx store.Tx) error { return tx.Apply(store.Changes{Audit: c}) })
		if err != nil {
			t.Fatal(err)
		}
	}
	return New(Config{Store: s, Clock: clock.NewVirtual(noon)})
}

// verifyAll verifies a whole log as a client does, and returns the first record that does not fit, 0
// for none, and the last that does.
func verifyAll(t *testing.T, s *Service, noted audit.Link) (misfit int64, to audit.Link) {
	t.Helper()
	var from *Place
	for range 1000 {
		v, err := s.Verify(t.Context(), from, noted)
		if err != nil {
			t.Fatal(err)
		}
		if v.Misfit != nil {
			return v.Misfit.Number, v.To
		}
		if !v.More {
			return 0, v.To
		}
		from = &Place{At: v.To, Cut: v.Cut}
	}
	t.Fatal("the verification does not end")
	return 0, to
}

func clonePages(pages []audit.Page) []audit.Page {
	cloned := slices.Clone(pages)
	for i := range cloned {
		cloned[i].Text = slices.Clone(cloned[i].Text)
		cloned[i].Hashes = slices.Clone(cloned[i].Hashes)
	}
	return cloned
}

// Whatever is changed in what a store has of the log is found, and the first record that does not
// fit is named.
func TestTamperedStore(t *testing.T) { // R-AUD-2
	t.Parallel()
	whole := somePages(audit.Link{}, 2, 1, 3, 1)
	noted := whole[3].Last()
	if bad, to := verifyAll(t, logOf(t, store.AuditChanges{Added: whole}), noted); bad != 0 || to != noted {
		t.Fatalf("nothing was changed: record %d, up to %v", bad, to)
	}
	found := func(what string, pages []audit.Page, want int64) {
		t.Helper()
		if got, _ := verifyAll(t, logOf(t, store.AuditChanges{Added: pages}), noted); got != want {
			t.Errorf("%s: record %d does not fit, want %d", what, got, want)
		}
	}
	for i, page := range whole {
		at := page.First
		for b, c := range page.Text {
			changed := clonePages(whole)
			changed[i].Text[b] ^= 1
			found(fmt.Sprintf("byte %d of page %d is changed", b, i), changed, at)
			changed[i].Text[b] = '\n'
			if c != '\n' {
				found(fmt.Sprintf("byte %d of page %d is a line feed", b, i), changed, at)
			} else {
				at++
			}
		}
		for b := range page.Hashes {
			changed := clonePages(whole)
			changed[i].Hashes[b] ^= 128
			found(fmt.Sprintf("byte %d of the hashes of page %d is changed", b, i), changed,
				page.First+int64(b/32))
			changed[i].Hashes = changed[i].Hashes[:b]
			found(fmt.Sprintf("the hashes of page %d are cut at %d", i, b), changed, page.First+int64(b/32))
		}
		found(fmt.Sprintf("page %d is removed", i), slices.Delete(clonePages(whole), i, i+1), page.First)
		renumbered := clonePages(whole)
		renumbered[i].First += 100
		found(fmt.Sprintf("page %d has another number", i), renumbered, page.First)
		for j := range i {
			swapped := clonePages(whole)
			swapped[i].Text, swapped[j].Text = swapped[j].Text, swapped[i].Text
			swapped[i].Hashes, swapped[j].Hashes = swapped[j].Hashes, swapped[i].Hashes
			found(fmt.Sprintf("pages %d and %d are swapped", i, j), swapped, whole[j].First)
		}
		found(fmt.Sprintf("the log ends before page %d", i), clonePages(whole)[:i], page.First)
	}
	// Somebody writes the end anew.
	forged := append(clonePages(whole)[:2:2], somePages(whole[1].Last(), 4)...)
	found("the end is forged", forged, noted.Number)
}

// A log that was cut is verified from the cut on. Whoever removes its beginning by hand leaves no
// record of a cut, or one of another.
func TestCutByHand(t *testing.T) { // R-AUD-2, R-AUD-3
	t.Parallel()
	whole := somePages(audit.Link{}, 2, 1, 3)
	last := whole[2].Last()
	said := store.AuditChanges{Cut: whole[0].First, Added: last.Pages([]audit.Entry{audit.Cut(2)}, noon)}
	for _, row := range []struct {
		name    string
		changes []store.AuditChanges
		misfit  int64
	}{
		{"by the server", []store.AuditChanges{said}, 0},
		{"by hand", []store.AuditChanges{{Cut: whole[0].First}}, 2},
		{"by the server, and more by hand", []store.AuditChanges{said, {Cut: whole[1].First}}, 3},
	} {
		s := logOf(t, append([]store.AuditChanges{{Added: whole}}, row.changes...)...)
		if got, _ := verifyAll(t, s, audit.Link{}); got != row.misfit {
			t.Errorf("%s: record %d does not fit, want %d", row.name, got, row.misfit)
		}
		if got, _ := verifyAll(t, s, whole[2].Last()); got != row.misfit {
			t.Errorf("%s, with a head: record %d does not fit, want %d", row.name, got, row.misfit)
		}
	}
	s := logOf(t, store.AuditChanges{Added: whole}, said)
	if got, _ := verifyAll(t, s, audit.Link{Number: 2}); got != 2 {
		t.Errorf("the mark is another one than was noted: record %d does not fit", got)
	}
}

// A request verifies a bounded part of a long log, and goes on where the last one ended.
func TestVerifyInParts(t *testing.T) { // R-AUD-2
	t.Parallel()
	sizes := slices.Repeat([]int{1, 400, 7}, 10)
	whole := somePages(audit.Link{}, sizes...)
	s := logOf(t, store.AuditChanges{Added: whole})
	v, err := s.Verify(t.Context(), nil, audit.Link{})
	if err != nil || !v.More || v.To.Number < verifyAtOnce || v.To.Number > verifyAtOnce+400 {
		t.Errorf("the first part is up to %v, more is %t, %v", v.To, v.More, err)
	}
	misfit, to := verifyAll(t, s, audit.Link{})
	if want := whole[len(whole)-1].Last(); misfit != 0 || to != want {
		t.Errorf("up to %v, record %d does not fit, want %v", to, misfit, want)
	}
	changed := clonePages(whole)
	changed[20].Text[5] ^= 1
	if got, _ := verifyAll(t, logOf(t, store.AuditChanges{Added: changed}), audit.Link{}); got != changed[20].First {
		t.Errorf("record %d does not fit, want %d", got, changed[20].First)
	}
}

// A list has the records that are meant, each once and in its order, however they lie in pages.
func TestListInPages(t *testing.T) { // R-AUD-3
	t.Parallel()
	whole := somePages(audit.Link{}, 1, 30, 2, 1, 40)
	s := logOf(t, store.AuditChanges{Added: whole})
	for _, f := range []Filter{
		{Limit: 7},
		{Limit: 1000},
		{Limit: 7, Forwards: true},
		{Limit: 3, Resource: "thing/pump-1"},
		{Limit: 3, Operator: "bob", Forwards: true},
		{Limit: 5, Before: 20},
		{Limit: 5, After: 20, Forwards: true},
		{Limit: 5, Resource: "thing/pump"},
	} {
		var want, got []int64
		for _, page := range whole {
			for _, stored := range page.Records() {
				if r, err := stored.Record(); err == nil && f.matches(r) {
					want = append(want, r.Number)
				}
			}
		}
		if !f.Forwards {
			slices.Reverse(want)
		}
		what := fmt.Sprintf("%+v", f)
		for range 100 {
			page, more, err := s.List(t.Context(), f)
			if err != nil || len(page) > f.Limit {
				t.Fatalf("%s: %d records, %v", what, len(page), err)
			}
			for _, r := range page {
				got = append(got, r.Number)
			}
			if more == 0 {
				break
			}
			if f.Forwards {
				f.After = more
			} else {
				f.Before = more
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
}

// One request looks at a bounded number of records; it says where the next one goes on.
func TestListIsBounded(t *testing.T) { // R-AUD-3, R-WIRE-27
	t.Parallel()
	s := logOf(t, store.AuditChanges{Added: somePages(audit.Link{}, slices.Repeat([]int{300}, 20)...)})
	f := Filter{Limit: 1, Resource: "none"}
	for requests := 1; ; requests++ {
		found, more, err := s.List(t.Context(), f)
		if err != nil || len(found) > 0 {
			t.Fatalf("found %v, %v", found, err)
		}
		if more == 0 {
			if requests < 3 {
				t.Errorf("6,000 records are looked at in %d requests", requests)
			}
			return
		}
		f.Before = more
	}
}
