//go:build unix

package main

import "syscall"

// keepFilesPrivate has every file and folder that the process makes from now on readable by its
// user only, unless it is given other permissions on purpose.
func keepFilesPrivate() { syscall.Umask(0o077) }
