// Package sqlite is the embedded store: one file, drover.db by custom, written by one connection
// and read by a few. What it stores, and by which statements, is the business of relational.
//
// The journal is a write-ahead log with synchronous=FULL, so a commit costs one sync and is on
// stable storage when it returns, and readers see the last commit without waiting for the writer.
// Every statement runs prepared. plans_test.go asks SQLite how it would run each, and finds those
// that would cost more in a large fleet than in a small one.
//
// The package decides nothing: it must not import engine or look at a clock. Start with open.go,
// then schema.go.
package sqlite
