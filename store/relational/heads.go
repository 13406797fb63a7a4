package relational

import (
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// HeadColumns are what Heads reads: the name and the key of a thing, and one of its executions.
const HeadColumns = `t.name, t.id, ` + executionColumns

// Heads reads rows of HeadColumns, those of one thing one after the other. A thing without
// executions has one row, whose execution is NULL.
func Heads(rows Cursor) ([]store.Head, error) {
	var heads []store.Head
	s := stmt{rows}
	for s.Row() {
		name, thing := s.getText(), registry.ThingID(s.getInt())
		if n := len(heads); n == 0 || heads[n-1].Thing != thing {
			heads = append(heads, store.Head{Name: name, Thing: thing})
		}
		if x := scanExecution(s); x.Number != 0 {
			last := &heads[len(heads)-1]
			last.Pending = append(last.Pending, x)
		}
	}
	return heads, s.End()
}
