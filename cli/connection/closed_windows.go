package connection

import (
	"io"
	"syscall"
)

// closed are the errors that say that the other side has closed a connection. Windows has codes of
// its own for them.
var closed = []error{
	io.EOF, io.ErrUnexpectedEOF, syscall.WSAECONNRESET, syscall.WSAECONNABORTED,
}
