package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Elements are found as assistive technology finds them: by role and accessible name. What a test
// cannot find, a person with a screen reader cannot find either. Roles are those of ARIA, but for
// img, which Chromium calls image.

// fields are the roles of elements that text is typed into.
var fields = []string{"textbox", "searchbox", "combobox", "spinbutton"}

// all returns the elements of the page that have the name, and one of the roles.
func (b *tab) all(name string, roles ...string) ([]cdp.BackendNodeID, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	document, err := chromedp.Call(ctx, dom.GetDocument, dom.GetDocumentParams{})
	if err != nil {
		return nil, err
	}
	found, err := chromedp.Call(ctx, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{
		BackendNodeID:  document.Root.BackendNodeID,
		AccessibleName: name,
	})
	if err != nil {
		return nil, err
	}
	var elements []cdp.BackendNodeID
	for _, n := range found.Nodes {
		if !n.Ignored && n.Role != nil && slices.Contains(roles, text(n.Role)) {
			elements = append(elements, n.BackendDOMNodeID)
		}
	}
	return elements, nil
}

func text(v *accessibility.Value) (s string) {
	_ = json.Unmarshal(v.Value, &s) // of a value that is no string: ""
	return s
}

// one waits until the page has exactly one such element, and do has no error with it. do gets the
// element as a script sees it.
func (b *tab) one(
	name string, roles []string, do func(context.Context, runtime.RemoteObjectID) error,
) {
	b.t.Helper()
	wanted := fmt.Sprintf("%s %q", strings.Join(roles, ", "), name)
	var err error
	for deadline := time.Now().Add(patience); ; {
		if err = b.tryOne(name, roles, do); err == nil {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("after %v: %s: %v", patience, wanted, err)
		}
		time.Sleep(20 * time.Millisecond) // polls another process
	}
}

func (b *tab) tryOne(
	name string, roles []string, do func(context.Context, runtime.RemoteObjectID) error,
) error {
	elements, err := b.all(name, roles...)
	if err != nil {
		return err
	}
	if len(elements) != 1 {
		return fmt.Errorf("the page has %d of these", len(elements))
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	element, err := chromedp.Call(ctx, dom.ResolveNode, dom.ResolveNodeParams{
		BackendNodeID: elements[0],
	})
	if err != nil {
		return err
	}
	return do(ctx, element.Object.ObjectID)
}

// call calls a function of JavaScript with the element as this.
func call[T any](
	ctx context.Context, element runtime.RemoteObjectID, function string, args ...any,
) (T, error) {
	return chromedp.Run(ctx, chromedp.CallFunctionOn[T](function,
		func(p *runtime.CallFunctionOnParams) {
			p.ObjectID = element
			await := true
			p.AwaitPromise = &await
		}, args...))
}

// find waits until the page has exactly one element of the role and name.
func (b *tab) find(role, name string) {
	b.t.Helper()
	b.one(name, []string{role}, func(context.Context, runtime.RemoteObjectID) error { return nil })
}

// missing waits until the page has no element of the role and name.
func (b *tab) missing(role, name string) {
	b.t.Helper()
	b.eventually(fmt.Sprintf("the page has no %s %q", role, name), func() bool {
		found, err := b.all(name, role)
		return err == nil && len(found) == 0
	})
}

// whereToClick scrolls to an element and says where its middle is, or why a person could not click
// there: it is disabled, it moves, or something lies over it.
const whereToClick = `async function () {
	if (this.matches(":disabled") || this.ariaDisabled === "true") return {why: "is disabled"};
	this.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
	const middle = () => {
		const r = this.getClientRects()[0] ?? new DOMRect();
		return {x: r.x + r.width / 2, y: r.y + r.height / 2, size: r.width * r.height};
	};
	const before = middle();
	await new Promise(requestAnimationFrame);
	const now = middle();
	if (!now.size) return {why: "has no size"};
	if (before.x !== now.x || before.y !== now.y) return {why: "moves"};
	const top = document.elementFromPoint(now.x, now.y);
	if (!this.contains(top) && top?.closest("label")?.control !== this)
		return {why: "is covered by " + (top?.cloneNode().outerHTML ?? "the edge of the window")};
	return {why: "", x: now.x, y: now.y};
}`

// click clicks on the one element of the role and name, with the mouse.
func (b *tab) click(role, name string) {
	b.t.Helper()
	b.one(name, []string{role}, func(ctx context.Context, element runtime.RemoteObjectID) error {
		type place struct {
			Why string  `json:"why"`
			X   float64 `json:"x"`
			Y   float64 `json:"y"`
		}
		at, err := call[place](ctx, element, whereToClick)
		if err != nil {
			return err
		}
		if at.Why != "" {
			return errors.New("it " + at.Why)
		}
		_, err = chromedp.Run(ctx, chromedp.MouseClickXY(at.X, at.Y))
		return err
	})
}

// fill types a text into the one field with the label, in place of what is there.
func (b *tab) fill(label, text string) {
	b.t.Helper()
	b.one(label, fields, func(ctx context.Context, element runtime.RemoteObjectID) error {
		editable, err := call[bool](ctx, element, `function () {
			this.focus();
			this.select();
			return document.activeElement === this && !this.readOnly;
		}`)
		if err == nil && !editable {
			err = errors.New("it cannot be written in")
		}
		if err == nil && text == "" {
			_, err = chromedp.Run(ctx, chromedp.KeyEvent("\b"))
		}
		if err == nil {
			_, err = chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
		}
		if err != nil {
			return err
		}
		value, err := call[string](ctx, element, "function () { return this.value }")
		if err == nil && value != text {
			err = fmt.Errorf("it has %q after %q was typed", value, text)
		}
		return err
	})
}

// choose chooses an option of the one list with the label, by what the option shows.
func (b *tab) choose(label, option string) {
	b.t.Helper()
	lists := []string{"combobox", "listbox"}
	b.one(label, lists, func(ctx context.Context, element runtime.RemoteObjectID) error {
		chosen, err := call[bool](ctx, element, `function (label) {
			const option = [...this.options].find((o) => o.label === label && !o.disabled);
			if (!option || this.matches(":disabled")) return false;
			this.focus();
			this.value = option.value;
			this.dispatchEvent(new Event("input", {bubbles: true}));
			this.dispatchEvent(new Event("change", {bubbles: true}));
			return true;
		}`, option)
		if err == nil && !chosen {
			err = fmt.Errorf("it has no option %q that can be chosen", option)
		}
		return err
	})
}
