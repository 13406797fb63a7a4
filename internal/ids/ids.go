package ids

import (
	"crypto/rand"
	"fmt"
	"sync/atomic"
)

// Source makes identifiers that were never made before. It may be used by many goroutines.
type Source interface {
	UUID() string
}

// Random makes random (version 4) UUIDs.
type Random struct{}

// UUID returns a new UUID in lower case with hyphens.
func (Random) UUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Counting makes UUIDs that count up: 00000000-0000-4000-8000-000000000001 is the first.
type Counting struct{ last atomic.Int64 }

// UUID returns the next one.
func (c *Counting) UUID() string {
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", c.last.Add(1))
}
