package commit

import (
	"testing"
	"time"
)

// The backlog counts what waits exactly, with bounded memory, and its age is at most that of the
// oldest announcement.
func TestBacklog(t *testing.T) { // R-OBS-4
	t.Parallel()
	var b backlog
	at := func(id int64) time.Time { return start.Add(time.Duration(id) * time.Second) }
	const many = 100_000
	for id := int64(1); id <= many; id++ {
		b.add(id, at(id))
		if len(b.stretches) > maxStretches {
			t.Fatalf("%d stretches", len(b.stretches))
		}
	}
	if n, age := b.size(at(many)); n != many || age != (many-1)*time.Second {
		t.Errorf("%d wait for %v", n, age)
	}
	b.remove(many / 2) // the stretch that it ends in stays whole
	n, age := b.size(at(many))
	if n < many/2 || n > many/2+many/100 || age < many/2*time.Second || age > many*time.Second*51/100 {
		t.Errorf("%d wait for %v after half of them was made", n, age)
	}
	b.remove(many)
	if n, age := b.size(at(many)); n != 0 || age != 0 {
		t.Errorf("%d wait for %v after all were made", n, age)
	}
}
