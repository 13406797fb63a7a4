package browser

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/chromedp/cdproto/target"
	"github.com/google/go-cmp/cmp"
)

// The device SDK for JavaScript does jobs in a browser with each of its Jobs clients, on each version
// of MQTT, over a WebSocket for which it signs by itself (R-BRK-7, R-BRK-22, R-BRK-31, R-CLI-27).
func TestDeviceSDKInBrowser(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, 4)
	for _, id := range []string{"fw", "cfg"} {
		f.job(id, func(in *iot.CreateJobInput) {
			in.Document = aws.String(`{"do":"install ` + id + `"}`)
		})
		f.advance(time.Minute)
	}
	const host = "drover.example"
	b := newTab(t, "https://"+host, withProxy(serveProxy(t, f.HTTPS)))
	b.trustEverybody()
	b.open("/")
	for _, file := range []string{"../../.tools/javascript-sdk/browser.js", "testdata/devices.js"} {
		b.load(file)
	}
	got := mustEvaluate[[]string](b, callOf(t, "devices",
		map[string]string{
			"host":   host,
			"region": f.Region,
			"id":     f.AccessKeyID,
			"secret": f.SecretAccessKey,
		},
		[]string{thing(0), thing(1), thing(2), thing(3)},
	))
	const saw = ": pending /fw+cfg, did fw install fw, next cfg QUEUED install cfg"
	want := []string{
		"IotJobsClient, MQTT 3.1.1" + saw,
		"IotJobsClient, MQTT 5" + saw,
		"IotJobsClientv2, MQTT 3.1.1" + saw,
		"IotJobsClientv2, MQTT 5" + saw,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the devices saw (-want +got):\n%s", diff)
	}
	if status := f.status("fw"); status != types.JobStatusCompleted {
		t.Errorf("the job is %s", status)
	}
}

// load runs a file of JavaScript in the page.
func (b *tab) load(file string) {
	b.t.Helper()
	script, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		b.t.Fatalf("run make setup: %v", err)
	}
	if _, err := evaluate[bool](b, string(script)+"\n; true"); err != nil {
		b.t.Fatalf("%s: %v", file, err)
	}
}

// callOf returns the call of a function in JavaScript.
func callOf(t *testing.T, function string, values ...any) string {
	t.Helper()
	list, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return function + "(..." + string(list) + ")"
}

// serveProxy starts a proxy and returns its address. Whatever host and port it is asked for, it
// connects with one server. In browsers the device SDK needs that: it signs for a host without its
// port, and then connects with port 443, where no server of a test can be (R-CLI-27).
func serveProxy(t *testing.T, server string) string {
	t.Helper()
	_, address, _ := strings.Cut(server, "://")
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "this proxy knows CONNECT only", http.StatusMethodNotAllowed)
			return
		}
		upstream, err := net.Dial("tcp", address)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer upstream.Close()
		client, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer client.Close()
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			_, _ = io.Copy(upstream, buffered)
			_ = upstream.Close()
		}()
		_, _ = io.Copy(client, upstream)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// withProxy has the pages of a tab connect through a proxy with all hosts that are not on loopback.
func withProxy(proxy string) func(*target.CreateBrowserContextParams) {
	return func(p *target.CreateBrowserContextParams) { p.ProxyServer = proxy }
}
