package test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iot"
	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// rejoin connects with a persistent session, as the AWS IoT Device Client does, and says whether
// the server knew it.
func rejoin(t testing.TB, address, id string, in *inbox) (client mqtt.Client, known bool) {
	t.Helper()
	options := mqtt.NewClientOptions().AddBroker(strings.Replace(address, "mqtt://", "tcp://", 1)).SetClientID(id).SetCleanSession(false).SetAutoReconnect(false)
	options.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) {
		m.Ack() // by itself the client acknowledges later, and a DISCONNECT could go before it
		in.put(m.Topic(), m.Payload())
	})
	client = mqtt.NewClient(options)
	token := client.Connect().(*mqtt.ConnectToken)
	if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatalf("connect: %v", token.Error())
	}
	t.Cleanup(func() { client.Disconnect(0) })
	return client, token.SessionPresent()
}

// What a device was told while it was connected, and has not acknowledged, comes again after a
// kill, although nothing is announced twice when it was struck out (R-BRK-35, R-CON-23).
func TestUnacknowledgedNotificationOutlivesKill(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.fleet("g", 2)
	told := make(chan string, 1)
	options := mqtt.NewClientOptions().AddBroker(strings.Replace(s.MQTT, "mqtt://", "tcp://", 1)).SetClientID("t0001").
		SetCleanSession(false).SetAutoReconnect(false).SetAutoAckDisabled(true)
	options.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { told <- m.Topic() })
	client := mqtt.NewClient(options)
	if token := client.Connect(); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatalf("connect: %v", token.Error())
	}
	topic := "$aws/things/t0001/jobs/notify-next"
	if token := client.Subscribe(topic, 1, nil); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
		t.Fatalf("subscribe: %v", token.Error())
	}
	s.create("first", "g", nil)
	if got := <-told; got != topic {
		t.Fatalf("told on %s", got)
	}
	ctx := within(t, 10*time.Second)
	for _, name := range []string{"a", "b", "c"} { // each strikes out what was announced before
		must[*iot.CreateThingOutput](t)(s.Control().CreateThing(ctx, &iot.CreateThingInput{ThingName: &name}))
	}
	s.Kill()
	s.Start()
	in := newInbox(t)
	if _, known := rejoin(t, s.MQTT, "t0001", in); !known {
		t.Fatal("the session is gone")
	}
	if m := in.expect("/notify-next"); m.at("execution.jobId") != "first" {
		t.Errorf("told again: %s", m.Text)
	}
}

// A device that subscribes once and never again hears of jobs after a restart and after a kill;
// what waited while it was away is the latest state only (R-BRK-11, R-BRK-35, R-MQTT-44; T-13,
// T-16, T-17).
func TestSessionOutlivesServer(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.fleet("g", 1)
	topic := "$aws/things/t0001/jobs/notify-next"
	client, known := rejoin(t, s.MQTT, "t0001", newInbox(t))
	if known {
		t.Fatal("a session before there was one")
	}
	if token := client.Subscribe(topic, 1, nil); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
		t.Fatalf("subscribe: %v", token.Error())
	}
	client.Disconnect(50)

	s.create("first", "g", nil) // while the device is away
	s.create("second", "g", nil)
	ctx, job := within(t, 10*time.Second), "first"
	must[*iot.CancelJobOutput](t)(s.Control().CancelJob(ctx, &iot.CancelJobInput{JobId: &job}))
	for _, end := range []func(){
		func() {
			if err := s.Stop(); err != nil {
				t.Fatalf("stop: %v\n%s", err, s.Output)
			}
		},
		s.Kill,
	} {
		end()
		s.Start()
		in := newInbox(t)
		client, known = rejoin(t, s.MQTT, "t0001", in)
		if !known {
			t.Fatal("the session is gone")
		}
		if m := in.expect("/notify-next"); m.at("execution.jobId") != "second" { // not first, which was cancelled meanwhile
			t.Errorf("what waited: %s", m.Text)
		}
		in.empty()
		s.create("third", "g", nil)
		job = "second"
		must[*iot.CancelJobOutput](t)(s.Control().CancelJob(ctx, &iot.CancelJobInput{JobId: &job}))
		if m := in.expect("/notify-next"); m.at("execution.jobId") != "third" {
			t.Errorf("live: %s", m.Text)
		}
		job = "third"
		must[*iot.DeleteJobOutput](t)(s.Control().DeleteJob(ctx, &iot.DeleteJobInput{JobId: &job, Force: true}))
		in.expect("/notify-next")
		client.Disconnect(50)
		job = "second"
		must[*iot.DeleteJobOutput](t)(s.Control().DeleteJob(ctx, &iot.DeleteJobInput{JobId: &job}))
		s.create("second", "g", nil) // for the next round
	}
}
