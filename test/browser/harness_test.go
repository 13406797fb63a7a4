package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// policy is the content security policy of these pages. It refuses scripts and pictures of other
// hosts, and allows connections to them.
const policy = "script-src 'unsafe-inline'; img-src data:"

// serveBody starts a server with one page, which has nothing to find fault with but the body, and
// opens a tab on it.
func serveBody(t *testing.T, body string) *tab {
	t.Helper()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/", "/other":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", policy)
			_, _ = fmt.Fprintf(w, `<!doctype html><html lang="en"><title>A page</title>
<link rel="icon" href="data:,">
<style>@media (prefers-color-scheme: dark) { html { background: #000; color: #fff } }</style>
<main><h1>A page</h1>%s</main>`, body)
		case "/slow":
			<-r.Context().Done()
		default:
			http.NotFound(w, r)
		}
	})
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	b := newTab(t, server.URL)
	b.open("/")
	return b
}

// Each fault that a page must not have is seen, and names what has happened. A page with none of
// them has none.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body, want string
		also             []string // parts of other faults that the same thing may bring
	}{
		{name: "none", body: `<p>Fine</p>`},
		{name: "warning", body: `<script>console.warn("it")</script>`},
		{
			name: "request that the page ends",
			body: `<script>
				const a = new AbortController(); fetch("/slow", a).catch(() => {}); a.abort()
			</script>`,
		},
		{
			name: "console",
			body: `<script>console.error("it", {a: 1}, 7)</script>`,
			want: `console: "it" Object 7`,
		},
		{
			name: "assertion",
			body: `<script>console.assert(false, "it")</script>`,
			want: `console: "it"`,
		},
		{
			name: "exception",
			body: `<script>null.member</script>`,
			want: "exception: Uncaught TypeError",
		},
		{
			name: "rejection",
			body: `<script>Promise.reject(new Error("it"))</script>`,
			want: "exception: Uncaught (in promise) Error: it",
		},
		{
			name: "request to another host",
			body: `<script>fetch("http://drover.example/a").catch(() => {})</script>`,
			want: "another host: GET http://drover.example/a",
			also: []string{"net::ERR_NAME_NOT_RESOLVED"},
		},
		{
			name: "picture of another host",
			body: `<img alt="" src="http://drover.example/a.png">`,
			want: "another host: GET http://drover.example/a.png",
			also: []string{"security: ", "blocked: csp"},
		},
		{
			name: "policy",
			body: `<script src="/a.js"></script>`,
			want: "security: Loading the script",
			also: []string{"blocked: csp"},
		},
		{
			name: "status",
			body: `<script>fetch("/none")</script>`,
			want: "404 GET /none",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := serveBody(t, c.body)
			b.allow(c.also...) // they may come later than what is waited for
			if c.want != "" {
				b.fault(c.want)
			}
			others := b.faults()
			if len(others) != 0 {
				t.Errorf("beside %q it has the faults %q", c.want, others)
			}
		})
	}
}

// A finding of the checker is named with its element; a page without one has none, in any look
// (R-WEB-63). A contrast that is too low in one theme is seen there only.
func TestAxe(t *testing.T) {
	t.Parallel()
	serveBody(t, `<p><label>Name <input></label></p>`).inspect("fine")

	b := serveBody(t, `<p><input></p><p style="color: #ddd">Pale</p>`)
	for theme, want := range map[string][]string{
		"light": {"color-contrast: ", "label: "},
		"dark":  {}, // what no theme changes is looked at in one
	} {
		b.show(look{theme, 360})
		got := b.axe()
		slices.Sort(got)
		same := slices.EqualFunc(got, want, strings.HasPrefix)
		if !same {
			t.Errorf("%s: findings %q, want %q", theme, got, want)
		}
	}
}

// A page that is wider than the window of a telephone is seen (R-WEB-64).
func TestTooWide(t *testing.T) {
	t.Parallel()
	b := serveBody(t, `
<div style="overflow-x: auto"><div id="scrolled" style="width: 600px">Wide</div></div>
<div id="wide" style="width: 500px">Wide</div>`)
	if got := b.tooWide(); len(got) != 0 {
		t.Errorf("at %v: %q", b.look, got)
	}
	b.show(look{"light", 360})
	if got := b.tooWide(); len(got) != 1 || !strings.Contains(got[0], `id="wide"`) {
		t.Errorf("at %v: %q", b.look, got)
	}
}

// What is clicked and typed comes to the page as it does from a hand: a button gets clicks once it
// can be clicked, an input its events.
func TestHands(t *testing.T) {
	t.Parallel()
	b := serveBody(t, `
<p><label>Name <input id="name" value="before"></label></p>
<p><label>Secret <input type="password"></label></p>
<p><label>Role <select><option value="v">viewer<option value="a">admin</select></label></p>
<div style="height: 2000px"></div>
<button disabled>Send</button> <button hidden>Send</button> <a href="/other">Elsewhere</a>
<output></output>
<script>
	const [name, secret] = document.querySelectorAll("input");
	const list = document.querySelector("select"), button = document.querySelector("button");
	name.addEventListener("input", () => setTimeout(() => { button.disabled = false }, 50));
	button.addEventListener("click", () => {
		document.querySelector("output").textContent = [name, secret, list].map((e) => e.value).join("/");
	});
</script>`)
	b.fill("Name", "pump")
	b.fill("Secret", "s3")
	b.choose("Role", "admin")
	b.click("button", "Send")
	b.see("pump/s3/a")

	b.fill("Name", "")
	b.tabTo("textbox", "Secret")
	b.press("cret")
	b.tabTo("button", "Send")
	b.press(kb.Enter)
	b.see("/cret/a")
	b.gone("pump")

	b.missing("button", "Receive")
	b.click("link", "Elsewhere")
	b.eventually("the other page is open", func() bool { return b.path() == "/other" })
	b.open("/other#/jobs")
	if got, want := b.path(), "/other#/jobs"; got != want {
		t.Errorf("the tab is at %s, want %s", got, want)
	}
	b.reload()
	b.find("heading", "A page")
}

// Tabs share nothing: neither cookies nor what a page has stored.
func TestTabsAreApart(t *testing.T) {
	t.Parallel()
	b := serveBody(t, `<output></output><script>
	document.querySelector("output").textContent = "had " + (localStorage.it ?? document.cookie);
	localStorage.it = "storage"; document.cookie = "it=cookie";
</script>`)
	b.reload()
	b.see("had storage")
	other := newTab(t, b.server.String())
	other.open("/")
	other.find("heading", "A page")
	other.gone("storage")
	other.gone("cookie")
}
