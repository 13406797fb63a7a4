package store

import "context"

// A list that is filtered by what no index holds is read page by page, and each row is looked at. One
// request looks at a bounded number of rows, so that no list takes longer as the fleet grows. A
// request that reaches the bound answers what it has found, which may be nothing, and says where the
// next one goes on (R-WIRE-27).

const (
	// MaxLooked is how many rows one request for a filtered list looks at.
	MaxLooked = 2000
	// filterPage is how many rows are read at a time.
	filterPage = 250
)

// Filter reads a list from its beginning and returns up to limit rows that keep accepts. page returns
// up to limit rows after a row, which is nil at the beginning. stopped is the last row that was
// looked at when the bound was reached before the end of the list; nil otherwise. keep is nil when
// every row is accepted. Filter stops when ctx ends: nobody waits for the answer any more.
//
// For example, of 5,000 things of which the last one matches, three requests find 0, 0 and 1, and
// look at 2,000, 2,000 and 1,000.
func Filter[Row any](
	ctx context.Context, limit int,
	page func(after *Row, limit int) ([]Row, error), keep func(Row) (bool, error),
) (found []Row, stopped *Row, err error) {
	if keep == nil {
		found, err = page(nil, limit)
		return found, nil, err
	}
	var after *Row
	for range MaxLooked / filterPage {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		rows, err := page(after, filterPage)
		if err != nil {
			return nil, nil, err
		}
		for _, row := range rows {
			kept, err := keep(row)
			if err != nil {
				return nil, nil, err
			}
			if kept {
				if found = append(found, row); len(found) == limit {
					return found, nil, nil
				}
			}
		}
		if len(rows) < filterPage {
			return found, nil, nil
		}
		after = &rows[len(rows)-1]
	}
	return found, after, nil
}
