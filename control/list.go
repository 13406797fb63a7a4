package control

import "github.com/drover-iot/drover/schema"

// Lists. All operations that page do it in the same way: read the token, load one item more than
// the page shows, show the items, and give a token if that one item was there. What the members are
// called, how large a page may be, and which members are filters follows from the Page of the
// operation. A handler says only how its items are loaded and shown, and what the cursor of an item
// is: the sort key by which the next page continues, so that items which are created or deleted
// meanwhile neither repeat nor hide others.

// lister is the response of an operation that pages. Its list has items of type Shown, so that a
// handler which shows items of another type does not compile.
type lister[Shown any] interface{ Items() []Shown }

// list answers one request for a page. load returns up to limit items after a cursor, which is nil
// for the first page, in the order of the list. It may return more, if it has them at hand.
func list[In any, Out lister[Shown], Cursor, Item, Shown any](
	p *Plane, op schema.Op[In, Out], in *In,
	load func(after *Cursor, limit int) ([]Item, error),
	cursor func(Item) Cursor,
	show func(Item) Shown,
) (*Out, error) {
	complete := func(after *Cursor, limit int) ([]Item, *Cursor, error) {
		found, err := load(after, limit)
		return found, nil, err
	}
	return scan(p, op, in, complete, cursor, show)
}

// scan is list for an operation that may stop searching before the page is full, so that one
// request does not go through a large fleet. Then load returns where it has stopped, and the page
// has a token although it is short, or empty.
func scan[In, Out, Cursor, Item, Shown any](
	p *Plane, op schema.Op[In, Out], in *In,
	load func(after *Cursor, limit int) (found []Item, stopped *Cursor, err error),
	cursor func(Item) Cursor,
	show func(Item) Shown,
) (*Out, error) {
	d := op.Describe()
	asked := d.ReadPage(in)
	// The token is read first, so that a request with a wrong one is refused before anything is
	// loaded, whatever else is wrong with it.
	var after *Cursor
	if asked.Token != "" {
		after = new(Cursor)
		err := p.Pages.open(d.Page.In, asked.Token, d.Name, asked.Filters, after)
		if err != nil {
			return nil, err
		}
	}
	// The item beyond the page is not shown. It says that another page follows.
	found, next, err := load(after, asked.Size+1)
	if err != nil {
		return nil, err
	}
	found, more := cut(found, asked.Size)
	if more {
		next = new(cursor(found[len(found)-1]))
	}
	token := ""
	if next != nil {
		token = p.Pages.seal(d.Name, asked.Filters, *next)
	}
	out := new(Out)
	d.WritePage(out, convert(found, show), token)
	return out, nil
}

// cut leaves out the items beyond the page, and reports whether there are any. A page of size 0, of
// an operation without a page size, has all items; its load does not look at the limit (R-WIRE-24).
func cut[Item any](items []Item, size int) (page []Item, more bool) {
	if size == 0 || len(items) <= size {
		return items, false
	}
	return items[:size], true
}

// after returns the items of a list, sorted by name, that come after a name. Lists that are short
// are loaded whole, and read from the cursor on.
func after[Item any](items []Item, name func(Item) string, cursor *string) []Item {
	for cursor != nil && len(items) > 0 && name(items[0]) <= *cursor {
		items = items[1:]
	}
	return items
}

// convert turns the items of a list into another form; never nil, so that an empty list is shown.
func convert[From, To any](items []From, each func(From) To) []To {
	out := make([]To, len(items))
	for i, item := range items {
		out[i] = each(item)
	}
	return out
}
