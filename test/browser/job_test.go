package browser

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/chromedp/chromedp/kb"
)

// serveJob starts a server with a job for eight things, of which two have succeeded, one has failed
// and one is in progress, and opens its page.
func serveJob(t *testing.T) (*fleet, *tab) {
	t.Helper()
	f := serveFleet(t, 8)
	f.job("firmware-7", func(in *iot.CreateJobInput) { in.Description = aws.String("Firmware 7.2") })
	f.report("firmware-7", "IN_PROGRESS", 0, 1, 2, 3)
	f.report("firmware-7", "SUCCEEDED", 0, 1)
	f.report("firmware-7", "FAILED", 2)
	b := f.signIn("/#/jobs/firmware-7")
	b.find("heading", "firmware-7")
	return f, b
}

// Each tab of a job's page shows its part. TestPages inspects the first.
func TestJob(t *testing.T) {
	t.Parallel()
	_, b := serveJob(t)
	b.see("Firmware 7.2")
	b.find("image", "2 succeeded, 1 failed, 1 in progress, 4 queued, of 8")
	for _, tab := range []struct{ title, shows string }{
		{"Executions", thing(7)},
		{"Failures", "1 of 3 first attempts that have ended have failed"},
		{"Configuration", "Steering"},
		{"Document", `"do"`},
		{"History", "CreateJob"},
	} {
		b.click("link", tab.title)
		b.see(tab.shows)
		b.inspect(tab.title)
	}
}

// A job is paused by keyboard alone: the dialog takes the focus, Escape leaves it, and what it asks
// for is in force afterwards (R-WEB-65).
func TestPauseJob(t *testing.T) {
	t.Parallel()
	_, b := serveJob(t)
	b.tabTo("button", "Pause")
	b.press(kb.Enter)
	b.find("dialog", "Pause firmware-7")
	b.see("4 devices that have not started")
	b.inspect("dialog")
	b.press(kb.Escape)
	b.missing("dialog", "Pause firmware-7")
	if !b.focused("button", "Pause") {
		t.Error("the focus has not come back to where the dialog was opened")
	}

	b.press(kb.Enter)
	b.tabTo("textbox", "Why")
	b.press("too many fail")
	b.press(kb.Enter)
	b.missing("dialog", "Pause firmware-7")
	b.see("paused")

	b.click("button", "Resume")
	b.see("It was paused: too many fail.")
	b.click("button", "Resume") // that of the dialog: nothing behind it can be reached
	b.find("button", "Pause")
}
