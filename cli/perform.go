package cli

import (
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// perform checks the parameters, makes the call and shows the answer (R-CMD-20, steps 9 to 13).
func (c *call) perform(in *object) error {
	if err := c.settle(); err != nil {
		return err
	}
	if !strings.EqualFold(c.settings.profile.get("parameter_validation"), "false") { // R-CMD-62
		if err := check(c.op.Input, in); err != nil {
			return err
		}
	}
	if c.wantsSkeleton() == "output" {
		result, err := c.query.apply(skeleton(c.op.Output, "", sampleOutput))
		if err != nil {
			return err
		}
		return c.show(result)
	}
	files, err := c.openOutfiles()
	if err != nil {
		return err
	}
	if !c.line.has("no-sign-request") {
		if err := c.findCredentials(); err != nil {
			return err
		}
	}
	if err := c.connect(); err != nil {
		return err
	}
	defer c.client.CloseIdleConnections()
	paging, err := c.paging(in)
	if err != nil {
		return err
	}
	if paging != nil {
		return c.showPages(in, paging)
	}
	answer, err := c.fetch(in)
	if err != nil {
		return err
	}
	if err := writeOutfiles(files, answer); err != nil {
		return err
	}
	result, err := c.query.apply(answer)
	if err != nil {
		return err
	}
	return c.show(result)
}

// fetch makes one request and reads its answer.
func (c *call) fetch(in *object) (*object, error) {
	body, err := c.send(in)
	if err != nil {
		if failed, ok := err.(*serviceError); ok { //nolint:errorlint // it is made by send and never wrapped
			return nil, &exitError{status: statusService, message: failed.Error()}
		}
		return nil, err
	}
	return c.readAnswer(body)
}

// pages is automatic paging in force: how many items in all, and where to begin.
type pages struct {
	most  int // -1: no limit
	token string
	skip  int // items of the first page that were shown before
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
			return nil, &exitError{status: statusUsage, message: "Cannot specify --no-paginate along with pagination arguments: " + strings.Join(used, ", ")}
		}
		return nil, nil
	}
	p := &pages{most: -1}
	if text := c.line.text("max-items"); text != "" {
		p.most = c.limit(text)
	}
	if g, given := c.line.last("page-size"); given {
		n, _ := wholeNumber(g.words[0])
		in.set(page.Size, n)
	}
	p.start(c.line.text("starting-token"), page.In)
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

// start reads a token of --max-items, or takes the text as the service's own (R-CMD-93).
func (p *pages) start(text, member string) {
	p.token = text
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || text == "" {
		return
	}
	v, err := parseJSON(string(raw))
	o, ok := v.(*object)
	if err != nil || !ok {
		return
	}
	if inner, given := o.get(member); given {
		p.token, _ = inner.(string)
		if n, given := o.get("boto_truncate_amount"); given {
			p.skip, _ = strconv.Atoi(plainText(n))
		}
	}
}

// resume is the token that goes on after some items of the page that token began (R-CMD-92).
func resume(member, token string, items int) string {
	text := "null"
	if token != "" {
		text = string(appendText(nil, token))
	}
	if items > 0 {
		return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"%s": %s, "boto_truncate_amount": %d}`, member, text, items))
	}
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"%s": %s}`, member, text))
}

// showPages fetches all pages, or as many as are asked for. JSON shows them joined, text each as it arrives (R-CMD-91,
// R-CMD-97).
func (c *call) showPages(in *object, p *pages) error {
	joined, left, next := list{}, p.most, ""
	for token, previous := p.token, ""; ; previous = token {
		if token != "" {
			in.set(c.op.Page.In, token)
		}
		answer, err := c.fetch(in)
		if err != nil {
			return err
		}
		found, _ := answer.get(c.op.Page.Items)
		items, _ := found.(list)
		skipped := min(p.skip, len(items))
		items, p.skip = items[skipped:], 0
		after, _ := answer.get(c.op.Page.Out)
		following, _ := after.(string)
		if left >= 0 && left <= len(items) {
			switch {
			case left < len(items):
				next = resume(c.op.Page.In, token, left+skipped)
			case following != "":
				next = resume(c.op.Page.In, following, 0)
			}
			items, following = items[:max(left, 0)], ""
		}
		left = max(left-len(items), min(left, -1))
		if c.settings.output == "text" {
			if err := c.showPage(items); err != nil {
				return err
			}
		}
		joined = append(joined, items...)
		if following == "" {
			return c.showJoined(joined, next)
		}
		if following == token || following == previous && previous != "" {
			return otherError("Error during pagination: The same next token was received twice: %s", following)
		}
		token = following
	}
}

func (c *call) showPage(items list) error {
	result, err := c.query.apply(&object{fields: []field{{c.op.Page.Items, items}}})
	if err != nil {
		return err
	}
	return c.show(result)
}

func (c *call) showJoined(items list, next string) error {
	if c.settings.output == "text" {
		if next != "" {
			return c.print([]byte("NEXTTOKEN\t" + next))
		}
		return nil
	}
	all := &object{fields: []field{{c.op.Page.Items, items}}}
	if next != "" {
		all.set("NextToken", next)
	}
	result, err := c.query.apply(all)
	if err != nil {
		return err
	}
	return c.show(result)
}

// outfile is a file that gets a part of the answer.
type outfile struct {
	file *os.File
	path []string
}

// openOutfiles opens the files before anything is sent, readable by their owner only (R-CMD-130).
func (c *call) openOutfiles() (files []outfile, err error) {
	for _, o := range outfiles[c.op.Name] {
		name := c.line.text(o.option)
		if name == "" {
			continue
		}
		file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return nil, &exitError{status: statusUsage, message: "Unable to write to file: " + name}
		}
		files = append(files, outfile{file, strings.Split(o.path, ".")})
	}
	return files, nil
}

func writeOutfiles(files []outfile, answer *object) error {
	for _, f := range files {
		var v value = answer
		for _, name := range f.path {
			if o, ok := v.(*object); ok {
				v, _ = o.get(name)
			}
		}
		text, _ := v.(string)
		if _, err := f.file.WriteString(text); err != nil {
			return otherError("%v", err)
		}
		if err := f.file.Close(); err != nil {
			return otherError("%v", err)
		}
	}
	return nil
}
