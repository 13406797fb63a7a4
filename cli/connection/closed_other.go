//go:build !windows

package connection

import (
	"io"
	"syscall"
)

// closed are the errors that say that the other side has closed a connection.
var closed = []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE}
