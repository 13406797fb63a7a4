package broker

import (
	"io"
	"sync"
)

// Sizes of the read buffers: idle connections hold the small one, busy ones borrow from the pool, and a packet larger
// than that gets a buffer of its own.
const (
	smallBuffer  = 512
	pooledBuffer = 4 << 10
)

var readBuffers = sync.Pool{New: func() any { return new([pooledBuffer]byte) }}

// A packetReader cuts the byte stream of one connection into packets.
type packetReader struct {
	src        io.Reader
	max        int // largest remaining length accepted
	buf        []byte
	start, end int
	pooled     *[pooledBuffer]byte // buf, when it is borrowed
	small      [smallBuffer]byte
}

// next returns the next packet: its first byte and its body, which is valid until the following call. After a
// timeout it may be called again; nothing is lost.
func (r *packetReader) next() (header byte, body []byte, err error) {
	if r.start == r.end {
		r.rewind()
	}
	for {
		offset, size, err := r.frame()
		if err != nil {
			return 0, nil, err
		}
		if offset > 0 && r.end-r.start >= offset+size {
			header, body = r.buf[r.start], r.buf[r.start+offset:r.start+offset+size]
			r.start += offset + size
			return header, body, nil
		}
		if err := r.fill(offset + size); err != nil {
			return 0, nil, err
		}
	}
}

// ready reports whether a whole packet is already here, so that next will not wait.
func (r *packetReader) ready() bool {
	offset, size, err := r.frame()
	return err != nil || offset > 0 && r.end-r.start >= offset+size
}

// frame looks at the fixed header: where the body starts and how long it is; offset 0 means not known yet.
func (r *packetReader) frame() (offset, size int, err error) {
	if r.end-r.start < 2 {
		return 0, 0, nil
	}
	v, n := varint(r.buf[r.start+1 : r.end])
	switch {
	case n < 0:
		return 0, 0, malformed("remaining length")
	case n == 0:
		return 0, 0, nil
	case int(v) > r.max:
		return 0, 0, refusal(PacketTooLarge, "packet too large")
	}
	return 1 + n, int(v), nil
}

// fill reads more, into a buffer that can hold need bytes from start on.
func (r *packetReader) fill(need int) error {
	switch {
	case need > len(r.buf):
		r.grow(need)
	case r.end == len(r.buf) && r.start > 0, r.start+need > len(r.buf):
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
	n, err := r.src.Read(r.buf[r.end:])
	r.end += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

func (r *packetReader) grow(need int) {
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
}

// rewind empties the buffer. It gives a large one back, unless the last read filled a small one: then more is coming.
func (r *packetReader) rewind() {
	full := r.end == smallBuffer && len(r.buf) == smallBuffer
	r.release()
	if full {
		r.grow(pooledBuffer)
	}
}

// release gives a borrowed buffer back.
func (r *packetReader) release() {
	if r.pooled != nil {
		readBuffers.Put(r.pooled)
	}
	r.pooled, r.buf, r.start, r.end = nil, r.small[:], 0, 0
}
