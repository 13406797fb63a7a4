package commit

import (
	"slices"
	"time"
)

// maxStretches bounds the memory of a backlog. An hour without an announcer is 700,000 commits.
const maxStretches = 1024

// backlog is what waits to be announced, in stretches of announcements that follow each other. A
// stretch is one announcement, until there are too many: then neighbours are joined and all that
// follow are twice as long. So the number stays exact, and the age is that of the oldest of the
// first stretch.
type backlog struct {
	stretches []stretch
	length    int // of a stretch; 0 counts as 1
}

// stretch is announcements up to an id.
type stretch struct {
	last  int64     // id of the newest of them
	since time.Time // when the oldest of them was committed
	count int
}

// add says that an announcement was committed. One that has come late counts with those before it.
func (b *backlog) add(id int64, now time.Time) {
	if end := len(b.stretches) - 1; end >= 0 && b.stretches[end].count < b.length {
		b.stretches[end].last = id
		b.stretches[end].count++
		return
	}
	b.stretches = append(b.stretches, stretch{last: id, since: now, count: 1})
	if len(b.stretches) <= maxStretches {
		return
	}
	b.length = 2 * max(1, b.length)
	joined := b.stretches[:0]
	for pair := range slices.Chunk(b.stretches, 2) {
		one := pair[0]
		if len(pair) == 2 {
			one.last, one.count = pair[1].last, one.count+pair[1].count
		}
		joined = append(joined, one)
	}
	b.stretches = joined
}

// remove says that all announcements up to an id were made.
func (b *backlog) remove(id int64) {
	done := 0
	for done < len(b.stretches) && b.stretches[done].last <= id {
		done++
	}
	b.stretches = slices.Delete(b.stretches, 0, done)
	if len(b.stretches) == 0 {
		b.length = 0
	}
}

// size is how many announcements wait, and how long the oldest of them has waited.
func (b *backlog) size(now time.Time) (count int, age time.Duration) {
	for _, s := range b.stretches {
		count += s.count
	}
	if len(b.stretches) > 0 {
		age = now.Sub(b.stretches[0].since)
	}
	return count, age
}
