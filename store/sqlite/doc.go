// Package sqlite is the embedded store: one file, drover.db by custom, written by one connection
// and read by a few.
//
// The journal is a write-ahead log with synchronous=FULL, so a commit costs one sync and is on
// stable storage when it returns, and readers see the last commit without waiting for the writer.
// Every statement is a named constant beside its only use, and runs prepared. Keys are integers,
// times are milliseconds, and every read has an index that makes it cost the same in a small fleet
// and in a large one (plans_test.go holds that); only things are compared one by one when a list
// filters them by attribute.
//
// The package decides nothing: it must not import engine or look at a clock. Start with open.go,
// then schema.go.
package sqlite
