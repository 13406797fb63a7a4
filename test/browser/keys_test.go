package browser

import (
	"context"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// press types keys: text, or one of the constants of kb, such as kb.Enter.
func (b *tab) press(keys string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.KeyEvent(keys)); err != nil {
		b.t.Fatalf("press %q: %v", keys, err)
	}
}

// mostTabs is how often tabTo presses the key: more often than any page has elements to stop at.
const mostTabs = 200

// tabTo moves the focus with the tab key until the one element of the role and name has it.
func (b *tab) tabTo(role, name string) {
	b.t.Helper()
	b.find(role, name)
	for range mostTabs {
		b.press(kb.Tab)
		if b.focused(role, name) {
			return
		}
	}
	b.t.Fatalf("the tab key does not come to %s %q", role, name)
}

// focused reports whether the one element of the role and name has the focus.
func (b *tab) focused(role, name string) (focused bool) {
	b.t.Helper()
	has := func(ctx context.Context, element runtime.RemoteObjectID) (err error) {
		focused, err = call[bool](ctx, element, "function () { return document.activeElement === this }")
		return err
	}
	b.one(name, []string{role}, has)
	return focused
}
