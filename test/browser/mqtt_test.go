package browser

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/chromedp/cdproto/security"
	"github.com/chromedp/chromedp"
)

// noBody is the hash of an empty body.
const noBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// device is a device in a page: it connects, is told of a job, does it, and says what it saw.
const device = `new Promise((resolve, reject) => {
	const saw = [], topic = (name) => '$aws/things/pump-01/jobs/' + name;
	const client = mqtt.connect(%q, {protocolVersion: %d, clientId: 'pump-01', reconnectPeriod: 0,
		timerVariant: 'native'}); // the page allows no worker
	const fail = (error) => reject(new Error(String(error) + ' after ' + saw));
	client.on('error', fail);
	client.on('close', () => fail('the connection was closed'));
	client.on('message', (name, payload) => {
		const message = JSON.parse(payload);
		saw.push(name.slice(topic('').length));
		if (name === topic('start-next/accepted')) {
			saw.push(message.execution.jobDocument.do);
			client.publish(topic(message.execution.jobId + '/update'), '{"status":"SUCCEEDED"}', {qos: 1});
		} else if (name === topic('notify-next') && !message.execution) {
			client.removeAllListeners('close');
			client.end(false, {}, () => resolve(saw));
		}
	});
	const topics = ['start-next/accepted', 'fw/update/accepted', 'notify-next'].map(topic);
	client.on('connect', () => client.subscribe(topics, {qos: 1},
		(error) => error ? fail(error) : client.publish(topic('start-next'), '{}', {qos: 1})));
})`

// MQTT.js, which most pages use, and the device SDK for JavaScript before it had an MQTT client of its
// own, does a job in a browser, over WebSocket and TLS, on both versions of MQTT (R-BRK-7, R-BRK-22).
func TestMQTTInBrowser(t *testing.T) {
	t.Parallel()
	client, err := os.ReadFile(filepath.Join("..", "..", ".tools", "mqttjs", "dist", "mqtt.min.js"))
	if err != nil {
		t.Fatalf("MQTT.js is missing: run make setup: %v", err)
	}
	for version, name := range map[int]string{4: "MQTT 3.1.1", 5: "MQTT 5"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := serveFleet(t, 1)
			f.job("fw", func(in *iot.CreateJobInput) { in.Document = aws.String(`{"do":"update"}`) })
			f.advance(time.Minute)
			b := newTab(t, f.HTTPS)
			b.trustEverybody()
			b.open("/")
			mustEvaluate[bool](b, string(client)+"; true")
			saw := mustEvaluate[[]string](b, fmt.Sprintf(device, f.webSocketURL(), version))
			got, want := fmt.Sprint(saw), "[start-next/accepted update fw/update/accepted notify-next]"
			if got != want {
				t.Errorf("the device saw %s, want %s", got, want)
			}
			if status := f.status("fw"); status != types.JobStatusCompleted {
				t.Errorf("the job is %s", status)
			}
		})
	}
}

// trustEverybody has the tab take the certificate of the server, which no browser knows.
func (b *tab) trustEverybody() {
	b.t.Helper()
	ignore := security.SetIgnoreCertificateErrorsParams{Ignore: true}
	if _, err := chromedp.Call(b.ctx, security.SetIgnoreCertificateErrors, ignore); err != nil {
		b.t.Fatal(err)
	}
}

// webSocketURL is where a page opens a WebSocket for MQTT, signed with the operator's key.
func (f *fleet) webSocketURL() string {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.soon(), http.MethodGet, f.HTTPS+"/mqtt", nil)
	if err != nil {
		f.t.Fatal(err)
	}
	key := aws.Credentials{AccessKeyID: f.AccessKeyID, SecretAccessKey: f.SecretAccessKey}
	signed, _, err := v4.NewSigner().PresignHTTP(
		f.soon(), key, r, noBody, "iotdevicegateway", f.Region, time.Now())
	if err != nil {
		f.t.Fatal(err)
	}
	return "wss" + signed[len("https"):]
}
