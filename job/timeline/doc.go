// Package timeline says what has happened to a thing, the newest first: what is stored of its
// executions, its hold and its connection, and the records of the audit log that are about it.
//
// It is pure. Start with Facts.
package timeline
