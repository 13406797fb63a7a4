// Package disk writes small files that must survive a power cut.
package disk
