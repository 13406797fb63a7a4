package records

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// logAbout is a log with a record for each resource, each of a commit of its own, a second apart.
func logAbout(t *testing.T, resources ...string) store.Store {
	t.Helper()
	s, head := memory.Open(), audit.Link{}
	var c store.Changes
	for i, resource := range resources {
		entry := audit.Entry{
			Operator:  audit.Operator{Name: "ops"},
			Operation: fmt.Sprint("Op", i),
			Resource:  resource,
			Request:   []byte(`{"of":"thing/pump"}`),
		}
		pages := head.Pages([]audit.Entry{entry}, time.Unix(int64(i), 0))
		head = pages[0].Last()
		c.Audit.Added = append(c.Audit.Added, pages...)
	}
	if err := s.Write(t.Context(), func(tx store.Tx) error { return tx.Apply(c) }); err != nil {
		t.Fatal(err)
	}
	return s
}

// ofThing are the records about a thing, by their operations.
func ofThing(t *testing.T, s store.Store, thing string) (found []string, since time.Time) {
	t.Helper()
	err := s.Read(t.Context(), func(r store.Reader) error {
		records, from, err := OfThing(r, thing)
		for _, record := range records {
			found = append(found, record.Operation)
		}
		since = from
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, since
}

// Records about a thing and its executions are found, and none about others (R-WEB-35).
func TestOfThing(t *testing.T) {
	t.Parallel()
	s := logAbout(t, "thing/pump", "thing/pump-2", "thinggroup/pump", "job/fw/thing/pump", "job/fw",
		"job/fw/thing/a:pump", "thing/pump", "certificate/thing/pump")
	found, since := ofThing(t, s, "pump")
	if diff := cmp.Diff([]string{"Op6", "Op3", "Op0"}, found); diff != "" || !since.IsZero() {
		t.Errorf("since %s (-want +got):\n%s", since, diff)
	}
	if found, _ := ofThing(t, logAbout(t), "pump"); found != nil {
		t.Errorf("in an empty log: %v", found)
	}
}

// Of a long log the newest 20,000 records are looked at (R-WEB-36).
func TestOfThingIsBounded(t *testing.T) {
	t.Parallel()
	resources := make([]string, searchedForThing+2)
	for i := range resources {
		resources[i] = "thing/other"
	}
	resources[0], resources[1], resources[2] = "thing/pump", "thing/pump", "thing/pump"
	found, since := ofThing(t, logAbout(t, resources...), "pump")
	if diff := cmp.Diff([]string{"Op2"}, found); diff != "" || !since.Equal(time.Unix(1, 0)) {
		t.Errorf("since %s (-want +got):\n%s", since, diff)
	}
	found, since = ofThing(t, logAbout(t, resources[2:]...), "pump")
	if diff := cmp.Diff([]string{"Op0"}, found); diff != "" || !since.IsZero() {
		t.Errorf("all fit: since %s (-want +got):\n%s", since, diff)
	}
}
