package broker

import (
	"fmt"
	"net"
	"strings"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// Cause is why a connection ended, as presence events say it (R-BRK-33).
type Cause string

// The causes in use.
const (
	ClientInitiated   Cause = "CLIENT_INITIATED_DISCONNECT"
	AuthError         Cause = "AUTH_ERROR"
	ClientError       Cause = "CLIENT_ERROR"
	ConnectionLost    Cause = "CONNECTION_LOST"
	DuplicateClientID Cause = "DUPLICATE_CLIENTID"
	ForbiddenAccess   Cause = "FORBIDDEN_ACCESS"
	KeepAliveExceeded Cause = "MQTT_KEEP_ALIVE_TIMEOUT"
	ServerError       Cause = "SERVER_ERROR"
	ServerInitiated   Cause = "SERVER_INITIATED_DISCONNECT"
	Throttled         Cause = "THROTTLED"
	WebSocketExpired  Cause = "WEBSOCKET_TTL_EXPIRATION"
	CustomAuthExpired Cause = "CUSTOMAUTH_TTL_EXPIRATION"
)

// causes gives the cause for each reason code with which the broker closes a connection. For all
// others it is ClientError.
var causes = map[mqtt.Reason]Cause{
	mqtt.NotAuthorized:        AuthError,
	mqtt.TopicNameInvalid:     ForbiddenAccess,
	mqtt.AdministrativeAction: AuthError,
	mqtt.KeepAliveTimeout:     KeepAliveExceeded,
	mqtt.SessionTakenOver:     DuplicateClientID,
	mqtt.ServerShuttingDown:   ServerInitiated,
	mqtt.QuotaExceeded:        Throttled,
	mqtt.ServerUnavailable:    ServerError,
	mqtt.UseAnotherServer:     ServerInitiated,
}

// A closeError says why a connection is closed. Whatever ends a connection becomes one: an invalid
// packet, a refusal, a lost network connection, the client's own DISCONNECT.
type closeError struct {
	// reason goes to the client in DISCONNECT or CONNACK. Success means that nothing is sent.
	reason mqtt.Reason
	cause  Cause
	detail string // for the log: a constant, so that equal refusals can be counted
	topic  string // for the log; empty when it is not about a topic
	err    error  // for the log: what detail does not say; nil mostly
	// denied says that the policies do not allow an action, on the topic or else on the client id.
	denied bool
	action Action
	// resumed is set when another connection took the session over with all that it contains.
	resumed bool
	// elsewhere is set when another broker has claimed the client. The session goes there.
	elsewhere bool
}

func (e *closeError) Error() string { return fmt.Sprintf("0x%02X %s", byte(e.reason), e.detail) }

// closeWith closes the connection with a reason code, from which the cause follows.
func closeWith(reason mqtt.Reason, detail string) *closeError {
	cause, ok := causes[reason]
	if !ok {
		cause = ClientError
	}
	return &closeError{reason: reason, cause: cause, detail: detail}
}

// closeWithTopic is closeWith for a refusal that is about a topic.
func closeWithTopic(reason mqtt.Reason, detail, topic string) *closeError {
	e := closeWith(reason, detail)
	e.topic = topic
	return e
}

// deny is closeWithTopic for what the policies do not allow. An action without a topic is about the
// client id.
func deny(action Action, detail, topic string) *closeError {
	e := closeWithTopic(mqtt.NotAuthorized, detail, topic)
	e.denied, e.action = true, action
	return e
}

// resource is what was denied on a connection.
func (e *closeError) resource(c *conn) string {
	if e.action == Connect {
		return c.peer.ClientID
	}
	return e.topic
}

// errAbandoned closes the connections of a broker whose node was given up (R-NODE-8).
var errAbandoned = closeWith(mqtt.UseAnotherServer, "this node was declared lost")

// errEnded closes the connection of a principal that may not be connected any more (R-BRK-19).
var errEnded = closeWith(
	mqtt.AdministrativeAction, "the certificate, key or authorizer may not connect any more")

// asCloseError turns any error that ended a connection into a closeError. Errors of the codec have
// a reason code; what is neither theirs nor the broker's own comes from the network, so the
// connection is lost.
func asCloseError(err error) *closeError {
	switch e := err.(type) {
	case *closeError:
		return e
	case *mqtt.Error:
		return closeWith(e.Reason, e.Detail)
	}
	return &closeError{cause: ConnectionLost, detail: "the connection was lost", err: err}
}

// logRefusal logs a refusal. Clients see no more than a closed connection, so this is where
// operators find out why (R-BRK-37). Payloads are not logged.
func (b *Broker) logRefusal(c *conn, e *closeError) {
	if e.reason == mqtt.ServerShuttingDown || e.reason == mqtt.UseAnotherServer {
		return // one line for each connection would say nothing
	}
	principal := ""
	if c.peer.Principal != nil {
		principal = c.peer.Principal.ID()
	}
	c.traceRefused(e)
	b.logRefusalOf(c.peer.Connection, c.peer.ClientID, principal, c.nc.RemoteAddr(), e)
}

// logRefusalOf is logRefusal for a client that may be gone; its connection is 0 then.
func (b *Broker) logRefusalOf(
	connection uint64, client, principal string, remote net.Addr, e *closeError,
) {
	attrs := []any{
		"connection", connection,
		"client", logText(client),
		"principal", principal,
		"topic", logText(e.topic),
		"code", fmt.Sprintf("0x%02X", byte(e.reason)),
		"reason", e.detail,
		"remote", fmt.Sprint(remote),
	}
	if e.err != nil {
		attrs = append(attrs, "err", e.err)
	}
	b.log.Warn("refused", attrs...)
}

// logText limits the length of what a client sent, for the log.
func logText(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), mqtt.MaxTopicBytes)], "?")
}
