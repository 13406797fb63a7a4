package memory

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestTreeIsASortedMapWhoseOldVersionsStay(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var now, before tree[id, int]
	want, wantBefore := map[id]int{}, map[id]int{}
	for i := range 2000 {
		if i%100 == 0 {
			before, wantBefore = now, maps.Clone(want)
		}
		key := id(random.IntN(200))
		if random.IntN(3) == 0 {
			now = now.remove(key)
			delete(want, key)
		} else {
			now = now.put(key, i)
			want[key] = i
		}
		if got := maps.Collect(now.all()); !maps.Equal(got, want) {
			t.Fatalf("step %d: got %v, want %v", i, got, want)
		}
		if got := maps.Collect(before.all()); !maps.Equal(got, wantBefore) {
			t.Fatalf("step %d: an old version changed: got %v, want %v", i, got, wantBefore)
		}
		from := id(random.IntN(200))
		var got []id
		for key := range now.from(from) {
			got = append(got, key)
		}
		keys := slices.DeleteFunc(slices.Sorted(maps.Keys(want)), func(k id) bool { return k < from })
		if !slices.Equal(got, keys) {
			t.Fatalf("step %d: from %d: got %v, want %v", i, from, got, keys)
		}
	}
}
