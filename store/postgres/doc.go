// Package postgres is the store on a PostgreSQL database, which several nodes may share. What it
// stores, and by which statements, is the business of relational.
//
// A write holds an advisory lock of the database from before its first read until its end, so the
// writes of all nodes run one after the other, and the lock of a node that dies goes with its
// connection. What costs here is the round trip: changes are gathered and sent together before the
// next read or the commit, so a change that does not fit is found then.
//
// The package decides nothing: it must not import engine or look at a clock. Start with open.go,
// then write.go and conn.go.
package postgres
