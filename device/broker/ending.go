package broker

import (
	"fmt"
	"strings"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// Cause is why a connection ended, as the presence events say it (R-BRK-33).
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
	ServerInitiated   Cause = "SERVER_INITIATED_DISCONNECT"
	Throttled         Cause = "THROTTLED"
)

// causes gives the presence cause of each reason with which this side ends a connection; the rest is ClientError.
var causes = map[mqtt.Reason]Cause{
	mqtt.NotAuthorized:        AuthError,
	mqtt.TopicNameInvalid:     ForbiddenAccess,
	mqtt.AdministrativeAction: AuthError,
	mqtt.KeepAliveTimeout:     KeepAliveExceeded,
	mqtt.SessionTakenOver:     DuplicateClientID,
	mqtt.ServerShuttingDown:   ServerInitiated,
	mqtt.QuotaExceeded:        Throttled,
}

// An ending is the error that ends a connection: what an MQTT 5 client is told, and why.
type ending struct {
	reason mqtt.Reason // sent in DISCONNECT (or CONNACK); Success is not sent
	cause  Cause
	detail string
	topic  string
	// noWill is set by a client's own goodbye (R-BRK-24).
	noWill bool
	// resumed is set on a connection whose session another connection took over whole.
	resumed bool
}

func (e *ending) Error() string { return fmt.Sprintf("0x%02X %s", byte(e.reason), e.detail) }

// refusal ends the connection with a reason; the cause follows from the reason.
func refusal(r mqtt.Reason, detail string) *ending {
	cause, ok := causes[r]
	if !ok {
		cause = ClientError
	}
	return &ending{reason: r, cause: cause, detail: detail}
}

func violation(what string) error { return refusal(mqtt.ProtocolError, what) }

// endingOf turns the error that ended a connection into its ending: that of the broker as it is, that of the codec with
// its reason, and any other as a lost connection.
func endingOf(err error) *ending {
	switch e := err.(type) {
	case *ending:
		return e
	case *mqtt.Error:
		return refusal(e.Reason, e.Detail)
	}
	return lost(err)
}

func lost(err error) *ending {
	return &ending{cause: ConnectionLost, detail: err.Error()}
}

// refused logs a refusal: clients see only a closed socket (R-BRK-37). No payloads, no secrets.
func (b *Broker) refused(c *conn, e *ending) {
	if e.reason == mqtt.ServerShuttingDown {
		return // nothing to look into
	}
	principal := ""
	if c.peer.Principal != nil {
		principal = c.peer.Principal.ID()
	}
	b.log.Warn("refused", "client", cleanLog(c.peer.ClientID), "principal", principal, "topic", cleanLog(e.topic),
		"code", fmt.Sprintf("0x%02X", byte(e.reason)), "reason", e.detail, "remote", c.nc.RemoteAddr().String())
}

// cleanLog cuts what a client sent before it goes to the log.
func cleanLog(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), mqtt.MaxTopicBytes)], "?")
}
