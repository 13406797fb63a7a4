package cli

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/drover-iot/drover/schema"
)

// pages is automatic paging in force (section 16 of chapter 40): what the next request begins with, and how many items
// are still wanted.
type pages struct {
	most  int // -1: no limit
	token string
	given bool // the request has a token, perhaps an empty one
	skip  int  // items of the page that were shown before
}

// paging says how to page, nil for one request only (R-CMD-90 to R-CMD-95).
func (c *call) paging(in *object) (*pages, error) {
	page := c.op.Page
	if page == nil {
		return nil, nil
	}
	var used []string
	for _, name := range []string{"starting-token", "page-size", "max-items"} {
		if o, given := c.line.last(name); given && o.member == nil {
			used = append(used, "--"+name)
		}
	}
	_, token := in.get(page.In)
	_, size := in.get(page.Size)
	if c.line.has("no-paginate") || token || size {
		if len(used) > 0 {
			message := "Cannot specify --no-paginate along with pagination arguments: " + strings.Join(used, ", ")
			if !c.line.has("no-paginate") {
				message += fmt.Sprintf("\n(%s or %s was given: it asks for one page and turns automatic paging off)", page.In, page.Size)
			}
			return nil, &exitError{status: statusUsage, message: message}
		}
		return nil, nil
	}
	p := &pages{most: -1}
	if text := c.line.text("max-items"); text != "" {
		p.most = c.limit(text)
	}
	if g, given := c.line.last("page-size"); given && g.member == nil {
		n, _ := wholeNumber(g.words[0])
		in.set(page.Size, n)
	}
	if g, given := c.line.last("starting-token"); given {
		p.start(g.words[0], page.In)
	}
	return p, nil
}

// limit is the number of --max-items. One that is too large to count is none; one below 1 is warned of (R-CMD-92).
func (c *call) limit(text string) int {
	number, _ := wholeNumber(text)
	n, err := strconv.Atoi(number.String())
	switch {
	case n <= 0:
		fmt.Fprintln(c.env.Stderr, "warning: Non-positive values for --max-items may result in undefined behavior.")
		return 0
	case err != nil:
		return -1
	}
	return n
}

// start reads a token of --max-items, in its form of today or the old one, or takes the text as the service's own
// (R-CMD-93).
func (p *pages) start(text, member string) {
	p.token, p.given = text, true
	if raw, err := base64.StdEncoding.DecodeString(text); err == nil && text != "" {
		v, err := parseJSON(string(raw))
		if o, ok := v.(*object); ok && err == nil {
			inner, _ := o.get(member)
			p.token, p.given = inner.(string)
			if n, given := o.get("boto_truncate_amount"); given {
				p.skip, _ = strconv.Atoi(plainText(n))
			}
			return
		}
	}
	if at := strings.LastIndex(text, "___"); at >= 0 {
		if n, err := strconv.Atoi(text[at+3:]); err == nil {
			p.token, p.given, p.skip = text[:at], text[:at] != "None", n
		}
	}
}

// cut takes the items that are wanted off a page. following is the service's token of the next page, resume the one that
// is shown when the limit ends the list here (R-CMD-92).
func (p *pages) cut(page *schema.Page, answer *object) (items list, following, resume string) {
	found, _ := answer.get(page.Items)
	items, _ = found.(list)
	skipped := min(max(p.skip, 0), len(items))
	items, p.skip = items[skipped:], 0
	following = answer.text(page.Out)
	switch {
	case p.most < 0:
	case p.most < len(items):
		return items[:p.most], "", resumeToken(page.In, p.token, p.most+skipped)
	case p.most == len(items) && following != "":
		return items, "", resumeToken(page.In, following, -1)
	default:
		p.most -= len(items)
	}
	return items, following, ""
}

// resumeToken goes on after some items of the page that token begins, or with that page when used is below 0.
func resumeToken(member, token string, used int) string {
	text := []byte("null")
	if token != "" {
		text = appendText(nil, token)
	}
	amount := ""
	if used >= 0 {
		amount = fmt.Sprintf(`, "boto_truncate_amount": %d`, used)
	}
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"%s": %s%s}`, member, text, amount))
}

// showPages fetches all pages, or as many as are asked for. JSON shows them joined, text each as it arrives (R-CMD-91,
// R-CMD-97).
func (c *call) showPages(in *object, p *pages) error {
	page, joined, all := c.op.Page, &object{}, list{}
	for {
		if p.given {
			in.set(page.In, p.token)
		}
		answer, err := c.fetch(in)
		if err != nil {
			return err
		}
		items, following, resume := p.cut(page, answer)
		shown := &object{}
		if _, given := answer.get(page.Items); given {
			all = append(all, items...)
			shown.set(page.Items, items)
			joined.set(page.Items, all)
		}
		if c.settings.output == "text" {
			if err := c.showQueried(shown); err != nil {
				return err
			}
		}
		switch {
		case following == "":
			return c.showEnd(joined, resume)
		case p.given && following == p.token:
			return otherError("Error during pagination: The same next token was received twice: %s", following)
		}
		p.token, p.given = following, true
	}
}

// showEnd shows what is left to show after the last page.
func (c *call) showEnd(joined *object, resume string) error {
	if c.settings.output == "text" {
		if resume != "" {
			return c.print([]byte("NEXTTOKEN\t" + resume))
		}
		return nil
	}
	if resume != "" {
		joined.set("NextToken", resume)
	}
	return c.showQueried(joined)
}

// showQueried shows what the query makes of an answer.
func (c *call) showQueried(v value) error {
	result, err := c.query.apply(v)
	if err != nil {
		return err
	}
	return c.show(result)
}
