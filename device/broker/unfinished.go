package broker

import (
	"cmp"
	"slices"
)

// unfinished are the claims that the broker has passed in the log and not finished with, those of
// this node whose sessions are not loaded and those whose client it has not released. The log is
// replayed from before the first of them should this node be lost. Broker.mu guards it.
type unfinished struct {
	claims []*pendingClaim // by number; the first is not done
}

// A pendingClaim is one of them.
type pendingClaim struct {
	number int64
	done   bool // removed when those before it are
}

// add adds a claim. They come in their order, except in a replay.
func (u *unfinished) add(number int64) *pendingClaim {
	p := &pendingClaim{number: number}
	i, _ := slices.BinarySearchFunc(u.claims, number, func(p *pendingClaim, number int64) int {
		return cmp.Compare(p.number, number)
	})
	u.claims = slices.Insert(u.claims, i, p)
	return p
}

// finish removes a claim.
func (p *pendingClaim) finish(u *unfinished) {
	p.done = true
	for len(u.claims) > 0 && u.claims[0].done {
		u.claims[0] = nil
		u.claims = u.claims[1:]
	}
}

// Unfinished returns the smallest number of a claim that Claimed was called with and that this
// broker has not finished with: it has not released the client yet, or not loaded its sessions. 0:
// there is none. The position of a node, from which its heir would replay the log, must not be
// after this claim.
func (b *Broker) Unfinished() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.unfinished.claims) == 0 {
		return 0
	}
	return b.unfinished.claims[0].number
}
