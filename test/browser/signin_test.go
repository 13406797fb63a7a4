package browser

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// sessionPath is where the page signs in and out.
const sessionPath = "/_drover/console/session"

// Whoever is not signed in sees the sign-in at any address, and comes to that address with a key of
// the server. A session outlives the page, and ends when the person signs out (R-WEB-7, R-WEB-8).
func TestSignIn(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, 2)
	f.job("firmware-7", nil)
	b := newTab(t, f.HTTP)
	b.open("/#/jobs/firmware-7?tab=document")
	b.find("heading", "Sign in to Drover")
	b.fill("Access key ID", f.AccessKeyID)
	b.fill("Secret access key", f.SecretAccessKey)
	b.click("button", "Sign in")
	b.find("heading", "firmware-7")
	b.find("heading", "Document")

	b.reload()
	b.find("heading", "firmware-7")
	b.idle() // what the page asks for while it signs out is refused
	b.click("button", "Sign out")
	b.find("heading", "Sign in to Drover")
	b.reload()
	b.find("heading", "Sign in to Drover")
}

// A pair that is not one of the server's is refused in one sentence that does not say which half is
// wrong, and the right one is taken after it, by keyboard alone (R-WEB-7, R-WEB-65).
func TestWrongKey(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, 0)
	b := newTab(t, f.HTTP)
	b.open("/")
	var refusals [2]string
	for i, pair := range [][2]string{
		{f.AccessKeyID, "wrong"},
		{"AKIAIOSFODNN7EXAMPLE", f.SecretAccessKey},
	} {
		b.fill("Access key ID", pair[0])
		b.fill("Secret access key", pair[1])
		b.press(kb.Enter)
		b.eventually("the page says that the key is refused", func() bool {
			const alert = `document.querySelector("[role=alert]")?.innerText ?? ""`
			refusals[i], _ = evaluate[string](b, alert) // "" with an error
			return refusals[i] != ""
		})
		b.fault("403 POST " + sessionPath)
	}
	b.inspect("refused")
	if refusals[0] != refusals[1] {
		t.Errorf("the refusals differ: %q", refusals)
	}

	b.reload()
	b.find("textbox", "Access key ID")
	if !b.focused("textbox", "Access key ID") {
		t.Error("the page does not begin in its first field")
	}
	b.press(f.AccessKeyID)
	b.tabTo("textbox", "Secret access key")
	b.press(f.SecretAccessKey + kb.Enter)
	b.find("heading", "Jobs")
}

// A session that ends while somebody writes is begun again above the page, which keeps what was typed.
func TestSessionEndsMeanwhile(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, 1)
	b := f.signIn("/#/create-job")
	b.fill("Job id", "written-before")
	b.idle()
	mustEvaluate[int](b, `fetch("`+sessionPath+`", {method: "DELETE"}).then((answer) => answer.status)`)
	b.fill("Find a group or a thing", "pump")
	b.find("dialog", "Sign in again")
	b.inspect("again")
	b.allow("/indices/search", "/thing-groups")
	b.fill("Access key ID", f.AccessKeyID)
	b.fill("Secret access key", f.SecretAccessKey)
	b.click("button", "Sign in")
	b.missing("dialog", "Sign in again")
	const typed = `document.querySelector("main input").value`
	if got := mustEvaluate[string](b, typed); got != "written-before" {
		t.Errorf("the job id is %q", got)
	}
}
