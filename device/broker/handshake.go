package broker

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"net"
	"strings"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/internal/connlimit"
)

// The handshake is what happens from accept to CONNACK: TLS, authentication, CONNECT, and
// attaching a session. All of it together must be done within Config.ConnectTimeout.

// maxClientIDBytes is the length of the longest client id (R-BRK-16).
const maxClientIDBytes = 128

// serve does the handshake of a new connection and starts its reading goroutine. That is a fresh
// goroutine because the stack of this one has grown with the TLS handshake, and there may be a
// hundred thousand connections.
func (b *Broker) serve(nc net.Conn) {
	stop := context.AfterFunc(b.handshakeCtx, func() { nc.Close() })
	defer stop()
	c := &conn{b: b, nc: nc}
	c.peer.Connection = b.lastConnection.Add(1)
	c.out.c, c.out.nc, c.out.timeout = c, nc, b.cfg.WriteTimeout
	if b.cfg.Nodes != nil {
		c.detached = make(chan struct{})
	}
	deadline := b.handshakeTime()
	nc.SetDeadline(deadline)
	if !c.handshake(deadline) {
		nc.Close()
		b.conns.Done()
		return
	}
	b.online.Add(1)
	connlimit.Identified(nc)
	b.publishConnected(c)
	b.log.Debug("connected", "connection", c.peer.Connection, "client", logText(c.peer.ClientID),
		"remote", nc.RemoteAddr().String())
	stop() // from here on Shutdown finds the connection by its session
	go c.run()
}

// handshake does the handshake. It reports false if the connection is refused, after an answer
// where there is one.
func (c *conn) handshake(deadline time.Time) bool {
	work := connlimit.Begin(c.nc)
	defer work.End()
	principal, err := c.authenticate(work)
	if err != nil {
		c.b.logRefusal(c, &closeError{cause: AuthError, detail: "not authenticated", err: err})
		return false
	}
	c.peer.Principal, c.peer.Remote = principal, c.nc.RemoteAddr()
	c.in.Reset(c.nc, c.b.cfg.MaxPacket)
	c.b.trackPrincipal(c)
	h := handshake{c: c, cfg: &c.b.cfg, work: work, deadline: deadline}
	if err := h.run(); err != nil {
		h.refuse(asCloseError(err))
		c.b.untrackPrincipal(c)
		c.in.Release()
		return false
	}
	return true
}

// authenticate finds out who is at the other end.
func (c *conn) authenticate(work connlimit.Work) (p Principal, err error) {
	if known, ok := c.nc.(Identified); ok {
		return known.Principal(), nil
	}
	link := Link{Remote: c.nc.RemoteAddr()}
	if t, ok := c.nc.(*tls.Conn); ok {
		if err := t.Handshake(); err != nil {
			return nil, err
		}
		state := t.ConnectionState()
		link.TLS = &state
	}
	work.Wait(func() { p, err = c.b.cfg.Authenticate(c.b.handshakeCtx, link) })
	return p, err
}

// A handshake is the state between CONNECT and CONNACK. What is needed later goes into the conn.
type handshake struct {
	c        *conn
	cfg      *Config
	work     connlimit.Work
	deadline time.Time
	connect  mqtt.Connect
	ack      mqtt.Connack
}

// run reads the CONNECT, checks it and attaches a session, which queues the CONNACK. Packets that
// the client sends without waiting for the CONNACK are read afterwards.
func (h *handshake) run() error {
	c := h.c
	packet, err := c.in.Next()
	if err != nil {
		return err
	}
	if packet.Type != mqtt.TypeConnect {
		return closeWith(mqtt.ProtocolError, "the first packet is not CONNECT")
	}
	h.connect, err = mqtt.DecodeConnect(packet)
	c.peer.Version, c.out.version = h.connect.Version, h.connect.Version
	c.bridge = h.connect.Bridge
	if err != nil {
		return err
	}
	err = h.setClientID()
	c.traceReceived(packet)
	if err != nil {
		return err
	}
	if h.connect.EnhancedAuth {
		return closeWith(mqtt.NotAuthorized, "enhanced authentication is not supported")
	}
	if err := h.setWill(); err != nil {
		return err
	}
	h.work.Wait(func() { err = h.identify() })
	if err != nil {
		return err
	}
	if err := h.authorize(); err != nil {
		return err
	}
	h.negotiate()
	h.work.Wait(c.b.journal.wait)
	// Not later: deliveries set a write deadline of their own as soon as there is a session.
	c.nc.SetDeadline(time.Time{})
	if err := c.b.wills.hold(c.will, h.cfg); err != nil {
		return err
	}
	c.presence = newPresenceID(&c.peer) // before any lock: it is slow
	h.work.Wait(func() { err = c.b.claim(c) })
	if err == nil {
		err = c.b.attachSession(c, &h.connect, &h.ack)
	}
	c.b.endClaim(c, err)
	if err != nil {
		c.dropWill()
	}
	return err
}

// setClientID checks the client id, and assigns one to a client that sent none where that is
// allowed (R-BRK-16).
func (h *handshake) setClientID() error {
	c, id := h.c, h.connect.ClientID
	c.peer.ClientID = id
	switch {
	case id == "" && (h.connect.Version == mqtt.V5 || h.connect.CleanStart):
		h.ack.AssignedID = "auto-" + rand.Text()
		c.peer.ClientID = h.ack.AssignedID
	case id == "", len(id) > maxClientIDBytes, id[0] == '$':
		return closeWith(mqtt.InvalidClientID, "the client id is not valid")
	}
	return nil
}

// setWill checks the will and makes a copy of it (R-BRK-24). A will at QoS 2 is refused in MQTT 5.
// In 3.1.1, which has no code for that, it is published at QoS 1, the highest at which it would be
// delivered anyway.
func (h *handshake) setWill() error {
	c, w := h.c, h.connect.Will
	if w == nil {
		return nil
	}
	m := &w.Message
	switch {
	case m.QoS == 2 && c.peer.Version == mqtt.V5:
		return closeWith(mqtt.QoSNotSupported, "the will has QoS 2")
	case !mqtt.ValidTopic(m.Topic) || mqtt.IsReserved(m.Topic):
		return closeWithTopic(mqtt.TopicNameInvalid, "the topic of the will is not valid", m.Topic)
	case len(m.Payload) > h.cfg.MaxPayload:
		return closeWith(mqtt.PacketTooLarge, "the payload of the will is too large")
	}
	c.will = &will{
		message: copyMessage(m, m.Topic),
		delay:   time.Duration(w.Delay) * time.Second,
		expiry:  m.Expiry,
	}
	c.will.QoS = min(m.QoS, 1)
	return nil
}

// authorize asks whether the client may connect with its id, and publish its will (R-BRK-17).
func (h *handshake) authorize() error {
	c := h.c
	attributes := Attributes{
		ClientID:   c.peer.ClientID,
		Persistent: h.connect.SessionExpiry > 0,
		Remote:     c.peer.Remote,
	}
	if c.peer.Version == mqtt.V311 {
		attributes.Persistent = !h.connect.CleanStart
	}
	if c.will != nil {
		attributes.WillTopic = c.will.Topic
	}
	var auth Authorizer
	h.work.Wait(func() { auth = c.peer.Principal.Bind(attributes) })
	c.peer.Authorizer, c.out.authorizer = auth, auth
	switch auth.Decide(Connect, c.peer.ClientID) {
	case Allow:
	case Unknown:
		return closeWith(mqtt.ServerUnavailable, "the policies cannot be read now")
	default:
		return deny(Connect, "not allowed to connect", "")
	}
	if w := c.will; w != nil {
		if !mayPublishWill(auth, w) {
			return deny(Publish, "not allowed to publish the will", w.Topic)
		}
		w.author = author{principal: c.peer.Principal.ID(), attributes: attributes}
		if known, ok := c.peer.Principal.(Remembered); ok {
			w.author.known, _ = known.(Principal)
		}
		w.by = w.author.principal
	}
	return nil
}

// negotiate agrees on the limits of the connection. The answer says where they differ from the
// request.
func (h *handshake) negotiate() {
	c, p := h.c, &h.connect
	h.ack.ServerKeepAlive = c.keepAlive.negotiate(p.KeepAlive, h.cfg)
	h.ack.ReceiveMaximum = uint16(h.cfg.MaxInFlight)
	h.ack.MaximumPacket = uint32(h.cfg.MaxPacket)
	h.ack.TopicAliasMaximum = uint16(h.cfg.MaxAliases)

	c.out.window = h.cfg.MaxInFlight
	if p.ReceiveMaximum > 0 {
		c.out.window = min(c.out.window, int(p.ReceiveMaximum))
	}
	c.out.oneByOne = isSDKInBrowser(p.Username)
	c.out.maxPacket = p.MaximumPacket
	c.out.aliases = newSentAliases(p.TopicAliasMaximum)

	c.requestedExpiry = p.SessionExpiry
	granted := uint32(c.b.sessionExpiry(p.SessionExpiry) / time.Second)
	h.ack.SessionExpiry, h.ack.SendSessionExpiry = granted, granted != p.SessionExpiry
}

// isSDKInBrowser reports whether a user name is that of the device SDK for JavaScript in a browser,
// which says so unless its application forbids it (R-CLI-1, R-CLI-27).
func isSDKInBrowser(username string) bool {
	return strings.Contains(username, "SDK=IoTDeviceSDK/JS") &&
		strings.Contains(username, "Platform=Browser")
}

// sessionExpiry limits the session expiry that an MQTT 5 client asks for (R-BRK-12).
func (b *Broker) sessionExpiry(seconds uint32) time.Duration {
	return min(time.Duration(seconds)*time.Second, b.cfg.SessionExpiry)
}

// refuse logs why a CONNECT is refused, and answers it if the version of the client has a code for
// that. One that does not speak MQTT gets no answer.
func (h *handshake) refuse(e *closeError) {
	h.c.b.logRefusal(h.c, e)
	switch e.reason {
	case mqtt.MalformedPacket, mqtt.ProtocolError, mqtt.PacketTooLarge, mqtt.Success:
		return
	}
	version := h.c.peer.Version
	if version < mqtt.V5 && e.reason.ConnackCode() == 0 {
		return
	}
	ack := mqtt.AppendConnack(nil, version, &mqtt.Connack{Reason: e.reason})
	_ = h.c.out.write(ack) // a failure makes no difference: the connection is closed next
}
