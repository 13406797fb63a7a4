// Package ids makes the identifiers that the outside sees: UUIDs. In tests a source counts up, so
// that expected output can be written down.
package ids
