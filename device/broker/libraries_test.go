package broker_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/drover-iot/drover/device/broker"
)

// The tests here speak through the two Eclipse client libraries, over mutual TLS.

const (
	timeout = 5 * time.Second
	request = "$aws/things/pump-07/jobs/$next/get"
	notify  = "$aws/things/pump-07/jobs/notify"
)

var answer = broker.ServiceFunc(func(_ context.Context, _ *broker.Peer, r broker.Request) broker.Reply {
	return broker.Reply{Topic: r.Topic + "/accepted", Payload: []byte(`{"timestamp":1}`)}
})

// device is a principal known by the common name of its certificate.
type device string

func (d device) ID() string                                 { return string(d) }
func (d device) Bind(broker.Attributes) broker.Authorizer   { return d }
func (device) Refresh() bool                                { return true }
func (device) Until() time.Time                             { return time.Time{} }
func (device) Thing() string                                { return "" }
func (device) Decide(broker.Action, string) broker.Decision { return broker.Allow }
func byName(_ context.Context, l broker.Link) (broker.Principal, error) {
	return device(l.TLS.PeerCertificates[0].Subject.CommonName), nil
}

func certificate(t testing.TB, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func startTLS(t testing.TB, cfg broker.Config) (b *broker.Broker, addr string, client *tls.Config) {
	t.Helper()
	cfg.Authenticate = byName
	b, err := broker.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{certificate(t, "server")}, ClientAuth: tls.RequireAnyClientCert,
		CurvePreferences: []tls.CurveID{tls.CurveP256},
	})
	if err != nil {
		t.Fatal(err)
	}
	go b.Serve(t.Context(), l)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		if err := b.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	return b, l.Addr().String(), &tls.Config{
		Certificates: []tls.Certificate{certificate(t, "pump-07")}, InsecureSkipVerify: true, // tests the broker, not TLS
	}
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(timeout):
		t.Fatalf("nothing came in %v", timeout)
		panic("unreachable")
	}
}

func done(t *testing.T, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(timeout) || token.Error() != nil {
		t.Fatalf("token: %v", token.Error())
	}
}

func TestPaho311(t *testing.T) { // R-BRK-1, R-BRK-9, R-BRK-11, R-MQTT-29, R-MQTT-42
	t.Parallel()
	b, addr, tlsConfig := startTLS(t, broker.Config{Service: answer})
	got := make(chan mqtt.Message, 16)
	options := mqtt.NewClientOptions().AddBroker("ssl://" + addr).SetTLSConfig(tlsConfig).SetClientID("pump-07").
		SetCleanSession(false).SetUsername("?SDK=Python&Version=1.4.9").SetAutoReconnect(false).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { got <- m })
	c := mqtt.NewClient(options)
	done(t, c.Connect())
	done(t, c.SubscribeMultiple(map[string]byte{notify: 1, "$aws/things/pump-07/jobs/+/update/accepted": 1}, nil))
	done(t, c.Publish(request, 1, false, "{}"))
	if m := receive(t, got); m.Topic() != request+"/accepted" || m.Qos() != 0 || m.Retained() {
		t.Errorf("got %s QoS %d", m.Topic(), m.Qos())
	}
	b.Publish(broker.Message{Topic: notify, Payload: []byte("live"), QoS: 1, Latest: true})
	if m := receive(t, got); m.Topic() != notify || string(m.Payload()) != "live" || m.Qos() != 1 {
		t.Errorf("got %s %s QoS %d", m.Topic(), m.Payload(), m.Qos())
	}
	c.Disconnect(100)
	b.Publish(broker.Message{Topic: notify, Payload: []byte("stale"), QoS: 1, Latest: true})
	b.Publish(broker.Message{Topic: notify, Payload: []byte("latest"), QoS: 1, Latest: true})

	c = mqtt.NewClient(options) // does not subscribe again
	token := c.Connect().(*mqtt.ConnectToken)
	done(t, token)
	if !token.SessionPresent() {
		t.Error("no session present")
	}
	if m := receive(t, got); string(m.Payload()) != "latest" {
		t.Errorf("got %q, want the latest", m.Payload())
	}
	c.Disconnect(100)
}

func TestPaho5(t *testing.T) { // R-BRK-9, R-BRK-26, R-BRK-27
	t.Parallel()
	b, addr, tlsConfig := startTLS(t, broker.Config{Service: answer})
	got := make(chan *packets.Publish, 16)
	end := make(chan byte, 1)
	nc, err := tls.Dial("tcp", addr, tlsConfig)
	if err != nil {
		t.Fatal(err)
	}
	c := paho.NewClient(paho.ClientConfig{
		Conn: packets.NewThreadSafeConn(nc),
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
			got <- p.Packet.Packet()
			return true, nil
		}},
		OnServerDisconnect: func(d *paho.Disconnect) { end <- d.ReasonCode },
	})
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	ack, err := c.Connect(ctx, &paho.Connect{KeepAlive: 5, CleanStart: true}) // no client id
	if err != nil {
		t.Fatal(err)
	}
	p := ack.Properties
	if p.AssignedClientID == "" || *p.ServerKeepAlive != 30 || *p.MaximumQoS != 1 || !p.SubIDAvailable ||
		!p.SharedSubAvailable || !p.WildcardSubAvailable || !p.RetainAvailable || *p.ReceiveMaximum != 100 {
		t.Errorf("CONNACK properties %+v", p)
	}
	sub, err := c.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{
		{Topic: request + "/+", QoS: 1}, {Topic: "chat", QoS: 1}}})
	if err != nil || sub.Reasons[0] != 1 {
		t.Fatalf("SUBACK %+v %v", sub, err)
	}
	if _, err := c.Publish(ctx, &paho.Publish{Topic: request, QoS: 1, Payload: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	if m := receive(t, got); m.Topic != request+"/accepted" || m.QoS != 1 || string(m.Payload) != `{"timestamp":1}` {
		t.Errorf("got %v", m)
	}
	user := paho.UserProperties{{Key: "k", Value: "v"}}
	if _, err := c.Publish(ctx, &paho.Publish{Topic: "chat", QoS: 1, Payload: []byte("hi"),
		Properties: &paho.PublishProperties{ContentType: "text/plain", User: user}}); err != nil {
		t.Fatal(err)
	}
	if m := receive(t, got); m.Properties.ContentType != "text/plain" || m.Properties.User[0].Value != "v" {
		t.Errorf("properties %+v", m.Properties)
	}
	b.Disconnect("pump-07")
	if code := receive(t, end); code != 0x98 {
		t.Errorf("DISCONNECT 0x%02X, want 0x98", code)
	}
}

// The library understands subscription identifiers, topic aliases and shared subscriptions as they
// are sent.
func TestPaho5Options(t *testing.T) { // R-BRK-48, R-BRK-51, R-BRK-52
	t.Parallel()
	_, addr, tlsConfig := startTLS(t, broker.Config{})
	nc, err := tls.Dial("tcp", addr, tlsConfig)
	if err != nil {
		t.Fatal(err)
	}
	router := paho.NewStandardRouter() // finds the handler also when there is an alias only
	got := make(chan *paho.Publish, 16)
	router.RegisterHandler("work/a", func(p *paho.Publish) { got <- p })
	c := paho.NewClient(paho.ClientConfig{
		Conn: packets.NewThreadSafeConn(nc),
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
			router.Route(p.Packet.Packet())
			return true, nil
		}},
	})
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	aliases, id := uint16(4), 268_435_455
	if _, err := c.Connect(ctx, &paho.Connect{ClientID: "worker", KeepAlive: 30, CleanStart: true,
		Properties: &paho.ConnectProperties{TopicAliasMaximum: &aliases}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Subscribe(ctx, &paho.Subscribe{
		Subscriptions: []paho.SubscribeOptions{{Topic: "$share/workers/work/+", QoS: 1}},
		Properties:    &paho.SubscribeProperties{SubscriptionIdentifier: &id},
	}); err != nil {
		t.Fatal(err)
	}
	for _, payload := range []string{"1", "2", "3"} {
		if _, err := c.Publish(ctx, &paho.Publish{Topic: "work/a", QoS: 1, Payload: []byte(payload)}); err != nil {
			t.Fatal(err)
		}
		m := receive(t, got)
		if string(m.Payload) != payload || *m.Properties.SubscriptionIdentifier != id {
			t.Errorf("got %v", m)
		}
		if aliased := m.Properties.TopicAlias != nil; aliased != (payload != "1") {
			t.Errorf("%s has an alias: %v", payload, aliased)
		}
	}
}
