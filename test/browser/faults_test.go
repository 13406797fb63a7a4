package browser

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A record is what the pages of one tab have done: their requests, and their faults. A fault is
//   - an error on the browser's console, to which a violation of the content security policy
//     belongs,
//   - an exception that nothing has caught,
//   - a request to another host than the server, even one that the policy has refused (R-WEB-60),
//   - an answer with an error status, or none.
type record struct {
	host string // the server's

	mu       sync.Mutex
	requests map[network.RequestID]request
	allowed  []string // parts of faults that the test wants
	faults   []string
}

// A request is one that a page has made.
type request struct {
	method, url string
}

func newRecord(host string) *record {
	return &record{host: host, requests: map[network.RequestID]request{}}
}

// add takes an event of the browser. It is called in the order in which they happen.
func (r *record) add(event any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			r.faults = append(r.faults, "console: "+printed(e.Args))
		}
	case *runtime.EventExceptionThrown:
		r.faults = append(r.faults, "exception: "+thrown(e.ExceptionDetails))
	case *log.EventEntryAdded:
		// What the network has failed at is taken from the network's own events.
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			r.faults = append(r.faults, fmt.Sprintf("%s: %s", e.Entry.Source, e.Entry.Text))
		}
	case *network.EventRequestWillBeSent:
		r.sent(e)
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 {
			r.failed(e.RequestID, fmt.Sprint(e.Response.Status))
		}
	case *network.EventLoadingFailed:
		// A page ends requests of its own when it is left.
		if !e.Canceled {
			r.failed(e.RequestID, cmp.Or(e.ErrorText, "blocked: "+string(e.BlockedReason)))
		}
	}
}

// sent takes a request. One that is redirected is sent again with the same id.
func (r *record) sent(e *network.EventRequestWillBeSent) {
	r.requests[e.RequestID] = request{e.Request.Method, e.Request.URL}
	to, err := url.Parse(e.Request.URL)
	if err != nil {
		r.faults = append(r.faults, err.Error())
		return
	}
	local := slices.Contains([]string{"data", "blob", "about"}, to.Scheme)
	if !local && to.Host != r.host {
		r.faults = append(r.faults, "another host: "+e.Request.Method+" "+e.Request.URL)
	}
}

// failed takes a request without success.
func (r *record) failed(id network.RequestID, how string) {
	sent := r.requests[id]
	path := sent.url
	if to, err := url.Parse(sent.url); err == nil && to.Host == r.host {
		path = to.RequestURI()
	}
	fault := how + " " + sent.method + " " + path
	r.faults = append(r.faults, fault)
}

// printed is what the arguments of console.error come to.
func printed(args []*runtime.RemoteObject) string {
	texts := make([]string, len(args))
	for i, a := range args {
		texts[i] = a.Description
		if texts[i] == "" {
			texts[i] = string(a.Value)
		}
	}
	return strings.Join(texts, " ")
}

func thrown(e *runtime.ExceptionDetails) string {
	text := e.Text
	if e.Exception != nil {
		text += " " + e.Exception.Description + string(e.Exception.Value)
	}
	return fmt.Sprintf("%s (%s, line %d)", text, e.URL, e.LineNumber+1)
}

// faults returns and forgets the faults that the tab has had, but for those that are allowed.
func (b *tab) faults() []string {
	// What happened before this call is told before it is answered.
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.Call(ctx, runtime.GetIsolateID, cdp.Empty{}); err != nil {
		b.t.Errorf("the tab does not answer any more: %v", err)
	}
	b.record.mu.Lock()
	defer b.record.mu.Unlock()
	faults := slices.DeleteFunc(b.record.faults, func(fault string) bool {
		return slices.ContainsFunc(b.record.allowed, func(part string) bool {
			return strings.Contains(fault, part)
		})
	})
	b.record.faults = nil
	return faults
}

// allow makes faults with one of these parts in them no faults, whether they come or not.
func (b *tab) allow(parts ...string) {
	b.record.mu.Lock()
	defer b.record.mu.Unlock()
	b.record.allowed = append(b.record.allowed, parts...)
}

// fault waits for a fault that the test wants, which has the text in it. From then on it is
// allowed, however often it comes.
func (b *tab) fault(text string) {
	b.t.Helper()
	b.eventually("the page has the fault "+text, func() bool {
		b.record.mu.Lock()
		defer b.record.mu.Unlock()
		has := slices.ContainsFunc(b.record.faults, func(f string) bool {
			return strings.Contains(f, text)
		})
		if has {
			b.record.allowed = append(b.record.allowed, text)
		}
		return has
	})
}
