package mqtt

import (
	"io"
	"sync"
)

// A server has many idle connections, so a Reader is small while nothing arrives. It has a buffer
// of its own for small packets, borrows a larger one from a pool while a connection is busy, and
// allocates ever larger ones for a packet that is larger still. Next returns to the small buffer as soon as all
// that was read is consumed.

const (
	smallBuffer  = 512     // inside each Reader
	pooledBuffer = 4 << 10 // borrowed from readBuffers
	growth       = 4       // times as much room when a buffer is full
)

var readBuffers = sync.Pool{New: func() any { return new([pooledBuffer]byte) }}

// A Meter knows of the memory of Readers that have more than a pooled buffer. It is called by the
// goroutine that reads.
type Meter interface {
	// Grow is called before a Reader has so many bytes more. With an error it does not have them,
	// and Next returns the error.
	Grow(bytes int) error
	// Shrink is called when it has so many less.
	Shrink(bytes int)
}

// A Reader cuts the byte stream of one connection into packets. Call Reset before its first use. It
// must not be copied and is for one goroutine.
type Reader struct {
	Meter      Meter // nil: nobody asks; reset by Reset
	source     io.Reader
	maxBody    int
	metered    int // bytes that Meter knows of
	buf        []byte
	start, end int                 // buf[start:end] was read and is not consumed yet
	pooled     *[pooledBuffer]byte // buf, while it is borrowed from the pool
	small      [smallBuffer]byte
}

// Reset makes the Reader read from source, whose packets may have bodies of up to maxBody bytes.
func (r *Reader) Reset(source io.Reader, maxBody int) {
	r.Release()
	r.source, r.maxBody, r.Meter = source, maxBody, nil
}

// Next returns the next packet. Its body is valid until the following call. Errors are those of the
// source, and *Error for a length that is malformed or too large. After a timeout of the source it
// may be called again: nothing is lost.
func (r *Reader) Next() (Packet, error) {
	if r.start == r.end {
		r.rewind()
	}
	for {
		offset, size, err := r.fixedHeader()
		if err != nil {
			return Packet{}, err
		}
		if offset > 0 && r.end-r.start >= offset+size {
			first := r.buf[r.start]
			body := r.buf[r.start+offset : r.start+offset+size]
			r.start += offset + size
			return Packet{Type: first >> 4, Flags: first & 0x0F, Body: body}, nil
		}
		if err := r.fill(offset + size); err != nil {
			return Packet{}, err
		}
	}
}

// Buffered reports whether Next will return without reading from the source.
func (r *Reader) Buffered() bool {
	offset, size, err := r.fixedHeader()
	return err != nil || offset > 0 && r.end-r.start >= offset+size
}

// Wait reads until a whole packet is buffered, which Next returns then. Its errors are those of Next.
func (r *Reader) Wait() error {
	for !r.Buffered() {
		offset, size, err := r.fixedHeader()
		if err != nil {
			return err
		}
		if err := r.fill(offset + size); err != nil {
			return err
		}
	}
	return nil
}

// Release returns a borrowed buffer to the pool and forgets what is not consumed. Call it when the
// connection ends.
func (r *Reader) Release() {
	if r.pooled != nil {
		readBuffers.Put(r.pooled)
	}
	if r.metered > 0 {
		r.Meter.Shrink(r.metered)
		r.metered = 0
	}
	r.pooled, r.buf, r.start, r.end = nil, r.small[:], 0, 0
}

// fixedHeader looks at the fixed header of the next packet: where its body starts, counted from the
// packet's first byte, and how long the body is. An offset of 0 means that the header is not
// complete yet.
func (r *Reader) fixedHeader() (offset, size int, err error) {
	if r.end-r.start < 2 {
		return 0, 0, nil
	}
	v, n := varint(r.buf[r.start+1 : r.end])
	switch {
	case n < 0:
		return 0, 0, malformed("the remaining length is malformed")
	case n == 0:
		return 0, 0, nil
	case int(v) > r.maxBody:
		return 0, 0, &Error{PacketTooLarge, "the packet is too large"}
	}
	return 1 + n, int(v), nil
}

// fill reads more of a packet that has need bytes. The buffer grows with what has arrived and not
// with need, which is only what the client says: one that announces much and sends little gets
// little.
func (r *Reader) fill(need int) error {
	switch have := r.end - r.start; {
	case need > len(r.buf) && (have == len(r.buf) || len(r.buf) < pooledBuffer):
		if err := r.grow(min(need, max(growth*have, pooledBuffer))); err != nil {
			return err
		}
	case r.end == len(r.buf) && r.start > 0, r.start+need > len(r.buf) && r.start > 0:
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
	n, err := r.source.Read(r.buf[r.end:])
	r.end += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// grow moves what was read to a buffer of at least need bytes.
func (r *Reader) grow(need int) error {
	if need > pooledBuffer && r.Meter != nil {
		if err := r.Meter.Grow(need - r.metered); err != nil {
			return err
		}
		r.metered = need
	}
	old, borrowed := r.buf[r.start:r.end], r.pooled
	r.pooled = nil
	if need <= pooledBuffer {
		r.pooled = readBuffers.Get().(*[pooledBuffer]byte)
		r.buf = r.pooled[:]
	} else {
		r.buf = make([]byte, need)
	}
	r.end = copy(r.buf, old)
	r.start = 0
	if borrowed != nil {
		readBuffers.Put(borrowed)
	}
	return nil
}

// rewind starts again with an empty buffer. That is the small one, unless the last read filled it:
// then more is probably on its way, and a larger buffer saves reads.
func (r *Reader) rewind() {
	full := r.end == smallBuffer && len(r.buf) == smallBuffer
	r.Release()
	if full {
		_ = r.grow(pooledBuffer) // the Meter is not asked for so little
	}
}
