//go:build !windows

package pager

import (
	"errors"
	"os"
	"syscall"
)

// isClosed reports whether an error says that the pager reads no more.
func isClosed(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed)
}
