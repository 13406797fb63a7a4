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

// tabTo moves the focus with the tab key until the one element of the role and name has it, and
// fails the test if a person could not see that it has (R-WEB-65).
func (b *tab) tabTo(role, name string) {
	b.t.Helper()
	b.find(role, name)
	for range mostTabs {
		b.press(kb.Tab)
		if b.focused(role, name) {
			b.focusShows(role, name)
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

// focusShows fails the test unless the element that has the focus has an outline or a shadow.
func (b *tab) focusShows(role, name string) {
	b.t.Helper()
	shows := mustEvaluate[bool](b, `(() => {
		const style = getComputedStyle(document.activeElement);
		return style.outlineStyle !== "none" && style.outlineWidth !== "0px" ||
			style.boxShadow !== "none";
	})()`)
	if !shows {
		b.t.Errorf("nothing shows that %s %q has the focus", role, name)
	}
}
