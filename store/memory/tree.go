package memory

import (
	"iter"
	"math/rand/v2"
)

// ordered is a key that knows its place.
type ordered[K any] interface{ compare(K) int }

// tree is an immutable sorted map: put and remove return a new tree and share what did not change,
// so keeping an old state costs nothing. It is a treap: a search tree by key and a heap by random
// weight.
type tree[K ordered[K], V any] struct{ root *node[K, V] }

type node[K ordered[K], V any] struct {
	key         K
	value       V
	weight      uint64
	left, right *node[K, V]
}

// get returns the value of a key.
func (t tree[K, V]) get(key K) (value V, ok bool) {
	for n := t.root; n != nil; {
		switch c := key.compare(n.key); {
		case c < 0:
			n = n.left
		case c > 0:
			n = n.right
		default:
			return n.value, true
		}
	}
	return value, false
}

// has reports whether the key is there.
func (t tree[K, V]) has(key K) bool {
	_, ok := t.get(key)
	return ok
}

// put returns the tree with the key set.
func (t tree[K, V]) put(key K, value V) tree[K, V] {
	less, more := t.root.split(key)
	n := &node[K, V]{key: key, value: value, weight: rand.Uint64()}
	return tree[K, V]{join(join(less, n), more)}
}

// remove returns the tree without the key.
func (t tree[K, V]) remove(key K) tree[K, V] {
	less, more := t.root.split(key)
	return tree[K, V]{join(less, more)}
}

// from yields the entries with keys not before the given one, ascending.
func (t tree[K, V]) from(key K) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) { t.root.ascend(&key, yield) }
}

// all yields every entry, ascending.
func (t tree[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) { t.root.ascend(nil, yield) }
}

// split returns the entries before and after the key, dropping the key itself.
func (n *node[K, V]) split(key K) (less, more *node[K, V]) {
	if n == nil {
		return nil, nil
	}
	switch c := key.compare(n.key); {
	case c < 0:
		copied := *n
		less, copied.left = n.left.split(key)
		return less, &copied
	case c > 0:
		copied := *n
		copied.right, more = n.right.split(key)
		return &copied, more
	}
	return n.left, n.right
}

// join puts two trees together; every key of less is before every key of more.
func join[K ordered[K], V any](less, more *node[K, V]) *node[K, V] {
	switch {
	case less == nil:
		return more
	case more == nil:
		return less
	case less.weight > more.weight:
		copied := *less
		copied.right = join(less.right, more)
		return &copied
	}
	copied := *more
	copied.left = join(less, more.left)
	return &copied
}

// ascend yields the entries with keys not before from, every one without it; false: yield wanted no
// more.
func (n *node[K, V]) ascend(from *K, yield func(K, V) bool) bool {
	if n == nil {
		return true
	}
	if from != nil && n.key.compare(*from) < 0 {
		return n.right.ascend(from, yield)
	}
	return n.left.ascend(from, yield) && yield(n.key, n.value) && n.right.ascend(nil, yield)
}
