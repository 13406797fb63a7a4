//go:build !windows

package cli

import "syscall"

// outputClosed are the errors that say that the reader of standard output has closed it.
var outputClosed = []error{syscall.EPIPE}
