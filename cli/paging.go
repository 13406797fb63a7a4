package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/output"
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/schema"
)

// Automatic paging (docs/spec/40, section 16): a command that lists makes as many requests as
// there are pages and shows the pages joined, as if there were one. --max-items ends the list
// early, with a token from which another call goes on (token.go).

// paging says where automatic paging begins, nil for one request only (R-CMD-90 to R-CMD-95). It
// puts the size of a page into the request.
func (c *call) paging(in *value.Object) (*position, error) {
	page := c.op.Page
	if page == nil {
		return nil, nil
	}
	_, token := in.Get(page.In)
	_, size := in.Get(page.Size)
	if c.line.Has("no-paginate") || token || size {
		return nil, c.checkNotPaging()
	}
	p := &position{most: -1}
	if text := c.line.Text("max-items"); text != "" {
		p.most = c.maxItems(text)
	}
	if g, given := c.line.Last("page-size"); given && g.Member == nil {
		n, _ := value.Integer(g.Words[0]) // reading the line has seen that it is one
		in.Set(page.Size, n)
	}
	if g, given := c.line.Last("starting-token"); given {
		p.start(g.Words[0], page.In)
	}
	return p, nil
}

// checkNotPaging refuses options of automatic paging where it is off (R-CMD-94, R-CMD-95).
func (c *call) checkNotPaging() error {
	var used []string
	for _, name := range []string{"starting-token", "page-size", "max-items"} {
		if o, given := c.line.Last(name); given && o.Member == nil {
			used = append(used, "--"+name)
		}
	}
	if len(used) == 0 {
		return nil
	}
	message := "Cannot specify --no-paginate along with pagination arguments: " +
		strings.Join(used, ", ")
	if !c.line.Has("no-paginate") {
		message += fmt.Sprintf("\n(%s or %s was given: it asks for one page and turns "+
			"automatic paging off)", c.op.Page.In, c.op.Page.Size)
	}
	return exit.BadValue("%s", message)
}

// maxItems is the number of --max-items, -1 for no limit: one that is too large to count. A number
// below 1 gets a warning and is 0 (R-CMD-92).
func (c *call) maxItems(text string) int {
	number, _ := value.Integer(text)
	n, err := strconv.Atoi(number.String())
	switch {
	case n <= 0:
		fmt.Fprintln(c.env.Stderr,
			"warning: Non-positive values for --max-items may result in undefined behavior.")
		return 0
	case err != nil:
		return -1
	}
	return n
}

// A position is a place in a list: what the next request begins with, and how many items are still
// wanted.
type position struct {
	most  int    // items wanted; -1: no limit
	token string // of the next page
	given bool   // the request has a token, perhaps an empty one
	skip  int    // items of the page that were shown before
}

// cut returns the items of a page that are wanted. following is the service's token of the next
// page, "" at the end; resume is the token that is shown when the limit ends the list here
// (R-CMD-92).
func (p *position) cut(
	page *schema.Page, answer *value.Object,
) (items value.List, following, resume string) {
	found, _ := answer.Get(page.Items)
	items, _ = found.(value.List)
	skipped := min(max(p.skip, 0), len(items))
	items, p.skip = items[skipped:], 0
	following = answer.Text(page.Out)
	switch {
	case p.most < 0: // no limit
	case p.most < len(items): // the limit is inside the page
		return items[:p.most], "", resumeToken(page.In, p.token, p.most+skipped)
	case p.most == len(items) && following != "": // the limit is the end of the page
		return items, "", resumeToken(page.In, following, -1)
	default:
		p.most -= len(items)
	}
	return items, following, ""
}

// pages shows a list that may have many of them.
type pages struct {
	page     *schema.Page // names the members that page
	position position     // of the next request
	sender   *sender      // fetches a page
	printer  *printer     // shows pages, one by one or joined
}

// show fetches all pages, or as many as are asked for. Text and a stream of YAML show each as it
// arrives, the other formats show them joined (R-CMD-86, R-CMD-91, R-CMD-97).
func (p *pages) show(ctx context.Context, in *value.Object) error {
	// joined is what is shown at the end: an object with all items and nothing else. It stays
	// empty, and nothing is shown, when the answers have no list.
	at, joined, all := &p.position, &value.Object{}, value.List{}
	received := "" // the service's last token
	for {
		if at.given {
			in.Set(p.page.In, at.token)
		}
		answer, err := p.sender.fetch(ctx, in)
		if err != nil {
			return err
		}
		list, given := answer.Get(p.page.Items)
		if _, isList := list.(value.List); given && !isList {
			return exit.Other("The answer to %s has another value than a list in %s",
				p.sender.op.Name, p.page.Items)
		}
		items, following, resume := at.cut(p.page, answer)
		if given {
			all = append(all, items...)
			answer.Set(p.page.Items, items)
			joined.Set(p.page.Items, all)
		}
		if p.printer.style.Streams() {
			if err := p.showPage(answer); err != nil {
				return err
			}
		}
		// A server that answers with the same token again would never end the list. The one that
		// the list began with may come once more.
		switch following {
		case "":
			return p.showEnd(joined, resume)
		case received:
			return exit.Other("Error during pagination: "+
				"The same next token was received twice: %s", following)
		}
		at.token, at.given, received = following, true, following
	}
}

// showPage shows one page by itself: a stream of YAML with all that the service answered, its own
// token too, and text with the items only.
func (p *pages) showPage(answer *value.Object) error {
	if p.printer.style.Format == output.Text {
		only := &value.Object{}
		if items, given := answer.Get(p.page.Items); given {
			only.Set(p.page.Items, items)
		}
		answer = only
	}
	return p.printer.show(answer)
}

// showEnd shows what is left to show after the last page: where pages have been shown one by one,
// only the token from which to go on, if there is one, and that in text only.
func (p *pages) showEnd(joined *value.Object, resume string) error {
	switch {
	case p.printer.style.Format == output.Text && resume != "":
		return p.printer.env.print("NEXTTOKEN\t" + resume)
	case p.printer.style.Streams():
		return nil
	}
	if resume != "" {
		joined.Set("NextToken", resume)
	}
	return p.printer.show(joined)
}
