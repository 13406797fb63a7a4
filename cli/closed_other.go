//go:build !windows

package cli

import (
	"io"
	"syscall"
)

// The errors that say that the other side has closed: of a connection, and of standard output.
var (
	connectionClosed = []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE}
	outputClosed     = []error{syscall.EPIPE}
)
