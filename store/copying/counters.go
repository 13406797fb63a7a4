package copying

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/drover-iot/drover/store/relational"
)

// counters are the bounds that the target must have, of all keys that either store has handed out:
// no key is handed out a second time, neither one that a copied row has nor one whose row is gone.
// An empty target has rows here when it was used and emptied before. When the source stands at 4096
// for things and the target at 10, the target goes on with 4097.
func (c *copier) counters(ctx context.Context, t relational.Table) (relational.Rows, error) {
	bounds := map[int64]int64{}
	for _, s := range []Source{c.from, c.to} {
		for row, err := range s.Rows(ctx, t) {
			if err != nil {
				return nil, fmt.Errorf("read the counters of keys: %w", err)
			}
			kind, isKind := row[0].(int64)
			bound, isBound := row[1].(int64)
			if !isKind || !isBound {
				return nil, fmt.Errorf("the counters of keys are damaged: %s", t.At(row))
			}
			bounds[kind] = max(bounds[kind], bound)
		}
	}
	return func(yield func(relational.Row, error) bool) {
		for _, kind := range slices.Sorted(maps.Keys(bounds)) {
			if !yield(relational.Row{kind, bounds[kind]}, nil) {
				return
			}
		}
	}, nil
}
