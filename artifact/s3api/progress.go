package s3api

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// The time limits of other requests are for all of their bytes. An artifact may take hours on a
// slow line. So here the limits are on progress: the next bytes must come, or go, within patience.

// patience is how long a client may let the server wait for the next bytes; where it has many to
// take, for each MiB of them.
const patience = 30 * time.Second

// extendWrite gives a client time to read the next bytes of the answer, up to this many.
func extendWrite(w http.ResponseWriter, size int64) {
	deadline := time.Now().Add(patience * time.Duration(max(1, size>>20)))
	_ = http.NewResponseController(w).SetWriteDeadline(deadline) // not supported in tests only
}

// noReadLimit ends the time limit for the request: it has arrived.
func noReadLimit(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // not in tests only
}

// incoming is a body whose client may not stop sending for longer than patience.
type incoming struct {
	io.Reader
	control  *http.ResponseController
	received *atomic.Int64
}

// Read implements io.Reader.
func (b *incoming) Read(p []byte) (int, error) {
	_ = b.control.SetReadDeadline(time.Now().Add(patience)) // not in tests only
	n, err := b.Reader.Read(p)
	b.received.Add(int64(n))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fail("RequestTimeout", "no byte of the body came for %v", patience)
	}
	if err != nil {
		// From now on the server may take as long as it needs, for instance to sync a file.
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
