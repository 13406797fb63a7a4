package gateway_test

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// credentials are what a caller shows. The zero value is none.
type credentials struct {
	// key and secret sign a request; an empty key does not.
	key, secret, token string
	// age is how long ago the signature was made; negative: how far ahead of now.
	age time.Duration
	// certificate is what the caller presents with TLS; nil: none.
	certificate *tls.Certificate
}

// call is one HTTP request.
type call struct {
	method, path string
	service      string // of the signature
	region       string // of the signature; empty: us-east-1
	host         string // the Host header; empty: the address
	body         string
	header       http.Header
	added        http.Header // when the request is signed already
}

// tlsConfig is the TLS of a client.
func (s *server) tlsConfig(c credentials, protocols ...string) *tls.Config {
	config := &tls.Config{RootCAs: s.roots, NextProtos: protocols, ServerName: "127.0.0.1"}
	if c.certificate != nil {
		config.Certificates = []tls.Certificate{*c.certificate}
	}
	return config
}

// request makes a request, signed by the signer of the AWS SDK when there is a key.
func (s *server) request(t *testing.T, base string, c credentials, call call) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(
		t.Context(), call.method, base+call.path, strings.NewReader(call.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range call.header {
		r.Header[name] = values
	}
	if call.host != "" {
		r.Host = call.host
	}
	defer func() {
		for name, values := range call.added {
			r.Header[name] = values
		}
	}()
	if c.key == "" {
		return r
	}
	region := call.region
	if region == "" {
		region = "us-east-1"
	}
	sum := sha256.Sum256([]byte(call.body))
	signing := aws.Credentials{
		AccessKeyID:     c.key,
		SecretAccessKey: c.secret,
		SessionToken:    c.token,
	}
	err = v4.NewSigner().SignHTTP(t.Context(), signing, r, hex.EncodeToString(sum[:]),
		call.service, region, time.Now().Add(-c.age))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// send sends a request and returns the answer as one line, status and exception, with the body.
func (s *server) send(t *testing.T, base string, c credentials, call call) (answer, body string) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: s.tlsConfig(c)}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: timeout}
	response, err := client.Do(s.request(t, base, c, call))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	exception := response.Header.Get("x-amzn-ErrorType")
	return strings.TrimSpace(fmt.Sprint(response.StatusCode, " ", exception)), string(text)
}

// An mqttClient speaks MQTT 5 packets.
type mqttClient struct {
	conn net.Conn
	in   mqtt.Reader
}

// dial connects to a listener. TLS is used for a configuration that is not nil. The handshake is
// left to the first write.
func (s *server) dial(t *testing.T, address string, secured *tls.Config) *mqttClient {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, timeout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(timeout))
	if secured != nil {
		conn = tls.Client(conn, secured)
	}
	c := &mqttClient{conn: conn}
	c.in.Reset(conn, 1<<20)
	return c
}

// connect sends a CONNECT and returns the reason in the CONNACK.
func (c *mqttClient) connect(id, username string) string {
	_, err := c.conn.Write(mqtttest.Connect(&mqtt.Connect{
		Version:    mqtt.V5,
		ClientID:   id,
		CleanStart: true,
	}, username))
	if err != nil {
		return "closed"
	}
	packet, err := c.in.Next()
	switch {
	case err != nil:
		return "closed"
	case packet.Type != mqtt.TypeConnack:
		return fmt.Sprintf("packet type %d", packet.Type)
	}
	return fmt.Sprintf("CONNACK %02X", packet.Body[1])
}

// publish publishes at QoS 1 and returns what comes back: the last level of the topics of answers,
// the reason in the PUBACK, and "closed" if the server ends the connection. A PINGREQ follows, so
// that its answer marks the end.
func (c *mqttClient) publish(topic, payload string) string {
	packets := mqtt.AppendPublish(nil, mqtt.V5, &mqtt.Publish{
		Topic:   topic,
		Payload: []byte(payload),
		QoS:     1,
		ID:      1,
	})
	if _, err := c.conn.Write(append(packets, mqtt.TypePingreq<<4, 0)); err != nil {
		return "closed"
	}
	var results []string
	for {
		packet, err := c.in.Next()
		switch {
		case err != nil:
			return strings.Join(append(results, "closed"), " ")
		case packet.Type == mqtt.TypePingresp:
			return strings.Join(results, " ")
		case packet.Type == mqtt.TypePuback:
			reason := mqtt.Success
			if len(packet.Body) > 2 {
				reason = mqtt.Reason(packet.Body[2])
			}
			results = append(results, fmt.Sprintf("PUBACK %02X", byte(reason)))
		case packet.Type == mqtt.TypePublish:
			answer, err := mqtt.DecodePublish(packet, mqtt.V5)
			if err != nil {
				return err.Error()
			}
			results = append(results, path.Base(answer.Topic))
		default:
			results = append(results, fmt.Sprintf("packet type %d", packet.Type))
		}
	}
}
