package forecast

// A wheel has what is going to happen in which step: so many executions start, or so many end. Steps
// that are near have numbers of their own; for those far away a number stands for a block of them,
// and each takes its part of it when it comes.

// wheel is what is going to happen.
type wheel struct {
	levels [][]int64 // by the size of their blocks; nil where nothing was ever put in
	total  int64
}

// add puts so many into a block. steps is how many steps the grid has.
func (w *wheel) add(b block, n int64, steps int) {
	if n == 0 {
		return
	}
	for len(w.levels) <= int(b.level) {
		w.levels = append(w.levels, nil)
	}
	level := w.levels[b.level]
	if level == nil {
		level = make([]int64, steps>>b.level+1)
		w.levels[b.level] = level
	}
	level[b.number] += n
	w.total += n
}

// take removes what happens in a step. Steps must be taken in their order.
func (w *wheel) take(step int, d dice) (n int64) {
	if w.total == 0 {
		return 0
	}
	for size, level := range w.levels {
		at := step >> size
		if level == nil || level[at] == 0 {
			continue
		}
		x := level[at]
		if left := (at+1)<<size - step; left > 1 {
			x = d.share(x, 1/float64(left))
		}
		level[at] -= x
		n += x
	}
	w.total -= n
	return n
}

// clear forgets everything.
func (w *wheel) clear() {
	if w.total == 0 {
		return
	}
	for _, level := range w.levels {
		clear(level)
	}
	w.total = 0
}

// oneByOne is up to how many delays are drawn one by one.
const oneByOne = 24

// spread puts so many delays into the wheel as a table has them. It returns those that end in the
// first step of the table, which are not put in, and those that end after its last row.
func (w *wheel) spread(n int64, t *table, steps int, d dice) (atOnce, later int64) {
	i := 0
	for ; i < len(t.rows) && n > oneByOne; i++ {
		x := d.of(n, t.rows[i].odds)
		n -= x
		if i == 0 {
			atOnce = x
			continue
		}
		w.add(t.rows[i].block, x, steps)
	}
	for ; n > 0 && i < len(t.rows); n-- {
		switch at := t.row(d, i); at {
		case 0:
			atOnce++
		case len(t.rows):
			later++
		default:
			w.add(t.rows[at].block, 1, steps)
		}
	}
	return atOnce, later + n
}
