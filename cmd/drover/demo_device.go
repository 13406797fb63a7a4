package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/drover-iot/drover/client"
)

// demoDevice is a device of the demonstration: a stock MQTT client that runs jobs as a device
// would. It waits for notify-next, starts what is next, downloads the file that the job document
// names, works for a moment and reports how it went. It makes one request at a time, so an answer
// belongs to the request before it.
type demoDevice struct {
	name    string // of the thing, and the client id
	client  mqtt.Client
	next    chan struct{} // notify-next arrived; holds one, because more say the same
	replies chan reply    // answers to requests
}

// reply is what the server answers to start-next and update, as far as the device reads it.
type reply struct {
	// Execution is what start-next started; nil when nothing is pending.
	Execution *struct {
		JobID         string `json:"jobId"`
		VersionNumber int64  `json:"versionNumber"` // to report on exactly this state

		JobDocument struct {
			URL    string `json:"url"` // of this device, for an hour
			SHA256 string `json:"sha256"`
		} `json:"jobDocument"`
	} `json:"execution"`
	Code string `json:"code"` // of a refusal; "" for none
}

// connectDevice connects a device and subscribes it to what it needs: notify-next alone. On the
// plain MQTT listener, which asks for no certificate, its thing is the one named like the client id
// (R-BRK-39).
func connectDevice(broker, name string) (*demoDevice, error) {
	d := &demoDevice{name: name, next: make(chan struct{}, 1), replies: make(chan reply, 1)}
	options := mqtt.NewClientOptions().AddBroker(broker).SetClientID(name)
	options.SetAutoReconnect(false).SetOrderMatters(true)
	options.SetDefaultPublishHandler(d.received) // for topics without a subscription
	d.client = mqtt.NewClient(options)
	if err := wait(d.client.Connect()); err != nil {
		return nil, fmt.Errorf("connect %s: %w", name, err)
	}
	notified := func(mqtt.Client, mqtt.Message) { d.nudge() }
	return d, wait(d.client.Subscribe(d.topic("notify-next"), 1, notified))
}

// wait waits for the MQTT client to finish what it began.
func wait(t mqtt.Token) error {
	if !t.WaitTimeout(10 * time.Second) {
		return fmt.Errorf("no answer within 10 s")
	}
	return t.Error()
}

// topic is a topic of the thing's jobs.
func (d *demoDevice) topic(rest string) string {
	return "$aws/things/" + d.name + "/jobs/" + rest
}

// nudge says that there may be something to do. It never waits.
func (d *demoDevice) nudge() {
	select {
	case d.next <- struct{}{}:
	default: // one is there already
	}
}

// received passes on the answers to requests, which arrive without a subscription.
func (d *demoDevice) received(_ mqtt.Client, m mqtt.Message) {
	var r reply
	if json.Unmarshal(m.Payload(), &r) == nil {
		d.replies <- r
	}
}

// ask publishes a request and waits for its answer.
func (d *demoDevice) ask(ctx context.Context, topic string, body any) (reply, error) {
	payload, err := json.Marshal(body)
	if err != nil {
		return reply{}, err
	}
	if err := wait(d.client.Publish(d.topic(topic), 1, false, payload)); err != nil {
		return reply{}, err
	}
	select {
	case r := <-d.replies:
		return r, nil
	case <-ctx.Done():
		return reply{}, ctx.Err()
	}
}

// run runs jobs until ctx ends: one after the other as long as there are any, and then when a
// notification comes. A request that fails is logged, and the device waits for the next
// notification.
func (d *demoDevice) run(ctx context.Context, log *slog.Logger) {
	defer d.client.Disconnect(100)
	for {
		worked, err := d.work(ctx)
		if err != nil && ctx.Err() == nil {
			log.Error("device", "thing", d.name, "err", err)
		}
		if worked {
			continue
		}
		select {
		case <-d.next:
		case <-ctx.Done():
			return
		}
	}
}

// work runs the next job, if there is one: it downloads the file and works for up to half a second,
// and fails one time in thirty.
func (d *demoDevice) work(ctx context.Context) (worked bool, err error) {
	started, err := d.ask(ctx, "start-next", struct{}{})
	if err != nil || started.Execution == nil {
		return false, err
	}
	failed := download(ctx, started.Execution.JobDocument.URL, started.Execution.JobDocument.SHA256)
	pace := 100*time.Millisecond + rand.N(400*time.Millisecond) // real time, not the server's
	if err := client.Sleep(ctx, pace); err != nil {
		return false, err
	}
	if failed == nil && rand.IntN(30) == 0 {
		failed = errors.New("the new firmware does not start")
	}
	report := map[string]any{
		"status":          "SUCCEEDED",
		"expectedVersion": started.Execution.VersionNumber,
	}
	if failed != nil {
		report["status"] = "FAILED"
		report["statusDetails"] = map[string]string{"reason": failed.Error()}
	}
	_, err = d.ask(ctx, started.Execution.JobID+"/update", report)
	return true, err
}

// download fetches a file and compares it with its SHA-256. A device would write it to its disk.
func download(ctx context.Context, address, sum string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return errors.New("the file cannot be reached") // the error has the URL, which is secret
	}
	defer answer.Body.Close()
	got := sha256.New()
	if _, err := io.Copy(got, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK || hex.EncodeToString(got.Sum(nil)) != sum {
		return fmt.Errorf("status %d, or another file than the job's", answer.StatusCode)
	}
	return nil
}
