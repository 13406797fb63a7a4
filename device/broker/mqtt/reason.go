package mqtt

import "fmt"

// Reason is an MQTT 5 reason code. Codes from Unspecified (0x80) on are failures. MQTT 3.1.1 has
// codes of its own in CONNACK and SUBACK only: see ConnackCode and AppendSuback.
type Reason byte

// The reason codes that this server sends (R-BRK-29).
const (
	Success              Reason = 0x00
	Unspecified          Reason = 0x80
	MalformedPacket      Reason = 0x81
	ProtocolError        Reason = 0x82
	UnsupportedVersion   Reason = 0x84
	InvalidClientID      Reason = 0x85
	NotAuthorized        Reason = 0x87
	ServerUnavailable    Reason = 0x88
	ServerShuttingDown   Reason = 0x8B
	KeepAliveTimeout     Reason = 0x8D
	SessionTakenOver     Reason = 0x8E
	TopicFilterInvalid   Reason = 0x8F
	TopicNameInvalid     Reason = 0x90
	TopicAliasInvalid    Reason = 0x94
	PacketTooLarge       Reason = 0x95
	QuotaExceeded        Reason = 0x97
	AdministrativeAction Reason = 0x98
	QoSNotSupported      Reason = 0x9B
	UseAnotherServer     Reason = 0x9C
)

// Failed reports whether a reason code says that something was refused or went wrong.
func (r Reason) Failed() bool { return r >= Unspecified }

// ConnackCode is the MQTT 3.1.1 return code for a refused CONNECT. It is 0 where 3.1.1 has no code:
// then the server closes the connection without a CONNACK.
func (r Reason) ConnackCode() byte {
	switch r {
	case UnsupportedVersion:
		return 1
	case InvalidClientID:
		return 2
	case Unspecified, QuotaExceeded, ServerShuttingDown, ServerUnavailable:
		return 3
	case NotAuthorized, TopicNameInvalid, QoSNotSupported:
		return 5
	}
	return 0
}

// An Error says how a packet breaks the standard. The connection that it came from must be closed.
type Error struct {
	// Reason is the code for the DISCONNECT or CONNACK that ends the connection.
	Reason Reason
	// Detail says what is wrong, for the log. It never contains what the client sent.
	Detail string
}

func (e *Error) Error() string { return fmt.Sprintf("0x%02X %s", byte(e.Reason), e.Detail) }

// malformed is the error of a packet that cannot be parsed.
func malformed(detail string) error { return &Error{MalformedPacket, detail} }

// violation is the error of a packet that can be parsed and that the standard forbids.
func violation(detail string) error { return &Error{ProtocolError, detail} }
