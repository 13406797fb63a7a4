package audit

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC)

// entry is the entry of a record by its number, with something in each member of every third.
func entry(number int) Entry {
	e := Entry{
		Operator:  Operator{KeyID: "AKIA1", Name: `"Zoë" <a>`},
		Operation: "UpdateThing",
		Resource:  fmt.Sprint("thing/pump-", number),
	}
	if number%3 == 0 {
		e.Source, e.RequestID = "192.0.2.7", "r-1"
		e.Request = []byte(`{"a":1}`)
		e.Before, e.After = []byte(`{"a":"x"}`), []byte(`{"a":"<&>"}`)
	}
	return e
}

// chain is a chain of so many records after a link.
func chain(after Link, n int) (records []Sealed) {
	for i := range n {
		next := after.Append(entry(i), noon.Add(time.Duration(i)*time.Second))
		records, after = append(records, next), next.Link
	}
	return records
}

// verify walks records from a link on, and returns the number of the first that does not fit; 0 for
// none.
func verify(from, noted Link, records []Sealed) int64 {
	walk := Walk{At: from, Noted: noted}
	for _, r := range records {
		if misfit := walk.Step(r); misfit != nil {
			return misfit.Number
		}
	}
	if misfit := walk.End(Link{}); misfit != nil {
		return misfit.Number
	}
	return 0
}

// clone is a copy of records that shares nothing with them.
func clone(records []Sealed) []Sealed {
	copied := slices.Clone(records)
	for i := range copied {
		copied[i].Text = slices.Clone(copied[i].Text)
	}
	return copied
}

// The form of a stored record never changes: its hash was made of it.
func TestText(t *testing.T) { // R-AUD-2
	t.Parallel()
	records := chain(Link{}, 4)
	got := string(records[3].Text)
	want := `{"number":4,"previous":"` + records[2].Hash.String() + `","time":"2026-03-01T12:00:03.123Z",` +
		`"accessKeyId":"AKIA1","operator":"\"Zoë\" \u003ca\u003e","sourceAddress":"192.0.2.7",` +
		`"operation":"UpdateThing","resource":"thing/pump-3","requestId":"r-1","request":{"a":1},` +
		`"before":{"a":"x"},"after":{"a":"<&>"}}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	const first = "4be01ba8"
	if hash := records[0].Hash.String(); !strings.HasPrefix(hash, first) {
		t.Errorf("the hash of %s is %s, want %s…", records[0].Text, hash, first)
	}
	for i, s := range records {
		r, err := s.Record()
		if err != nil {
			t.Fatal(err)
		}
		want := Record{Entry: entry(i), Link: s.Link, At: noon.Add(time.Duration(i) * time.Second)}
		if i > 0 {
			want.Previous = records[i-1].Hash
		}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("record %d (-want +got):\n%s", s.Number, diff)
		}
		if diff := cmp.Diff(s, r.Seal()); diff != "" {
			t.Errorf("sealed again (-want +got):\n%s", diff)
		}
	}
}

// Whatever byte of a record is changed, and to what, the record is found; and so is one that was
// removed, added or moved, and what was removed at the end after a head was noted.
func TestTampering(t *testing.T) { // R-AUD-2
	t.Parallel()
	for _, from := range []Link{{}, {Number: 41, Hash: Hash{7}}} {
		records := chain(from, 7)
		noted := records[5].Link
		if bad := verify(from, Link{}, records) + verify(from, noted, records); bad != 0 {
			t.Fatalf("nothing was changed, and record %d does not fit", bad)
		}
		found := func(what string, changed []Sealed, want int64) {
			t.Helper()
			if got := verify(from, noted, changed); got != want {
				t.Errorf("after %d, %s: record %d does not fit, want %d", from.Number, what, got, want)
			}
		}
		for i, r := range records {
			for at := range r.Text {
				for _, bit := range []byte{1, 2, 32, 128} {
					changed := clone(records)
					changed[i].Text[at] ^= bit
					found(fmt.Sprintf("byte %d of record %d is changed", at, r.Number), changed, r.Number)
				}
			}
			for at := range r.Hash {
				changed := clone(records)
				changed[i].Hash[at] ^= 1
				found(fmt.Sprintf("byte %d of the hash of record %d is changed", at, r.Number),
					changed, r.Number)
			}
			removed := slices.Delete(clone(records), i, i+1)
			if i < 6 { // the last one is behind what was noted
				found(fmt.Sprintf("record %d is removed", r.Number), removed, r.Number)
			}
			again := slices.Insert(clone(records), i, r)
			found(fmt.Sprintf("record %d is there twice", r.Number), again, r.Number+1)
			for j := range i {
				swapped := clone(records)
				swapped[i], swapped[j] = swapped[j], swapped[i]
				found(fmt.Sprintf("records %d and %d are swapped", i, j), swapped, records[j].Number)
				swapped[i].Number, swapped[j].Number = swapped[j].Number, swapped[i].Number
				found(fmt.Sprintf("records %d and %d have swapped texts", i, j), swapped, records[j].Number)
			}
			if i < 6 {
				cut := clone(records)[:i]
				found(fmt.Sprintf("what follows record %d is removed", r.Number-1), cut, r.Number)
			}
			// Whoever writes a record anew, with its hash, must write all later ones.
			forged := clone(records)
			before := from
			if i > 0 {
				before = records[i-1].Link
			}
			e := entry(i)
			e.Operator.Name = "somebody else"
			forged[i] = before.Append(e, noon)
			if i < 6 {
				found(fmt.Sprintf("record %d is forged", r.Number), forged, min(r.Number+1, noted.Number))
			}
			later := before
			for j := i; j < len(forged); j++ {
				forged[j] = later.Append(e, noon)
				later = forged[j].Link
			}
			if i < 6 {
				found(fmt.Sprintf("all from record %d on are forged", r.Number), forged, noted.Number)
			}
		}
	}
}

func TestDifference(t *testing.T) { // R-AUD-1
	t.Parallel()
	for _, row := range []struct{ before, after, wantBefore, wantAfter string }{
		{``, `{"a":1}`, ``, `{"a":1}`},
		{`{"a":1}`, ``, `{"a":1}`, ``},
		{`{"a":1}`, `{"a":1}`, ``, ``},
		{`{"a":1,"b":2}`, `{"a":1,"b":3}`, `{"b":2}`, `{"b":3}`},
		{`{"a":1}`, `{"b":1}`, `{"a":1}`, `{"b":1}`},
		{`{"a":1,"b":{"c":2,"d":3}}`, `{"a":1,"b":{"c":4,"d":3}}`, `{"b":{"c":2}}`, `{"b":{"c":4}}`},
		{`{"b":{"c":2}}`, `{"b":{}}`, `{"b":{"c":2}}`, `{"b":{}}`},
		{`{"b":{"c":2}}`, `{"b":[{"c":2}]}`, `{"b":{"c":2}}`, `{"b":[{"c":2}]}`},
		{`{"l":[1,2]}`, `{"l":[1,3]}`, `{"l":[1,2]}`, `{"l":[1,3]}`},
	} {
		before, after, err := Difference([]byte(row.before), []byte(row.after))
		if err != nil || string(before) != row.wantBefore || string(after) != row.wantAfter {
			t.Errorf("%s and %s: %s and %s, %v", row.before, row.after, before, after, err)
		}
	}
	for _, row := range [][2]string{{`{`, `{}`}, {`{}`, `[`}} {
		if _, _, err := Difference([]byte(row[0]), []byte(row[1])); err == nil {
			t.Errorf("%s and %s are no objects, and no error", row[0], row[1])
		}
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		objects []string
		want    string
	}{
		{nil, ``},
		{[]string{``, ``}, ``},
		{[]string{`{}`, `{}`}, `{}`},
		{[]string{`{"a":1}`, ``, `{"b":2}`, `{}`}, `{"a":1,"b":2}`},
		{[]string{`{}`, `{"b":2}`}, `{"b":2}`},
	} {
		var objects [][]byte
		for _, o := range row.objects {
			objects = append(objects, []byte(o))
		}
		if got := Join(objects...); !bytes.Equal(got, []byte(row.want)) {
			t.Errorf("%q: %s, want %s", row.objects, got, row.want)
		}
	}
}

// A filter by resource finds what is below it, and nothing whose name only begins like it.
func TestMatches(t *testing.T) { // R-AUD-3
	t.Parallel()
	r := Record{Entry: Entry{Resource: "job/fw/thing/a", Operator: Operator{KeyID: "AKIA1", Name: "alice"}}}
	for _, row := range []struct {
		resource, operator string
		want               bool
	}{
		{"", "", true},
		{"job/fw", "", true},
		{"job/fw/thing/a", "alice", true},
		{"job", "AKIA1", true},
		{"job/f", "", false},
		{"job/fw/thing/a/b", "", false},
		{"", "bob", false},
	} {
		if got := r.Matches(row.resource, row.operator); got != row.want {
			t.Errorf("%q, %q: %t", row.resource, row.operator, got)
		}
	}
}

// Keys that are made and deleted are told from those that the log knows; no record has a secret.
func TestKeyChanges(t *testing.T) { // R-AUD-1
	t.Parallel()
	a := Key{Operator{"AKIAA", "a"}, noon, "", ""}
	b := Key{Operator{"AKIAB", "b"}, noon, "", ""}
	got := KeyChanges([]Key{a}, []Key{b}, Operator{Name: KeyCommand}, "root@host")
	shown := func(id, name string) []byte {
		return fmt.Appendf(nil, `{"accessKeyId":%q,"name":%q,"createdAt":"2026-03-01T12:00:00.123Z"}`, id, name)
	}
	by := Operator{Name: KeyCommand}
	want := []Entry{
		{Operator: by, Source: "root@host", Operation: DeleteKey, Resource: "key/AKIAA", Before: shown("AKIAA", "a")},
		{Operator: by, Source: "root@host", Operation: CreateKey, Resource: "key/AKIAB", After: shown("AKIAB", "b")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if same := KeyChanges([]Key{a, b}, []Key{b, a}, by, ""); same != nil {
		t.Errorf("nothing has changed, and %v", same)
	}
	admin, viewer := a, a
	admin.Role, viewer.Role = "admin", "viewer"
	if same := KeyChanges([]Key{a}, []Key{admin}, by, ""); same != nil {
		t.Errorf("the role is written now, and %v", same)
	}
	changed := KeyChanges([]Key{viewer}, []Key{admin}, by, "")
	if len(changed) != 1 || changed[0].Operation != UpdateKey || changed[0].Resource != "key/AKIAA" ||
		!strings.Contains(string(changed[0].Before), `"role":"viewer"`) ||
		!strings.Contains(string(changed[0].After), `"role":"admin"`) {
		t.Errorf("a viewer became an admin: %+v", changed)
	}
}

func TestDigest(t *testing.T) { // R-AUD-1
	t.Parallel()
	const want = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a, 2 bytes"
	if got := Digest("{}"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A page stores what a record has in common with the one before it once, and has the records as they
// were made.
func TestPage(t *testing.T) { // R-AUD-2
	t.Parallel()
	var entries []Entry
	for i := range 6 {
		e := entry(0)
		e.Resource = fmt.Sprintf(`thing/"resource":%d`, i)
		e.Operator.Name = []string{`a`, `a`, `","time":`, `","time":`, `"resource":`, `"resource":`}[i]
		entries = append(entries, e)
	}
	after := Link{Number: 41, Hash: Hash{7}}
	pages := after.Pages(entries, noon)
	if len(pages) != 1 {
		t.Fatalf("%d pages", len(pages))
	}
	var want []Sealed
	for _, e := range entries {
		next := after.Append(e, noon)
		want, after = append(want, next), next.Link
	}
	if diff := cmp.Diff(want, pages[0].Records()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(after, pages[0].Last()); diff != "" {
		t.Errorf("last (-want +got):\n%s", diff)
	}
	var begins string
	for line := range strings.Lines(string(pages[0].Text)) {
		begins += line[:1]
	}
	if begins != "{={={=" {
		t.Errorf("the lines begin with %s:\n%s", begins, pages[0].Text)
	}
	long := entry(0)
	long.After = fmt.Appendf(nil, `{"a":%q}`, strings.Repeat("x", pageBytes))
	parts := Link{}.Pages([]Entry{long, long, entry(0)}, noon)
	if len(parts) != 3 || parts[2].Text[0] != '{' || parts[2].First != 3 || len(parts[2].Records()) != 1 {
		t.Errorf("large records are in %d pages", len(parts))
	}
}

// Times are written as package time writes them.
func TestTimes(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{
		noon, {}, time.Unix(0, 0), time.Date(1999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
		time.Date(2026, 3, 1, 0, 30, 0, 0, time.FixedZone("east", 3600)),
	} {
		got, want := string(appendTime(nil, at)), at.UTC().Format("2006-01-02T15:04:05.000Z")
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
