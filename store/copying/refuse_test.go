package copying_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/copying"
	"github.com/drover-iot/drover/store/postgres"
	"github.com/drover-iot/drover/store/relational"
	"github.com/drover-iot/drover/store/sqlite"
	"github.com/drover-iot/drover/store/storetest"
)

// isEmpty checks that a place has no data, that nothing half done lies beside it, and that a copy
// into it works.
func (p place) isEmpty(t *testing.T, from place) {
	t.Helper()
	if p.isFile() {
		if _, err := os.Stat(string(p)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there: %v", p, err)
		}
		left, err := filepath.Glob(string(p) + "*")
		if len(left) > 0 || err != nil {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
	from.mustCopy(t, p)
}

// falsified is a target in which one byte of a table is not what was copied.
type falsified struct {
	copying.Target
	table string
	drop  bool // a row is missing instead
}

func (f falsified) Fill(ctx context.Context, t relational.Table, rows relational.Rows) error {
	if t.Name != f.table {
		return f.Target.Fill(ctx, t, rows)
	}
	first := true
	return f.Target.Fill(ctx, t, func(yield func(relational.Row, error) bool) {
		for row, err := range rows {
			if first && f.drop {
				first = false
				continue
			}
			if row = slices.Clone(row); first {
				at := slices.IndexFunc(t.Columns, func(c relational.Column) bool {
					return c.Kind == relational.Text && !slices.Contains(t.Key, c.Name)
				})
				text := slices.Clone(row[at].([]byte))
				text[len(text)-1] ^= 1
				row[at], first = text, false
			}
			if !yield(row, err) {
				return
			}
		}
	})
}

// A byte or a row that differs in the target is found, and the target is empty then.
func TestFalsified(t *testing.T) { // R-NODE-14
	t.Parallel()
	for name, row := range map[string]struct {
		falsify falsified
		want    string
	}{
		"byte": {falsified{table: "job_state"}, "table job_state differs in the target: its digest is "},
		"row":  {falsified{table: "membership", drop: true}, "table membership has 0 rows in the target, and 1 were copied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, database := newPlaces(t)
			from.everything(t)
			file, _ := newPlaces(t)
			for _, to := range []place{database, file} {
				change := func(target copying.Target) copying.Target {
					row.falsify.Target = target
					return row.falsify
				}
				_, err := from.copyTo(context.Background(), t, to, change, silent)
				if err == nil || !strings.Contains(err.Error(), row.want) {
					t.Errorf("%s: got %v, want %s", to, err, row.want)
				}
				to.isEmpty(t, from)
			}
		})
	}
}

// A copy that is interrupted, in each of its stages, leaves the target empty and the source as it
// was.
func TestInterrupted(t *testing.T) { // R-NODE-14
	t.Parallel()
	for _, stage := range []copying.Stage{copying.Copying, copying.Checking, copying.Finishing} {
		t.Run(string(stage), func(t *testing.T) {
			t.Parallel()
			from, database := newPlaces(t)
			from.fill(t)
			copied, again := newPlaces(t)
			want := from.mustCopy(t, again)
			before, err := os.ReadFile(string(from))
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range []place{database, copied} {
				ctx, stop := context.WithCancel(context.Background())
				_, err := from.copyTo(ctx, t, to, unchanged, func(p copying.Progress) {
					if p.Stage == stage && (p.Table == "thing" || stage == copying.Finishing) {
						stop()
					}
				})
				if err == nil {
					t.Errorf("%s: interrupted, and it went on", to)
				}
				after, err := os.ReadFile(string(from))
				if err != nil || string(after) != string(before) {
					t.Errorf("%s: the source has changed: %v", to, err)
				}
				to.isEmpty(t, from)
			}
			file, _ := newPlaces(t)
			if diff := cmp.Diff(want, database.mustCopy(t, file)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A store with data is no target, and stays as it is.
func TestNotEmpty(t *testing.T) { // R-NODE-14
	t.Parallel()
	from, database := newPlaces(t)
	from.everything(t)
	file, _ := newPlaces(t)
	for _, to := range []place{database, file} {
		first := from.mustCopy(t, to)
		_, err := from.copyTo(context.Background(), t, to, unchanged, silent)
		if err == nil || !strings.Contains(err.Error(), "has data already: there are rows in its table announcement") {
			t.Errorf("%s: %v", to, err)
		}
		next, _ := newPlaces(t)
		if diff := cmp.Diff(first, to.mustCopy(t, next)); diff != "" {
			t.Errorf("%s has changed:\n%s", to, diff)
		}
	}
}

// A database that a node writes is refused as a source and as a target.
func TestInUse(t *testing.T) { // R-NODE-14
	t.Parallel()
	file, database := newPlaces(t)
	file.everything(t)
	ways := [][2]place{{file, database}, {database, file + ".new"}}
	refused := func(when string, way [2]place) {
		t.Helper()
		_, err := way[0].copyTo(context.Background(), t, way[1], unchanged, silent)
		if err == nil || !strings.Contains(err.Error(), "is in use by another drover") {
			t.Errorf("%s: %s to %s: %v", when, way[0], way[1], err)
		}
	}
	database.use(t, func(s store.Store) {
		for _, way := range ways { // a write that says nothing for 3 s is ended, and a copy waits for 2 s
			err := s.Write(context.Background(), func(store.Tx) error {
				refused("in a write", way)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
		if err := s.(*postgres.Store).Use(context.Background()); err != nil {
			t.Fatal(err)
		}
		for _, way := range ways {
			refused("beside an idle server", way)
		}
		var ended atomic.Bool
		written := make(chan error, 1)
		go func() {
			var err error
			for err == nil && !ended.Load() {
				err = s.Write(context.Background(), func(store.Tx) error { return nil })
			}
			written <- err
		}()
		for _, way := range ways {
			refused("beside a server that writes", way)
		}
		ended.Store(true)
		if err := <-written; err != nil {
			t.Errorf("a write beside a copy that is refused: %v", err)
		}
	})
	database.isEmpty(t, file)
}

// While a database is copied, no node writes it.
func TestNodeWaits(t *testing.T) { // R-NODE-14
	t.Parallel()
	file, database := newPlaces(t)
	file.everything(t)
	file.mustCopy(t, database)
	database.use(t, func(s store.Store) {
		source, err := database.source(context.Background(), tables(t))
		if err != nil {
			t.Fatal(err)
		}
		written := make(chan error)
		var released atomic.Bool
		go func() {
			written <- s.Write(context.Background(), func(store.Tx) error {
				if !released.Load() {
					t.Error("written while the database is being copied")
				}
				return nil
			})
		}()
		other, _ := newPlaces(t)
		target, err := other.target(context.Background(), tables(t))
		if err != nil {
			t.Fatal(err)
		}
		defer target.Close()
		if _, err := copying.Copy(context.Background(), tables(t), source, target, silent); err != nil {
			t.Error(err)
		}
		released.Store(true)
		if err := source.Close(); err != nil {
			t.Error(err)
		}
		if err := <-written; err != nil {
			t.Error(err)
		}
	})
}

// Texts that PostgreSQL cannot store are refused with the row that they are in; another file takes
// them as they are.
func TestTextsOfPostgres(t *testing.T) { // R-NODE-14
	t.Parallel()
	for name, row := range map[string]struct{ hex, want string }{
		"zero byte": {"610062", `table job_template, row id="t": column template has a zero byte, and PostgreSQL cannot store that`},
		"not UTF-8": {"61ff62", `table job_template, row id="t": column template is not valid UTF-8, and PostgreSQL cannot store that`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, database := newPlaces(t)
			from.use(t, func(store.Store) {})
			from.exec(t, "INSERT INTO job_template VALUES ('t', 1, CAST(x'"+row.hex+"' AS TEXT), '')")
			_, err := from.copyTo(context.Background(), t, database, unchanged, silent)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %s", err, row.want)
			}
			good, _ := newPlaces(t)
			good.everything(t)
			database.isEmpty(t, good)
			file, _ := newPlaces(t)
			from.mustCopy(t, file)
		})
	}
}

// Values of another type than the column's, which only SQLite takes, are refused.
func TestForeignValue(t *testing.T) { // R-NODE-14
	t.Parallel()
	from, database := newPlaces(t)
	from.use(t, func(store.Store) {})
	from.exec(t, "INSERT INTO late_joiner VALUES (1, 2), (2, 1.5)")
	_, err := from.copyTo(context.Background(), t, database, unchanged, silent)
	want := "table late_joiner, row job=2 thing=FLOAT: column thing has a value of type FLOAT"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// What is not there, is no store, or is at another schema is refused with a sentence.
func TestRefused(t *testing.T) { // R-NODE-14
	t.Parallel()
	ctx := context.Background()
	file, database := newPlaces(t)
	source := func(p place) error {
		_, err := p.source(ctx, tables(t))
		return err
	}
	check := func(what string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", what, err, want)
		}
	}
	check("no file", source(file), "no such file")
	check("no tables", source(database), "there is no store in database postgres")
	check("no URL", source("postgres://%"), "the URL of the store")
	if err := os.WriteFile(string(file), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	check("empty file", source(file), "is empty: there is no store in it")
	file.use(t, func(store.Store) {})
	file.exec(t, "PRAGMA user_version = 3")
	check("older", source(file), "start this drover on it once")
	_, err := sqlite.OpenTarget(ctx, string(file), tables(t))
	check("older target", err, "is a store of an earlier Drover")
	file.exec(t, "PRAGMA user_version = 999")
	check("newer", source(file), "was written by a newer Drover")
	file.exec(t, "PRAGMA application_id = 7")
	check("foreign", source(file), "belongs to another program")
	lost, _ := newPlaces(t)
	if err := os.WriteFile(string(lost)+"-wal", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.OpenTarget(ctx, string(lost), tables(t))
	check("log without a file", err, "is missing, and its log")
	database.use(t, func(store.Store) {})
	_, err = postgres.OpenSource(ctx, string(database), tables(t)[1:])
	check("a table more", err, "are not those of the embedded store: announcement id INTEGER")
}

// Keys that either store has handed out are not handed out again.
func TestKeysAfterCopy(t *testing.T) { // R-NODE-14
	t.Parallel()
	file, database := newPlaces(t)
	back, _ := newPlaces(t)
	given := func(p place, n int) (last int64) {
		p.use(t, func(s store.Store) {
			err := s.Write(context.Background(), func(tx store.Tx) error {
				for range n {
					last = int64(tx.NextKeys().Thing())
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
		return last
	}
	most := given(database, 10)
	file.use(t, func(s store.Store) { storetest.Fill(t, s, 2) })
	for i, step := range []struct {
		from, to place
		before   int // keys that the source hands out before it is copied
	}{{file, database, 3}, {database, back, 5000}} {
		most = max(most, given(step.from, step.before))
		step.from.mustCopy(t, step.to)
		next := given(step.to, 1)
		if next <= most {
			t.Errorf("step %d: key %d after the copy, and %d was handed out before", i, next, most)
		}
		most = next
	}
}
