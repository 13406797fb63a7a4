package copying

import (
	"context"
	"fmt"

	"github.com/drover-iot/drover/store/relational"
)

// A Source is a store that nobody writes while it is open.
type Source interface {
	// Count is how many rows a table has.
	Count(ctx context.Context, t relational.Table) (int64, error)
	// Rows are the rows of a table, in the order of its key.
	Rows(ctx context.Context, t relational.Table) relational.Rows
}

// A Target is an empty store that is filled.
type Target interface {
	Source
	// Fill replaces the rows of a table.
	Fill(ctx context.Context, t relational.Table, rows relational.Rows) error
	// Commit makes what was filled the store. Without it the target stays empty.
	Commit(ctx context.Context) error
}

// A Stage is what a copy does at the moment.
type Stage string

// The stages, one after the other.
const (
	Copying   Stage = "copying"
	Checking  Stage = "checking"
	Finishing Stage = "finishing" // making indexes, and having all on stable storage
)

// Progress is how far a copy is: so many rows of all have gone through its stage.
type Progress struct {
	Stage       Stage
	Table       string
	Done, Total int64
}

// A Result is one table of the target.
type Result struct {
	Table  string
	Rows   int64
	Digest Digest
}

// Copy copies all rows of the tables, checks what the target has then, and commits it. After an
// error nothing was committed. progress is called every few thousand rows.
func Copy(ctx context.Context, tables []relational.Table, from Source, to Target,
	progress func(Progress),
) ([]Result, error) {
	c := &copier{
		tables:   tables,
		from:     from,
		to:       to,
		progress: progress,
		results:  make([]Result, len(tables)),
	}
	for _, t := range tables {
		n, err := from.Count(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("count the rows of table %s: %w", t.Name, err)
		}
		c.total += n
	}
	for _, stage := range []func(context.Context) error{c.copy, c.check} {
		if err := stage(ctx); err != nil {
			return nil, err
		}
	}
	progress(Progress{Stage: Finishing, Done: c.total, Total: c.total})
	if err := to.Commit(ctx); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	return c.results, nil
}

// copier is a copy that runs.
type copier struct {
	tables      []relational.Table
	from        Source
	to          Target
	progress    func(Progress)
	total, done int64
	results     []Result // of what was read from the source
}

// copy fills every table.
func (c *copier) copy(ctx context.Context) error {
	c.done = 0
	for i, t := range c.tables {
		rows := c.from.Rows(ctx, t)
		if t.Name == relational.Counters {
			given, err := c.counters(ctx, t)
			if err != nil {
				return err
			}
			rows = given
		}
		sum := newSum()
		if err := c.to.Fill(ctx, t, c.watched(Copying, t, sum, rows)); err != nil {
			return fmt.Errorf("copy table %s: %w", t.Name, err)
		}
		c.results[i] = Result{t.Name, sum.rows, sum.digest()}
	}
	return nil
}

// check reads every table of the target and compares it with what was read from the source.
func (c *copier) check(ctx context.Context) error {
	c.done = 0
	for i, t := range c.tables {
		sum := newSum()
		for _, err := range c.watched(Checking, t, sum, c.to.Rows(ctx, t)) {
			if err != nil {
				return fmt.Errorf("check table %s: %w", t.Name, err)
			}
		}
		want := c.results[i]
		switch got := (Result{t.Name, sum.rows, sum.digest()}); {
		case got.Rows != want.Rows:
			return fmt.Errorf("table %s has %d rows in the target, and %d were copied",
				t.Name, got.Rows, want.Rows)
		case got != want:
			return fmt.Errorf("table %s differs in the target: its digest is %s there, "+
				"and that of what was copied is %s", t.Name, got.Digest, want.Digest)
		}
	}
	return nil
}

// pace is after how many rows the progress is told.
const pace = 4096

// watched are rows that are summed and shown as they pass.
func (c *copier) watched(stage Stage, t relational.Table, sum *sum, rows relational.Rows,
) relational.Rows {
	return func(yield func(relational.Row, error) bool) {
		c.progress(Progress{stage, t.Name, c.done, c.total})
		for row, err := range rows {
			if err == nil {
				sum.add(row, t)
				if c.done++; c.done%pace == 0 {
					c.progress(Progress{stage, t.Name, c.done, c.total})
				}
			}
			if !yield(row, err) {
				return
			}
		}
	}
}
