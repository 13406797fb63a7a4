package relational

import (
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// HeadColumns are what Heads reads: the name and the key of a thing, whether it is held, and one of
// its executions.
const HeadColumns = `t.name, t.id, (SELECT count(*) FROM thing_hold th WHERE th.thing = t.id),
	` + executionColumns

// Heads reads rows of HeadColumns, those of one thing one after the other. A thing without
// executions has one row, whose execution is NULL.
func Heads(rows Cursor) ([]store.Head, error) {
	var heads []store.Head
	s := stmt{rows}
	for s.Row() {
		name, thing, held := s.getText(), registry.ThingID(s.getInt()), s.getBool()
		if n := len(heads); n == 0 || heads[n-1].Thing != thing {
			heads = append(heads, store.Head{Name: name, Thing: thing, Held: held})
		}
		if x := scanExecution(s); x.Number != 0 {
			last := &heads[len(heads)-1]
			last.Pending = append(last.Pending, x)
		}
	}
	return heads, s.End()
}
