package copying_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/ncruces/go-sqlite3"

	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/copying"
	"github.com/drover-iot/drover/store/postgres"
	"github.com/drover-iot/drover/store/relational"
	"github.com/drover-iot/drover/store/sqlite"
	"github.com/drover-iot/drover/store/storetest"
	"github.com/drover-iot/drover/test/testpostgres"
)

func TestMain(m *testing.M) { testpostgres.Main(m) }

// A place is where a store is: a file, or a database by its URL.
type place string

// newPlaces returns a file that is not there and an empty schema.
func newPlaces(t *testing.T) (file, database place) {
	t.Helper()
	return place(filepath.Join(t.TempDir(), "drover.db")), place(testpostgres.Schema(t))
}

func (p place) isFile() bool { return !strings.HasPrefix(string(p), "postgres:") }

// store opens a place as a server does.
func (p place) store(t *testing.T) store.Store {
	t.Helper()
	var s store.Store
	var err error
	if p.isFile() {
		s, err = sqlite.Open(string(p))
	} else {
		s, err = postgres.Open(context.Background(), string(p))
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// use opens a place as a server does, and closes it behind f.
func (p place) use(t *testing.T, f func(s store.Store)) {
	t.Helper()
	s := p.store(t)
	f(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

type closer interface{ Close() error }

func (p place) source(ctx context.Context, tables []relational.Table) (interface {
	copying.Source
	closer
}, error,
) {
	if p.isFile() {
		return sqlite.OpenSource(ctx, string(p))
	}
	return postgres.OpenSource(ctx, string(p), tables)
}

func (p place) target(ctx context.Context, tables []relational.Table) (interface {
	copying.Target
	closer
}, error,
) {
	if p.isFile() {
		return sqlite.OpenTarget(ctx, string(p), tables)
	}
	return postgres.OpenTarget(ctx, string(p), tables)
}

// tables are those of the embedded store.
func tables(t *testing.T) []relational.Table {
	t.Helper()
	list, err := sqlite.Tables()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// copyTo copies a place into another one. change may stand between the copy and the target.
func (p place) copyTo(ctx context.Context, t *testing.T, to place,
	change func(copying.Target) copying.Target, progress func(copying.Progress),
) (results []copying.Result, err error) {
	t.Helper()
	from, err := p.source(ctx, tables(t))
	if err != nil {
		return nil, err
	}
	defer from.Close()
	into, err := to.target(ctx, tables(t))
	if err != nil {
		return nil, err
	}
	defer into.Close()
	return copying.Copy(ctx, tables(t), from, change(into), progress)
}

func unchanged(t copying.Target) copying.Target { return t }

func silent(copying.Progress) {}

// mustCopy copies a place into another one.
func (p place) mustCopy(t *testing.T, to place) []copying.Result {
	t.Helper()
	results, err := p.copyTo(context.Background(), t, to, unchanged, silent)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// exec runs statements on a file.
func (p place) exec(t *testing.T, sql string) {
	t.Helper()
	db, err := sqlite3.Open(string(p))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(sql); err != nil {
		t.Fatal(err)
	}
}

// fill makes a store with one row of every table, each field set, and those of random writes.
func (p place) fill(t *testing.T) {
	t.Helper()
	p.use(t, func(s store.Store) { storetest.Fill(t, s, 1) })
}

// everything makes a file with one row of every table, each field set.
func (p place) everything(t *testing.T) {
	t.Helper()
	p.use(t, func(store.Store) {})
	rows, err := os.ReadFile("../sqlite/testdata/stored.sql")
	if err != nil {
		t.Fatal(err)
	}
	p.exec(t, string(rows))
}

// There and back: everything that a store can hold has the same digests at each place, and every
// read answers the same.
func TestThereAndBack(t *testing.T) { // R-NODE-14
	t.Parallel()
	for name, fill := range map[string]func(place, *testing.T){
		"random writes": place.fill, "everything": place.everything,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, database := newPlaces(t)
			second, otherDatabase := newPlaces(t)
			third, _ := newPlaces(t)
			fill(first, t)
			want := first.mustCopy(t, database)
			rows := map[string]int64{}
			for _, r := range want {
				rows[r.Table] = r.Rows
			}
			if rows["thing"] == 0 || rows["job_count"] == 0 || rows["session"] == 0 {
				t.Fatalf("the store that is copied has too little in it: %v", rows)
			}
			for _, step := range []struct{ from, to place }{
				{database, otherDatabase}, {otherDatabase, second}, {second, third},
			} {
				if diff := cmp.Diff(want, step.from.mustCopy(t, step.to)); diff != "" {
					t.Errorf("%s to %s (-first +now):\n%s", step.from, step.to, diff)
				}
			}
			var dumps []map[string]any
			for _, p := range []place{first, database, otherDatabase, second, third} {
				p.use(t, func(s store.Store) { dumps = append(dumps, storetest.Dump(t, s)) })
			}
			for i, dump := range dumps[1:] {
				if diff := cmp.Diff(dumps[0], dump, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("reads of copy %d (-first +copy):\n%s", i, diff)
				}
			}
		})
	}
}

// What is written into a copy goes on where the store was, with triggers and all.
func TestCopyIsAStore(t *testing.T) { // R-NODE-14
	t.Parallel()
	file, database := newPlaces(t)
	back, _ := newPlaces(t)
	file.fill(t)
	before := file.mustCopy(t, database)
	database.mustCopy(t, back)
	for _, p := range []place{database, back} {
		plain, _ := newPlaces(t)
		plain.fill(t)
		p.use(t, func(s store.Store) {
			if err := s.Reset(context.Background()); err != nil {
				t.Fatal(err)
			}
			storetest.Fill(t, s, 1)
		})
		var want, got map[string]any
		plain.use(t, func(s store.Store) { want = storetest.Dump(t, s) })
		p.use(t, func(s store.Store) { got = storetest.Dump(t, s) })
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("written anew at %s (-plain +copy):\n%s", p, diff)
		}
		next, _ := newPlaces(t)
		for i, r := range p.mustCopy(t, next) {
			if r != before[i] && r.Table != relational.Counters {
				t.Errorf("%s: table %s has %d rows after the same writes, before %d",
					p, r.Table, r.Rows, before[i].Rows)
			}
		}
	}
}
