package gateway_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/coder/websocket"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/schema"
)

// opening is how a client opens a WebSocket. The zero value, with a key, does it as the SDKs for
// devices of version 2 do.
type opening struct {
	key             gateway.Key
	secret          string // another than that of the key
	service, region string
	host            string // in the Host header, which is signed
	members         string // added to the query before it is signed
	inHeaders       bool   // the signature is in headers
	token           string // is added after signing
	age             time.Duration
}

// url is the signed URL, and the headers to send with it.
func (o opening) url(t *testing.T, s *server) (address string, header http.Header) {
	t.Helper()
	target := "http://" + s.https + "/mqtt" // the signer leaves out port 443 of https
	if o.members != "" {
		target += "?" + o.members
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	if o.host != "" {
		r.Host = o.host
	}
	credentials := aws.Credentials{AccessKeyID: o.key.AccessKeyID, SecretAccessKey: o.key.SecretAccessKey}
	if o.secret != "" {
		credentials.SecretAccessKey = o.secret
	}
	service, region, at := o.service, o.region, time.Now().Add(-o.age)
	if service == "" {
		service = "iotdevicegateway"
	}
	if region == "" {
		region = "us-east-1"
	}
	signer := v4.NewSigner()
	if o.inHeaders {
		err := signer.SignHTTP(t.Context(), credentials, r, emptyHash, service, region, at)
		if err != nil {
			t.Fatal(err)
		}
		return "https://" + s.https + "/mqtt", r.Header
	}
	address, _, err = signer.PresignHTTP(t.Context(), credentials, r, emptyHash, service, region, at)
	if err != nil {
		t.Fatal(err)
	}
	address = "https" + strings.TrimPrefix(address, "http")
	if o.token != "" {
		address += "&X-Amz-Security-Token=" + url.QueryEscape(o.token)
	}
	return address, http.Header{}
}

// open opens a WebSocket, and returns a client for it or the answer that refuses it.
func (s *server) open(t *testing.T, o opening, protocols ...string) (*mqttClient, string) {
	t.Helper()
	address, header := o.url(t, s)
	transport := &http.Transport{TLSClientConfig: s.tlsConfig(credentials{})}
	t.Cleanup(transport.CloseIdleConnections)
	socket, response, err := websocket.Dial(t.Context(), address, &websocket.DialOptions{
		HTTPClient:   &http.Client{Transport: transport},
		HTTPHeader:   header,
		Host:         o.host,
		Subprotocols: protocols,
	})
	if err != nil {
		if response == nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return nil, strings.TrimSpace(fmt.Sprint(
			response.StatusCode, " ", response.Header.Get("x-amzn-ErrorType")))
	}
	if got := socket.Subprotocol(); len(protocols) > 0 && !slices.Contains(protocols, got) {
		t.Errorf("the subprotocol is %q of %q", got, protocols)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	t.Cleanup(func() { cancel(); socket.CloseNow() })
	c := &mqttClient{conn: websocket.NetConn(ctx, socket, websocket.MessageBinary)}
	c.in.Reset(c.conn, 1<<20)
	return c, ""
}

// Who may open a WebSocket, and what the answer is otherwise (R-BRK-7, R-BRK-22, R-BRK-31,
// R-BRK-32).
func TestWebSocketOpens(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, row := range []struct {
		name string
		o    opening
		want string // "": it opens
	}{
		{"as SDKs of version 2", opening{}, ""},
		{"as SDKs of version 1", opening{service: "iotdata", members: "X-Amz-Expires=86400"}, ""},
		{"with a token that is not signed", opening{token: "to/ken+="}, ""},
		{"with a token that is signed", opening{members: "X-Amz-Security-Token=to%2Fken"}, ""},
		{"with the signature in headers", opening{inHeaders: true}, ""},
		{"host without port", opening{host: "127.0.0.1"}, ""},
		{"host with another port", opening{host: "drover.example:443"}, ""},
		{"for the control plane", opening{service: "iot"}, "403 InvalidSignatureException"},
		{"for another region", opening{region: "eu-west-1"}, "403 InvalidSignatureException"},
		{"with another secret", opening{secret: "x"}, "403 InvalidSignatureException"},
		{"with another secret and a token", opening{secret: "x", token: "t"},
			"403 InvalidSignatureException"},
		{"too late", opening{age: time.Hour}, tooOld},
		{"with a key that is not there", opening{key: gateway.Key{AccessKeyID: "AKIA", SecretAccessKey: "x"}},
			unknown},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if row.o.key.AccessKeyID == "" {
				row.o.key = s.key
			}
			c, refused := s.open(t, row.o, "mqtt")
			if refused != row.want {
				t.Fatalf("got %q, want %q", refused, row.want)
			}
			if c == nil {
				return
			}
			if got := c.connect(row.name, "?SDK=x"); got != "CONNACK 00" { // at the same time as others
				t.Errorf("got %s", got)
			}
			if got := c.publish("$aws/things/pump/jobs/get", "{}"); got != "PUBACK 00 accepted" {
				t.Errorf("got %s", got)
			}
		})
	}
	t.Run("without a signature", func(t *testing.T) {
		t.Parallel()
		answer, _ := s.send(t, "https://"+s.https, credentials{}, call{method: "GET", path: "/mqtt"})
		if answer != unsigned {
			t.Errorf("got %s, want %s", answer, unsigned)
		}
	})
	t.Run("without asking for a WebSocket", func(t *testing.T) {
		t.Parallel()
		address, _ := opening{key: s.key}.url(t, s)
		target, _ := strings.CutPrefix(address, "https://"+s.https)
		answer, _ := s.send(t, "https://"+s.https, credentials{}, call{method: "GET", path: target})
		if answer != "426" {
			t.Errorf("got %s, want 426", answer)
		}
	})
}

// What a key may do on its connection: what its policies allow, by its role without any (R-BRK-32).
func TestWebSocketKeys(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.createPolicy("one-pump", fullAccess("pump")+","+allow("iot:Connect", "client/lamp"))
	s.createPolicy("of-thing", allow("iot:Connect", "client/*")+","+
		allow("iot:Publish", "topic/$aws/things/${iot:Connection.Thing.ThingName}/jobs/*")+","+
		allow("iotjobsdata:*", "thing/${iot:Connection.Thing.ThingName}"))
	for i, row := range []struct {
		role     schema.Role
		policies []string
		client   string
		want     string // of the CONNECT, and of a request for the thing pump
	}{
		{schema.Admin, nil, "any", "CONNACK 00, PUBACK 00 accepted"},
		{schema.Operator, nil, "any", "CONNACK 00, PUBACK 00 accepted"},
		{schema.Viewer, nil, "pump", "CONNACK 87, closed"},
		{schema.Device, nil, "pump", "CONNACK 87, closed"},
		{schema.Device, []string{"one-pump"}, "pump-1", "CONNACK 00, PUBACK 00 accepted"},
		{schema.Device, []string{"one-pump"}, "other", "CONNACK 87, closed"},
		{schema.Admin, []string{"one-pump"}, "other", "CONNACK 87, closed"},
		{schema.Admin, []string{"none"}, "pump", "CONNACK 87, closed"},
		{schema.Device, []string{"none", "one-pump"}, "lamp", "CONNACK 00, PUBACK 00 accepted"},
		{schema.Device, []string{"of-thing"}, "pump", "CONNACK 00, PUBACK 00 accepted"},
		{schema.Device, []string{"of-thing"}, "lamp", "CONNACK 00, PUBACK 87"},
		{schema.Device, []string{"of-thing"}, "not-a-thing", "CONNACK 00, PUBACK 87"},
	} {
		t.Run(fmt.Sprint(row.role, row.policies, row.client), func(t *testing.T) {
			key, err := s.keys.Create(fmt.Sprint("key ", i), row.role, row.policies...)
			if err != nil {
				t.Fatal(err)
			}
			c, refused := s.open(t, opening{key: key})
			if refused != "" {
				t.Fatal(refused)
			}
			got := c.connect(row.client, "")
			got += ", " + c.publish("$aws/things/pump/jobs/get", "{}")
			if got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
}

// A key that is deleted loses its connections, another one keeps them (R-BRK-19).
func TestWebSocketKeyDeleted(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	key, err := s.keys.Create("gone", schema.Operator)
	if err != nil {
		t.Fatal(err)
	}
	stays, _ := s.open(t, opening{key: s.key})
	goes, _ := s.open(t, opening{key: key})
	for name, c := range map[string]*mqttClient{"stays": stays, "goes": goes} {
		if got := c.connect(name, ""); got != "CONNACK 00" {
			t.Fatal(got)
		}
	}
	if err := s.keys.Delete(key.AccessKeyID); err != nil {
		t.Fatal(err)
	}
	if packet, err := goes.in.Next(); err != nil || packet.Type != mqtt.TypeDisconnect ||
		mqtt.Reason(packet.Body[0]) != mqtt.AdministrativeAction {
		t.Errorf("got packet %d %x, %v", packet.Type, packet.Body, err)
	}
	if got := stays.publish("$aws/things/pump/jobs/get", "{}"); got != "PUBACK 00 accepted" {
		t.Errorf("got %s", got)
	}
}

// Packets may span messages and share them, a message of text ends the connection, and a ping of
// the WebSocket is answered (R-BRK-7).
func TestWebSocketMessages(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c, _ := s.open(t, opening{key: s.key}, "mqttv3.1")
	connect := mqtttest.Connect(&mqtt.Connect{Version: mqtt.V311, ClientID: "c", CleanStart: true}, "")
	sent := append(connect, mqtt.TypePingreq<<4, 0, mqtt.TypePingreq<<4)
	for _, part := range [][]byte{sent[:1], sent[1:7], sent[7:]} {
		if _, err := c.conn.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.conn.Write([]byte{0}); err != nil { // the end of the second PINGREQ
		t.Fatal(err)
	}
	for _, want := range []byte{mqtt.TypeConnack, mqtt.TypePingresp, mqtt.TypePingresp} {
		if packet, err := c.in.Next(); err != nil || packet.Type != want {
			t.Fatalf("got packet %d, %v, want %d", packet.Type, err, want)
		}
	}
	raw := s.upgrade(t, opening{key: s.key})
	frame := func(opcode byte, payload string) { // masked with zeros
		if _, err := raw.Write(append([]byte{0x80 | opcode, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)); err != nil {
			t.Fatal(err)
		}
	}
	frame(9, "hi") // ping
	pong := make([]byte, 4)
	if _, err := io.ReadFull(raw.in, pong); err != nil || string(pong) != "\x8a\x02hi" {
		t.Errorf("got %q, %v, want a pong", pong, err)
	}
	frame(1, "text")
	rest, err := io.ReadAll(raw.in)
	if err != nil || len(rest) < 4 || rest[0] != 0x88 || rest[2] != 1003>>8 || rest[3] != 1003&0xff {
		t.Errorf("got %q, %v, want a close frame with the code 1003", rest, err)
	}
}

// rawSocket is a WebSocket below its frames.
type rawSocket struct {
	net.Conn
	in   *bufio.Reader
	head string // of the answer
}

// upgrade opens a WebSocket by hand.
func (s *server) upgrade(t *testing.T, o opening) *rawSocket {
	t.Helper()
	address, _ := o.url(t, s)
	target, _ := strings.CutPrefix(address, "https://"+s.https)
	conn, err := tls.Dial("tcp", s.https, s.tlsConfig(credentials{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(timeout))
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: WebSocket\r\n"+
		"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqttv3.1\r\n"+
		"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"+
		"Origin: https://elsewhere.example\r\n\r\n", target, s.https)
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 1024) // one read is what the client of version 1 for Python does
	n, err := conn.Read(first)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, whole := strings.Cut(string(first[:n]), "\r\n\r\n")
	if !whole {
		t.Fatalf("the answer is not in the first read: %q", first[:n])
	}
	return &rawSocket{conn, bufio.NewReader(io.MultiReader(strings.NewReader(rest), conn)), head}
}

// The answer is what clients of version 1 for Python look for: lower case, one space, no extension
// (R-BRK-7, R-BRK-8, R-CLI-6).
func TestWebSocketAnswer(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	lines := strings.Split(s.upgrade(t, opening{key: s.key, service: "iotdata"}).head, "\r\n")
	if lines[0] != "HTTP/1.1 101 Switching Protocols" {
		t.Errorf("got %q", lines[0])
	}
	slices.Sort(lines[1:])
	lines = slices.DeleteFunc(lines[1:], func(l string) bool { return strings.HasPrefix(l, "x-amzn-requestid: ") })
	want := []string{
		"connection: Upgrade",
		"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
		"sec-websocket-protocol: mqttv3.1",
		"upgrade: websocket",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
}
