package browser

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/test/testserver"
)

// sink makes a sink that is a webhook.
func (f *fleet) sink(name, url string) {
	f.t.Helper()
	command := exec.CommandContext(f.soon(), testserver.Binary, "sinks", "create", name, url)
	command.Env = append(os.Environ(), "DROVER_DATA="+f.Dir)
	if out, err := command.CombinedOutput(); err != nil {
		f.t.Fatalf("%v\n%s", err, out)
	}
}

// shows reports whether the page shows a text now.
func (b *tab) shows(text string) bool {
	shown, err := evaluate[string](b, visibleText)
	return err == nil && strings.Contains(shown, text)
}

// receiver is a webhook that refuses events for good until it is told not to.
func receiver(t *testing.T) (url string, accept func()) {
	t.Helper()
	var accepts atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !accepts.Load() {
			w.WriteHeader(http.StatusGone)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, func() { accepts.Store(true) }
}

// A person finds a sink whose receiver refuses events, reads why, discards one dead letter and has the
// others sent again when the receiver takes them, disables the sink, enables and deletes it.
func TestSinks(t *testing.T) { // R-WEB-49
	t.Parallel()
	f := serveFleet(t, 0)
	b := f.signIn("/#/sinks")
	b.find("heading", "There is no sink yet")
	b.inspect("empty")

	url, accept := receiver(t)
	f.sink("ops", url)
	control := f.Control()
	_, err := control.UpdateEventConfigurations(f.soon(), &iot.UpdateEventConfigurationsInput{
		EventConfigurations: map[string]types.Configuration{"JOB": {Enabled: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Thing(thing(0))
	f.job("firmware-7", func(in *iot.CreateJobInput) { in.Targets = []string{f.ARN("thing", thing(0))} })
	if _, err := control.CancelJob(f.soon(), &iot.CancelJobInput{JobId: new("firmware-7")}); err != nil {
		t.Fatal(err)
	}
	b.eventually("the dead letters are there", func() bool {
		b.click("button", "Refresh")
		return b.shows("fails")
	})
	b.inspect("list")
	b.click("link", "ops")
	b.find("heading", "ops")
	b.see("410")
	b.eventually("the dead letter of the second event is there", func() bool {
		b.click("button", "Refresh") // it is stored a moment after the first
		return b.shows("$aws/events/job/firmware-7/canceled")
	})
	b.inspect("sink")

	accept()
	b.click("button", "Send all again")
	b.find("heading", "Send all dead letters again")
	b.inspect("asked")
	b.click("button", "Send")
	b.eventually("all was delivered", func() bool {
		b.click("button", "Refresh")
		return b.shows("None: whatever this sink wants has been delivered or still waits.")
	})
	b.click("button", "Disable")
	b.click("button", "Disable") // that of the dialog
	b.see("disabled")
	b.click("button", "Enable")
	b.click("button", "Enable") // that of the dialog
	b.find("button", "Disable")
	b.click("button", "Delete")
	b.inspect("delete")
	b.click("button", "Delete the sink")
	b.find("heading", "There is no sink yet")

	id, secret := f.key("viewer")
	viewer := f.signInAs("/#/sinks", id, secret)
	viewer.find("heading", "Sinks are for operators")
}
