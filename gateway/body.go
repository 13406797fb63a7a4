package gateway

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// A body takes memory from when it is read until its request is answered. Bodies bounds that, over
// all connections (R-WIRE-30): a body for which there is no room has to wait before it is read. So
// that nobody has to wait because of others, the bytes are divided twice. One part is for callers
// who have proved who they are, by a certificate or a signature, another for those who only claim
// it, because their signature covers a body that was not read yet. Of its part each caller has a
// quarter at the most: a certificate, an access key, or the address of one who claims.
//
// The small bodies of those who claim are not counted. Their number is bounded by that of the
// connections without an identity, and most requests of operators have such a body: they never
// wait.

const (
	// bodyTimeout is how long a request with its body may take to arrive, and how long one waits
	// for its bytes.
	bodyTimeout = 15 * time.Second
	// smallBody is the largest body that is not counted, in bytes.
	smallBody = 16 << 10
)

// Bodies are the bodies that are in memory.
type Bodies struct{ proven, claimed *pool }

// NewBodies returns a budget of this many bytes. A quarter is for callers who have not proved yet
// who they are. Each caller can read at least one body of the largest size.
func NewBodies(size int64) *Bodies {
	return &Bodies{proven: newPool(size - size/4), claimed: newPool(size / 4)}
}

// caller is whose body is read: a certificate, an access key or, as long as that is not proved, an
// address.
type caller struct {
	id     string
	proven bool
}

// read reads a request body of at most limit bytes. release gives its bytes back; it is never nil.
// Faults: TooLarge; Unavailable when too many bodies are being read; Invalid when the body cannot
// be read, for instance because the caller is gone.
func (b *Bodies) read(
	w http.ResponseWriter, r *http.Request, limit int64, c caller,
) (body []byte, release func(), err error) {
	release = func() {}
	if r.ContentLength > limit {
		return nil, release, tooLarge(limit)
	}
	size := r.ContentLength
	if size < 0 { // it comes in chunks
		size = limit
	}
	from := b.proven
	if !c.proven {
		from = b.claimed
	}
	if size > 0 && (c.proven || size > smallBody) {
		if !from.acquire(r.Context(), c.id, size) {
			return nil, release, fault.New(fault.Unavailable,
				"too many bodies are being read; try again in a moment")
		}
		release = func() { from.release(c.id, size) }
	}
	body, err = ReadBody(w, r, limit)
	return body, release, err
}

// ReadBody reads a request body of at most limit bytes. Faults: TooLarge; Invalid when it cannot be
// read, for instance because the caller is gone.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) (body []byte, err error) {
	from := http.MaxBytesReader(w, r.Body, limit)
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	if r.ContentLength >= 0 {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(from, body)
	} else {
		body, err = io.ReadAll(from)
	}
	var exceeded *http.MaxBytesError
	switch {
	case errors.As(err, &exceeded):
		return nil, tooLarge(limit)
	case err != nil:
		return nil, fault.New(fault.Invalid, "the body could not be read")
	}
	return body, nil
}

func tooLarge(limit int64) error {
	return fault.New(fault.TooLarge, "the body has more than %d bytes", limit)
}

// HangUp makes the connection of a request end with its answer, and what is left of the body is not
// read. It is called before the answer is written.
func HangUp(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	if r.ContentLength != 0 {
		// What net/http would read of the body before it closes the connection fails at once.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now()) // not supported in tests only
	}
	// A body that exceeds its limit has net/http close the connection in two steps, half a second
	// apart. Otherwise the system resets the connection when there are unread bytes, and the client
	// may lose the answer. So here is such a body.
	one := io.NopCloser(strings.NewReader("x"))
	_, _ = http.MaxBytesReader(w, one, 0).Read(make([]byte, 1))
}

// addressOf is the address of the client, without its port.
func addressOf(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr) // empty when it has no port
	return host
}
