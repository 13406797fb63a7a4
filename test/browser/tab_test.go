package browser

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// A tab is one tab of the browser with cookies and storage of its own, on pages of one server.
type tab struct {
	t      testing.TB
	ctx    context.Context
	server *url.URL // its scheme and host
	record *record  // what the page has done
	look   look
}

// patience is how long a test waits for what it wants to see. It is long, because machines that
// run tests are slow at times; what is wanted usually comes within milliseconds.
const patience = 15 * time.Second

// newTab opens a tab for pages of a server, with options of its own or none. When the test ends, whatever fault its pages have had
// fails it.
func newTab(
	t testing.TB, server string, options ...chromedp.CreateBrowserContextOption,
) *tab {
	t.Helper()
	base, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	b := &tab{t: t, server: base, record: newRecord(base.Host)}
	ctx, closeTab := chromedp.NewContext(
		startChromium(t),
		chromedp.WithNewBrowserContext(options...),
		chromedp.WithListener(b.record.add),
	)
	b.ctx = ctx
	t.Cleanup(func() {
		b.atEnd()
		closeTab()
	})
	// The first call opens the tab, which lives as long as the context of that call.
	if _, err := chromedp.Run(ctx, chromedp.Steps()); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	// Each tab behaves as if it were the one that the person looks at, whatever other tests do.
	focused := emulation.SetFocusEmulationEnabledParams{Enabled: true}
	if _, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, focused); err != nil {
		t.Fatal(err)
	}
	b.show(looks[0])
	return b
}

// atEnd fails the test for each fault that it has not taken, and keeps a picture of the page of a
// test that has failed.
func (b *tab) atEnd() {
	for _, fault := range b.faults() {
		b.t.Errorf("the page: %s", fault)
	}
	if !b.t.Failed() {
		return
	}
	text, err := evaluate[string](b, visibleText)
	if err != nil {
		b.t.Logf("the page cannot be read any more: %v", err)
		return
	}
	file := b.screenshot("failed")
	b.t.Logf("the page at the end, %s:\n%.2000s", file, text)
}

// open loads a page. A path may have a fragment: "/#/jobs".
func (b *tab) open(path string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	address := b.server.Scheme + "://" + b.server.Host + path
	if _, err := chromedp.Run(ctx, chromedp.Navigate(address)); err != nil {
		b.t.Fatalf("open %s: %v", address, err)
	}
}

// path returns where the tab is, such as "/#/jobs/firmware".
func (b *tab) path() string {
	b.t.Helper()
	return mustEvaluate[string](b, "location.pathname + location.search + location.hash")
}

// reload loads the page again, as F5 does.
func (b *tab) reload() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Reload()); err != nil {
		b.t.Fatalf("reload: %v", err)
	}
}

const visibleText = "document.body?.innerText ?? ''"

// see waits until the page shows a text.
func (b *tab) see(text string) {
	b.t.Helper()
	b.eventually("the page shows "+text, func() bool {
		shown, err := evaluate[string](b, visibleText)
		return err == nil && strings.Contains(shown, text)
	})
}

// gone waits until the page does not show a text.
func (b *tab) gone(text string) {
	b.t.Helper()
	b.eventually("the page does not show "+text, func() bool {
		shown, err := evaluate[string](b, visibleText)
		return err == nil && !strings.Contains(shown, text)
	})
}

// eventually waits until check holds; what names it when it does not.
func (b *tab) eventually(what string, check func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); !check(); {
		if time.Now().After(deadline) {
			b.t.Fatalf("after %v still not: %s", patience, what)
		}
		time.Sleep(20 * time.Millisecond) // polls another process
	}
}

// evaluate runs a script in the page and returns what it comes to. The page may be between two
// documents, in which case there is an error.
func evaluate[T any](b *tab, script string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
}

// mustEvaluate is evaluate, and ends the test for an error.
func mustEvaluate[T any](b *tab, script string) T {
	b.t.Helper()
	result, err := evaluate[T](b, script)
	if err != nil {
		b.t.Fatalf("%v in\n%s", err, script)
	}
	return result
}
