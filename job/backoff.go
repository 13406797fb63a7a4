package job

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// With drover:retry-backoff a thing is not tried again at once: each further retry waits twice as
// long as the one before, up to a limit (R-STR-45). What made an attempt fail is often still so a
// minute later. The waits of a fleet that failed together differ, so that it does not come back
// together. A retry that waits is QUEUED and hidden until Execution.ShowAt.

// Backoff is how long retries wait: the first First, each further one twice as long, none longer
// than Max; and each up to a quarter more or less.
type Backoff struct {
	First time.Duration `json:"first"`
	Max   time.Duration `json:"max"`
}

// The bounds of both durations, and how they are written.
const (
	minBackoff  = time.Second
	maxBackoff  = 30 * 24 * time.Hour
	backoffForm = "FIRST/MAX, two durations such as 10m/12h"
)

func (s *Steering) readBackoff(value string) error {
	first, most, ok := strings.Cut(value, "/")
	if !ok {
		return errForm
	}
	b := Backoff{}
	var err error
	if b.First, err = parseDuration(first, minBackoff, maxBackoff); err != nil {
		return err
	}
	if b.Max, err = parseDuration(most, minBackoff, maxBackoff); err != nil {
		return err
	}
	if b.First > b.Max {
		return fmt.Errorf("%s is longer than %s", first, most)
	}
	s.Backoff = &b
	return nil
}

// wait is how long the retry of a thing waits; its Attempt says which one it is, from 1 on. The
// deviation is drawn from a hash of job, thing and attempt, so that it is the same whenever it is
// asked for.
//
// With 10m/12h the first retry waits 7.5 to 12.5 minutes, the second 15 to 25 minutes, and from the
// eighth on each waits 9 to 15 hours.
func (b *Backoff) wait(retry Execution) time.Duration {
	if b == nil || retry.Attempt < 1 {
		return 0
	}
	wait := b.middle(retry.Attempt)
	hash := sha256.New()
	for _, part := range []int64{int64(retry.Job), int64(retry.Thing), int64(retry.Attempt)} {
		hash.Write(binary.BigEndian.AppendUint64(nil, uint64(part)))
	}
	drawn := int64(binary.BigEndian.Uint32(hash.Sum(nil))) // of 2^32
	half := int64(wait / 2 / time.Millisecond)
	shortest := (wait - wait/4).Truncate(time.Millisecond)
	return shortest + time.Duration(half*drawn>>32)*time.Millisecond
}

// middle is how long a retry waits without its deviation.
func (b *Backoff) middle(attempt int) time.Duration {
	wait := b.First
	for k := 1; k < attempt && wait < b.Max; k++ {
		wait *= 2
	}
	return min(wait, b.Max)
}

// backoff is how long retries wait, nil when they do not.
func (d Definition) backoff() *Backoff {
	if d.Steering == nil {
		return nil
	}
	return d.Steering.Backoff
}

// showAt is when a retry shows of which the attempt before ended at a time; zero for at once. One
// that waited for a paused job has waited all that time.
func (d Definition) showAt(retry Execution, ended, now time.Time) time.Time {
	at := ended.Add(d.backoff().wait(retry))
	if !at.After(now) {
		return time.Time{}
	}
	return at
}

// Show is an execution that has waited long enough. It is no new version: for its device, which has
// not seen it, it is as it was queued.
func (e Execution) Show() Execution {
	e.ShowAt = time.Time{}
	return e
}
