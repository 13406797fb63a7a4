package postgres

import (
	"fmt"
	"strings"

	"github.com/drover-iot/drover/store/relational"
)

// A thousand executions of a commit are a thousand statements in one round trip, and the database
// begins and ends each of them: that takes it longer than the rows. So the statements that a commit
// has most of have a set form, which does the same for many rows: its parameters are arrays, one for
// each column.
//
// A row is added to the last such change that waits. It may pass changes with other set forms on the
// way there, as long as none of them concerns the same row: an execution that is created and started
// in one commit is inserted before it is updated. One that is updated twice is in two sets, because a
// statement changes a row once.

// A setForm is the statement for many rows.
type setForm struct {
	sql  string
	text []bool // of each parameter: a text, and no number
	key  []int  // the parameters that say which row it is
}

// setRows are the rows of a change: those after its first one, and what all of them concern.
type setRows struct {
	more [][]any
	keys map[string]bool
}

// The look-ups by a subquery for each row are what a planner cannot turn into a scan of a table.
var (
	jobThings = newSetForm(`INSERT INTO job_thing (job, name, thing) SELECT s.p1, t.name, t.id
		FROM %s CROSS JOIN LATERAL (SELECT id, name FROM thing WHERE id = s.p2 OFFSET 0) t
		ON CONFLICT DO NOTHING`, 2, nil, []int{1, 2})

	executions = newSetForm(`INSERT INTO execution (status, times_out_at, version,
		used_failed, used_timed_out, force_canceled, started_at, updated_at,
		deadline, step_deadline, details, token, show_at, job, thing, number,
		attempt, queued_at, sequence, wave, windowed)
		SELECT s.p1, s.p2, s.p3, s.p4, s.p5, s.p6, s.p7, s.p8, s.p9, s.p10, s.p11, s.p12, s.p13,
			s.p14, (SELECT id FROM thing WHERE id = s.p15), s.p16, s.p17, s.p18, s.p19, s.p20,
			(SELECT windowed FROM job WHERE key = s.p14) FROM %s`, 20, []int{11, 12}, []int{14, 15, 16})

	updates = newSetForm(`UPDATE execution e SET status = s.p1, times_out_at = s.p2, version = s.p3,
		used_failed = s.p4, used_timed_out = s.p5, force_canceled = s.p6, started_at = s.p7,
		updated_at = s.p8, deadline = s.p9, step_deadline = s.p10, details = s.p11, token = s.p12,
		show_at = s.p13
		FROM (SELECT s.*, (SELECT x.ctid FROM execution x WHERE x.job = s.p14 AND x.thing = s.p15
			AND x.number = s.p16 AND x.version = s.p17) AS row FROM %s) s
		WHERE e.ctid = s.row`, 17, []int{11, 12}, []int{14, 15, 16})

	setForms = map[string]*setForm{
		translated(relational.InsertJobThing):  jobThings,
		translated(relational.InsertExecution): executions,
		translated(relational.UpdateExecution): updates,
	}
)

// newSetForm makes a set form whose rows are called s, with the columns p1, p2 and so on. Parameters
// are counted from 1.
func newSetForm(sql string, parameters int, text, key []int) *setForm {
	f := &setForm{text: make([]bool, parameters), key: key}
	for _, p := range text {
		f.text[p-1] = true
	}
	arrays, columns := make([]string, parameters), make([]string, parameters)
	for i := range parameters {
		kind := "bigint"
		if f.text[i] {
			kind = "text"
		}
		arrays[i] = fmt.Sprintf("$%d::%s[]", i+1, kind)
		columns[i] = fmt.Sprintf("p%d", i+1)
	}
	f.sql = fmt.Sprintf(sql, "unnest("+strings.Join(arrays, ", ")+") AS s("+
		strings.Join(columns, ", ")+")")
	return f
}

// keyOf says which row the parameters of a change are about.
func (f *setForm) keyOf(args []any) string {
	key := make([]any, len(f.key))
	for i, p := range f.key {
		key[i] = args[p-1]
	}
	return fmt.Sprint(key...)
}

// arrays are the parameters for rows.
func (f *setForm) arrays(rows [][]any) []any {
	arrays := make([]any, len(f.text))
	for i, text := range f.text {
		if text {
			arrays[i] = column[string](rows, i)
		} else {
			arrays[i] = column[int64](rows, i)
		}
	}
	return arrays
}

// column is one parameter of all rows; nil where it is NULL.
func column[T any](rows [][]any, i int) []*T {
	values := make([]*T, len(rows))
	for r, row := range rows {
		if v, ok := row[i].(T); ok {
			values[r] = &v
		}
	}
	return values
}

// add has a change wait, in a set with others if it has a set form.
func (c *conn) add(w change) {
	w.set = setForms[w.sql]
	if w.set == nil {
		c.waiting = append(c.waiting, w)
		return
	}
	key := w.set.keyOf(w.args)
	for i := len(c.waiting) - 1; i >= 0 && c.waiting[i].set != nil; i-- {
		at := &c.waiting[i]
		if at.rows.keys[key] {
			break
		}
		if at.set == w.set && at.size() < maxWaiting {
			at.rows.more = append(at.rows.more, w.args)
			at.rows.keys[key] = true
			return
		}
	}
	w.rows = &setRows{keys: map[string]bool{key: true}}
	c.waiting = append(c.waiting, w)
}

// size is how many rows a change must concern, if it must concern any.
func (w change) size() int64 {
	if w.rows == nil {
		return 1
	}
	return 1 + int64(len(w.rows.more))
}

// statement is what is sent: a change of one row as it is.
func (w change) statement() (sql string, args []any) {
	if w.size() == 1 {
		return w.sql, w.args
	}
	rows := append([][]any{w.args}, w.rows.more...)
	return w.set.sql, w.set.arrays(rows)
}
