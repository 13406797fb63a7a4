package cli

import (
	"io"
	"syscall"
)

// errNoData is ERROR_NO_DATA: the reader of a pipe is closing it.
const errNoData = syscall.Errno(232)

// The errors that say that the other side has closed: of a connection, and of standard output.
// Windows has codes of its own for them.
var (
	connectionClosed = []error{
		io.EOF, io.ErrUnexpectedEOF, syscall.WSAECONNRESET, syscall.WSAECONNABORTED,
	}
	outputClosed = []error{syscall.ERROR_BROKEN_PIPE, errNoData}
)
