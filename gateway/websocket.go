package gateway

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/sigv4"
)

// MQTT over WebSocket (R-BRK-7): a client without a certificate signs the request with which it
// opens the connection, in its query or in its headers, and speaks MQTT from then on.

const (
	// webSocketPath is where MQTT clients open a WebSocket.
	webSocketPath = "/mqtt"
	// webSocketLife is how long a connection may last (R-BRK-30).
	webSocketLife = 24 * time.Hour
	// webSocketReads and webSocketWrites are the sizes of its buffers, in bytes. Those of HTTP are
	// larger, and would be most of what an idle connection costs beside TLS.
	webSocketReads, webSocketWrites = 512, 1024
)

// webSocketServices are the services that SDKs sign for here: those of version 2 and the one for
// JavaScript the first, those of version 1 for Python and Java the second (R-BRK-22).
var webSocketServices = []string{"iotdevicegateway", "iotdata"}

// WebSockets opens WebSockets for MQTT.
type WebSockets struct {
	Operators *OperatorAuth
	// Principals says what a key may do on a connection.
	Principals *KeyPrincipals
	// Authorizers lets in who has not signed. May be nil.
	Authorizers *Authorizers
	// Serve speaks MQTT on a connection until it ends. It does not wait for that.
	Serve func(net.Conn)
}

// serveWebSocket opens a WebSocket for whoever has signed for it. Another request is refused before
// that (R-BRK-32).
func (h *HTTP) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	if h.WebSockets.Authorizers != nil && !isSigned(r) {
		h.serveStranger(w, r)
		return
	}
	key, err := h.WebSockets.authenticate(r)
	if err != nil {
		// The client of a device shows nothing of the answer, so this is where operators find out.
		h.Log.Warn("refused", "principal", key.AccessKeyID, "reason", "a WebSocket for MQTT",
			"remote", r.RemoteAddr, "err", err)
		h.refuse(w, r, controlPlane, err)
		return
	}
	markIdentified(r)
	h.WebSockets.open(w, r, h.WebSockets.Principals.New(key, clock.Now().Add(webSocketLife)))
}

// serveStranger opens a WebSocket for a client of a custom authorizer, whose CONNECT says who it is.
// Until then its connection counts among those of unknown callers.
func (h *HTTP) serveStranger(w http.ResponseWriter, r *http.Request) {
	principal, err := h.WebSockets.Authorizers.FromRequest(r, remoteOf(r))
	if err != nil {
		h.Log.Warn("refused", "principal", "", "reason", "a WebSocket for MQTT",
			"remote", r.RemoteAddr, "err", err)
		h.refuse(w, r, controlPlane, err)
		return
	}
	h.WebSockets.open(w, r, principal)
}

// isSigned reports whether a request has a signature, right or wrong. Another Authorization header is
// none.
func isSigned(r *http.Request) bool {
	query := r.URL.Query()
	return query.Has("X-Amz-Algorithm") || query.Has("X-Amz-Signature") ||
		strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-")
}

// authenticate returns the key that a request was signed with. The faults are those of Begin.
func (s *WebSockets) authenticate(r *http.Request) (Key, error) {
	signature, err := sigv4.Parse(r)
	if err != nil {
		return Key{}, err
	}
	if err := s.checkScope(signature); err != nil {
		return Key{}, err
	}
	key, err := s.Operators.Keys.Find(signature.AccessKeyID)
	if err != nil {
		return Key{}, err
	}
	if err := signature.CheckHead(r, clock.Now()); err != nil {
		return Key{}, err
	}
	return key, signature.VerifyConnect(r, key.SecretAccessKey)
}

// checkScope checks what the signature was made for.
func (s *WebSockets) checkScope(signature sigv4.Signature) error {
	for _, service := range webSocketServices {
		if signature.Service == service {
			return s.Operators.checkRegion(signature)
		}
	}
	return fault.New(fault.BadSignature, "the signature is for service %q; sign for %s",
		signature.Service, strings.Join(webSocketServices, " or "))
}

// open answers the request and hands the connection over. A client that offers no subprotocol gets
// none; one that offers the compression of messages does without.
func (s *WebSockets) open(
	w http.ResponseWriter, r *http.Request, principal broker.Principal,
) {
	socket, err := websocket.Accept(&switching{w}, r, &websocket.AcceptOptions{
		Subprotocols: []string{"mqtt", "mqttv3.1"},
		// A page of another origin may connect: what it shows is the signature, which it could not
		// make without the secret, and no cookie.
		InsecureSkipVerify: true,
	})
	if err != nil {
		return // it was answered
	}
	// Not the context of the request, which would keep the request.
	ctx, cancel := context.WithCancel(context.Background())
	s.Serve(&webSocket{
		Conn:      websocket.NetConn(ctx, socket, websocket.MessageBinary),
		socket:    socket,
		cancel:    cancel,
		principal: principal,
		below:     connectionOf(r),
	})
}

// webSocket is a connection whose bytes come in binary messages, however they are divided among
// them. It is a broker.Identified.
type webSocket struct {
	net.Conn
	socket    *websocket.Conn
	cancel    context.CancelFunc
	principal broker.Principal
	below     net.Conn // of the request that has opened it
}

// NetConn is the connection below. It is how connections are counted.
func (s *webSocket) NetConn() net.Conn { return s.below }

// Principal is who has signed.
func (s *webSocket) Principal() broker.Principal { return s.principal }

// Close closes the connection at once: the broker closes connections with locks held, and the
// closing handshake of WebSocket would wait for the client.
func (s *webSocket) Close() error {
	s.cancel()
	return s.socket.CloseNow()
}

// switching writes the answer 101 with the names of its headers in lower case, in one write and
// below 1,024 bytes: a client that many devices have looks for nothing else (R-BRK-8).
type switching struct{ http.ResponseWriter }

// WriteHeader keeps the status 101 for Hijack, which writes it.
func (s *switching) WriteHeader(status int) {
	if status != http.StatusSwitchingProtocols {
		s.ResponseWriter.WriteHeader(status)
	}
}

// Hijack takes over the connection and writes the answer.
func (s *switching) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(s.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	for name, values := range s.Header() {
		for _, value := range values {
			fmt.Fprintf(&head, "%s: %s\r\n", strings.ToLower(name), value)
		}
	}
	head.WriteString("\r\n")
	_, err = conn.Write(head.Bytes())
	if buffered.Reader.Buffered() > 0 { // the client did not wait for the answer
		return conn, buffered, err
	}
	return conn, bufio.NewReadWriter(
		bufio.NewReaderSize(conn, webSocketReads), bufio.NewWriterSize(conn, webSocketWrites)), err
}
