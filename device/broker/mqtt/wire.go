package mqtt

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// The primitive values of the wire format: big-endian numbers, variable byte integers of one to
// four bytes, and text and binary data behind a length of two bytes. Variable byte integers are
// written with binary.AppendUvarint, which uses the same form.

// A decoder reads primitive values from the front of a packet body. Reading past the end, or text
// that is not valid, sets invalid; values are zero from then on. So a caller reads all its values
// and checks once.
type decoder struct {
	b       []byte // what has not been read yet
	invalid bool
}

// bytes reads n bytes. The result has no spare capacity, so that appending to it copies.
func (d *decoder) bytes(n int) []byte {
	if n > len(d.b) {
		d.b, d.invalid = nil, true
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) byte() byte {
	if v := d.bytes(1); v != nil {
		return v[0]
	}
	return 0
}

func (d *decoder) uint16() uint16 {
	if v := d.bytes(2); v != nil {
		return binary.BigEndian.Uint16(v)
	}
	return 0
}

func (d *decoder) uint32() uint32 {
	if v := d.bytes(4); v != nil {
		return binary.BigEndian.Uint32(v)
	}
	return 0
}

// binary reads data behind its length.
func (d *decoder) binary() []byte { return d.bytes(int(d.uint16())) }

// text reads text behind its length. It must be UTF-8 without NUL.
func (d *decoder) text() []byte {
	v := d.binary()
	if !utf8.Valid(v) || bytes.IndexByte(v, 0) >= 0 {
		d.invalid = true
	}
	return v
}

// varint reads a variable byte integer.
func (d *decoder) varint() uint32 {
	v, n := varint(d.b)
	if n <= 0 {
		d.b, d.invalid = nil, true
		return 0
	}
	d.b = d.b[n:]
	return v
}

// varint reads a variable byte integer: seven bits a byte, the lowest first, and the top bit set in
// all bytes but the last. n is its length; 0 means that b ends inside it, -1 that it is not well
// formed, which includes forms that are longer than they need to be. 0x80 0x01 is 128, 0x80 0x00 is
// refused.
func varint(b []byte) (v uint32, n int) {
	for i := range min(len(b), 4) {
		v |= uint32(b[i]&0x7F) << (7 * i)
		if b[i] < 0x80 {
			if i > 0 && b[i] == 0 {
				return 0, -1
			}
			return v, i + 1
		}
	}
	if len(b) >= 4 {
		return 0, -1
	}
	return 0, 0
}

// varintSize is the number of bytes of a variable byte integer.
func varintSize(v int) int {
	switch {
	case v < 1<<7:
		return 1
	case v < 1<<14:
		return 2
	case v < 1<<21:
		return 3
	}
	return 4
}

func appendVarint(b []byte, v int) []byte { return binary.AppendUvarint(b, uint64(v)) }

func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

func appendUint16(b []byte, v uint16) []byte { return binary.BigEndian.AppendUint16(b, v) }

func appendUint32(b []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(b, v) }
