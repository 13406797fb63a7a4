package pager

import (
	"errors"
	"os"
	"syscall"
)

// errNoData is ERROR_NO_DATA: the reader of a pipe is closing it.
const errNoData = syscall.Errno(232)

// isClosed reports whether an error says that the pager reads no more.
func isClosed(err error) bool {
	return errors.Is(err, syscall.ERROR_BROKEN_PIPE) || errors.Is(err, errNoData) ||
		errors.Is(err, os.ErrClosed)
}
