package test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// device is a real MQTT client, of either version.
type device interface {
	subscribe(topic string)
	publish(topic, payload string)
	close()
}

// message is a message that a device received.
type message struct {
	Topic string
	Text  string
	Body  map[string]any
}

// inbox keeps what a device received, in order.
type inbox struct {
	t        testing.TB
	messages chan message
}

func newInbox(t testing.TB) *inbox { return &inbox{t: t, messages: make(chan message, 10_000)} }

func (in *inbox) put(topic string, payload []byte) {
	m := message{Topic: topic, Text: string(payload)}
	_ = json.Unmarshal(payload, &m.Body) // not every payload of a test is JSON
	in.messages <- m
}

// next returns the next message, which must come soon.
func (in *inbox) next() message {
	in.t.Helper()
	select {
	case m := <-in.messages:
		return m
	case <-time.After(10 * time.Second):
		in.t.Fatal("no message within 10 s")
		return message{}
	}
}

// expect returns the next message, whose topic must end in suffix.
func (in *inbox) expect(suffix string) message {
	in.t.Helper()
	m := in.next()
	if !strings.HasSuffix(m.Topic, suffix) {
		in.t.Fatalf("message on %s (%s), want one on …%s", m.Topic, m.Text, suffix)
	}
	return m
}

// empty ends the test when something else came.
func (in *inbox) empty() {
	in.t.Helper()
	select {
	case m := <-in.messages:
		in.t.Fatalf("unexpected message on %s: %s", m.Topic, m.Text)
	default:
	}
}

// at reads a path like "execution.jobId" of a message.
func (m message) at(path string) any {
	var value any = m.Body
	for _, name := range strings.Split(path, ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

// v3 is an MQTT 3.1.1 client.
type v3 struct {
	t      testing.TB
	client mqtt.Client
}

// connect3 connects an MQTT 3.1.1 client; config is nil on the plain listener.
func connect3(t testing.TB, address, clientID string, config *tls.Config, in *inbox) (*v3, error) {
	options := mqtt.NewClientOptions().AddBroker(strings.NewReplacer("mqtt://", "tcp://", "mqtts://", "ssl://", "https://", "ssl://").Replace(address)).
		SetClientID(clientID).SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(5 * time.Second).SetTLSConfig(config).SetProtocolVersion(4)
	options.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { in.put(m.Topic(), m.Payload()) })
	client := mqtt.NewClient(options)
	token := client.Connect()
	if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		return nil, token.Error()
	}
	d := &v3{t: t, client: client}
	t.Cleanup(d.close)
	return d, nil
}

func (d *v3) await(token mqtt.Token) {
	d.t.Helper()
	if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		d.t.Fatalf("mqtt: %v", token.Error())
	}
}

func (d *v3) subscribe(topic string) { d.t.Helper(); d.await(d.client.Subscribe(topic, 1, nil)) }

func (d *v3) publish(topic, payload string) {
	d.t.Helper()
	d.await(d.client.Publish(topic, 1, false, payload))
}

func (d *v3) close() { d.client.Disconnect(50) }

// v5 is an MQTT 5 client.
type v5 struct {
	t      testing.TB
	client *paho.Client
}

// connect5 connects an MQTT 5 client.
func connect5(t testing.TB, address, clientID string, config *tls.Config, in *inbox) (*v5, error) {
	where := must[*url.URL](t)(url.Parse(address))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := net.Dial("tcp", where.Host)
	if err == nil && config != nil {
		secured := tls.Client(conn, config)
		err = secured.HandshakeContext(ctx)
		conn = secured
	}
	if err != nil {
		return nil, err
	}
	// Paho writes a packet in parts, and its pings come between them on a connection that it cannot lock.
	conn = packets.NewThreadSafeConn(conn)
	client := paho.NewClient(paho.ClientConfig{Conn: conn, OnPublishReceived: []func(paho.PublishReceived) (bool, error){
		func(p paho.PublishReceived) (bool, error) {
			in.put(p.Packet.Topic, p.Packet.Payload)
			return true, nil
		},
	}})
	if _, err := client.Connect(ctx, &paho.Connect{ClientID: clientID, CleanStart: true, KeepAlive: 60}); err != nil {
		return nil, err
	}
	d := &v5{t: t, client: client}
	t.Cleanup(d.close)
	return d, nil
}

func (d *v5) subscribe(topic string) {
	d.t.Helper()
	must[*paho.Suback](d.t)(d.client.Subscribe(d.t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: topic, QoS: 1}}}))
}

func (d *v5) publish(topic, payload string) {
	d.t.Helper()
	must[*paho.PublishResponse](d.t)(d.client.Publish(d.t.Context(), &paho.Publish{Topic: topic, QoS: 1, Payload: []byte(payload)}))
}

func (d *v5) close() { _ = d.client.Disconnect(&paho.Disconnect{}) } // it may be gone already
