// Package relational is what the stores on SQL databases have in common: every statement, what is
// bound to it, and how its rows are read. It is a store.Reader and a store.Tx on a DB, which the
// stores give it.
//
// Every statement is a named constant beside its only use. Keys are integers, times are
// milliseconds, and every read has an index that makes it cost the same in a small fleet and in a
// large one; only things are compared one by one when a list filters them by attribute. A write
// reads nothing that it does not need for a decision of the database's own: conditions stand in the
// statements, so that a database that is far away can be sent all of them at once.
//
// The package decides nothing: it must not import engine or look at a clock. Start with stmt.go,
// then apply.go.
package relational
