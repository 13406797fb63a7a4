package fleetquery

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/drover-iot/drover/registry"
)

// Where a search goes on after a name, by what the query asks of names (R-WIRE-27).
func TestNextName(t *testing.T) {
	t.Parallel()
	const end = "-" // no thing after the name matches
	for _, tt := range []struct{ query, after, want string }{
		{"*", "", ""},
		{"thingName:*", "a", "a\x01"},
		{"thingName:pump*", "", "PUMP"},
		{"thingName:pump*", "PUMP", "PUMP\x01"},
		{"thingName:pump*", "PUMP-7", "PUMP-7\x01"},
		{"thingName:pump*", "PUMQ", "PUMp"},
		{"thingName:pump*", "PUMp-9", "PUMp-9\x01"},
		{"thingName:pump*", "PUP", "PUmP"},
		{"thingName:pump*", "Zebra", "pUMP"},
		{"thingName:pump*", "p", "pUMP"},
		{"thingName:pump*", "pumq", end},
		{"thingName:pump*", "q", end},
		{"thingName:PUMP", "", "PUMP"},
		{"thingName:pump", "PUMP", "PUMp"},
		{"thingName:pump", "PUMP-7", "PUMp"},
		{"thingName:pump", "pump", end},
		{`thingName:p-1_\:*`, "", "P-1_:"},
		{"thingName:p-1*", "P-0", "P-1"},
		{"thingName:p-1*", "P-2", "p-1"},
		{`thingName:"a b"`, "", "A B"},
		{"thingName:p?mp", "", "P"},
		{"thingName:*mp", "x", "x\x01"},
		{"thingName:é*", "", end},
		{"thingName:[a TO b]", "", ""},
		{"pump", "", ""},
		{"NOT thingName:pump*", "", ""},
		{"attributes.site:a", "", ""},
		{"thingName:a* OR thingName:b*", "", "A"},
		{"thingName:a* OR thingName:b*", "a", "a\x01"},
		{"thingName:a* OR thingName:b*", "aa", "aa\x01"},
		{"thingName:b* OR thingName:a*", "az", "az\x01"},
		{"thingName:a* OR thingName:b*", "az~", "az~\x01"},
		{"thingName:a* OR thingName:b*", "b", "b\x01"},
		{"thingName:(a* OR b*)", "c", end},
		{"thingName:a* OR attributes.site:x", "c", "c\x01"},
		{"thingName:a* AND attributes.site:x", "c", end},
		{"attributes.site:x AND thingName:c*", "C", "C\x01"},
		{"thingName:ab* AND thingName:ac*", "", "AC"}, // where nothing matches, but it may be read
		{"thingName:ab* AND thingName:ac*", "ac", end},
		{"thingName:c* AND (thingName:a* OR thingName:c9)", "", "C9"},
	} {
		q, err := Parse(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := q.NextName(tt.after)
		if !ok {
			got = end
		}
		if got != tt.want {
			t.Errorf("%s after %q: %q, want %q", tt.query, tt.after, got, tt.want)
		}
	}
}

// A search that leaves out what NextName says finds what one that looks at every thing finds, with
// names and queries of few letters, so that most of them have something in common (R-WIRE-27).
func TestNextNameLeavesNothingOut(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	word := func(letters string, most int) string {
		text := make([]byte, 1+random.IntN(most))
		for i := range text {
			text[i] = letters[random.IntN(len(letters))]
		}
		return string(text)
	}
	term := func() string {
		forms := []string{"thingName:%s", "thingName:%s*", "thingName:%s?b", "NOT thingName:%s*", "%s"}
		return fmt.Sprintf(forms[random.IntN(len(forms))], word("aBc0_", 3))
	}
	skipped := 0
	for range 3000 {
		var names []string
		for range 40 {
			names = append(names, word("aAbBcC0-_z", 5))
		}
		slices.Sort(names)
		names = slices.Compact(names)
		text := fmt.Sprintf("%s %s (%s %s %s)",
			term(), pick(random, "AND", "OR"), term(), pick(random, "AND", "OR"), term())
		q, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, name := range names {
			if q.Matches(&Subject{Thing: registry.Thing{Name: name}}) {
				want = append(want, name)
			}
		}
		last, looked := "", 0
		for {
			from, ok := q.NextName(last)
			at, _ := slices.BinarySearch(names, from)
			if !ok || at == len(names) {
				break
			}
			if last >= names[at] {
				t.Fatalf("%s after %q goes back to %q", text, last, from)
			}
			last = names[at]
			looked++
			if q.Matches(&Subject{Thing: registry.Thing{Name: last}}) {
				got = append(got, last)
			}
		}
		if skipped += len(names) - looked; !slices.Equal(got, want) {
			t.Fatalf("%s in %q finds %q, want %q", text, names, got, want)
		}
	}
	if skipped < 10_000 {
		t.Errorf("only %d things were left out", skipped)
	}
}

func pick(random *rand.Rand, of ...string) string { return of[random.IntN(len(of))] }
