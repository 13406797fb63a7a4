// Package backup is the form of a backup: one file, a tar compressed by zstd, with everything that a
// data folder has. Its first member says which program wrote it and when, its last one has the size
// and the SHA-256 of each member between, so a backup that was cut off is told from a whole one.
//
// The package knows nothing of what is in a data folder: app does. Start with write.go.
package backup
