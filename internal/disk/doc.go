// Package disk writes small files that must survive a power cut, and reads those that nobody else
// may have written or read.
package disk
