package cli

import "syscall"

// errNoData is ERROR_NO_DATA: the reader of a pipe is closing it.
const errNoData = syscall.Errno(232)

// outputClosed are the errors that say that the reader of standard output has closed it. Windows
// has codes of its own for them.
var outputClosed = []error{syscall.ERROR_BROKEN_PIPE, errNoData}
