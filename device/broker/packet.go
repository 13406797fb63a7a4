package broker

// The MQTT control packet types.
const (
	typeConnect     = 1
	typeConnack     = 2
	typePublish     = 3
	typePuback      = 4
	typeSubscribe   = 8
	typeSuback      = 9
	typeUnsubscribe = 10
	typeUnsuback    = 11
	typePingreq     = 12
	typePingresp    = 13
	typeDisconnect  = 14
)

// The protocol levels spoken here (R-BRK-9).
const (
	version311 = 4
	version5   = 5
)

// Reason is an MQTT 5 reason code. MQTT 3.1.1 knows few of them: see connackCode.
type Reason byte

// The reason codes in use (R-BRK-29).
const (
	Success                  Reason = 0x00
	Unspecified              Reason = 0x80
	MalformedPacket          Reason = 0x81
	ProtocolError            Reason = 0x82
	UnsupportedVersion       Reason = 0x84
	InvalidClientID          Reason = 0x85
	NotAuthorized            Reason = 0x87
	ServerShuttingDown       Reason = 0x8B
	KeepAliveTimeout         Reason = 0x8D
	SessionTakenOver         Reason = 0x8E
	TopicFilterInvalid       Reason = 0x8F
	TopicNameInvalid         Reason = 0x90
	TopicAliasInvalid        Reason = 0x94
	PacketTooLarge           Reason = 0x95
	QuotaExceeded            Reason = 0x97
	AdministrativeAction     Reason = 0x98
	QoSNotSupported          Reason = 0x9B
	SharedNotSupported       Reason = 0x9E
	SubscriptionIDNotAllowed Reason = 0xA1
)

// connackCode is the 3.1.1 CONNACK code for a refusal; 0 means that 3.1.1 has none and the connection just closes.
func connackCode(r Reason) byte {
	switch r {
	case UnsupportedVersion:
		return 1
	case InvalidClientID:
		return 2
	case Unspecified, QuotaExceeded, ServerShuttingDown:
		return 3
	case NotAuthorized, TopicNameInvalid, QoSNotSupported:
		return 5
	}
	return 0
}

// A connectPacket is a decoded CONNECT. Slices point into the read buffer.
type connectPacket struct {
	version    byte
	cleanStart bool
	keepAlive  uint16 // seconds
	clientID   []byte
	username   bool
	password   bool
	will       *willPacket

	// MQTT 5 only.
	sessionExpiry  uint32 // seconds
	receiveMaximum uint16 // 0: not given
	maximumPacket  uint32 // 0: not given
	authMethod     bool
}

// A willPacket is the will inside a CONNECT.
type willPacket struct {
	qos     byte
	retain  bool
	topic   []byte
	payload []byte
	delay   uint32 // seconds
	publishProperties
}

// A publishPacket is a decoded PUBLISH. Slices point into the read buffer.
type publishPacket struct {
	dup     bool
	qos     byte
	retain  bool
	id      uint16 // 0 with QoS 0
	topic   []byte
	payload []byte
	publishProperties
}

// publishProperties are the MQTT 5 properties of a message (R-BRK-27).
type publishProperties struct {
	alias       uint16 // 0: none
	expiry      uint32 // seconds; 0: none
	correlation []byte
	// pass holds the properties that travel with the message unchanged, in wire form.
	pass []byte
}

// A subscribePacket is a decoded SUBSCRIBE or UNSUBSCRIBE (options zero).
type subscribePacket struct {
	id      uint16
	filters []filterRequest
	withID  bool // carries a subscription identifier
}

// A filterRequest is one topic filter of a SUBSCRIBE.
type filterRequest struct {
	filter         []byte
	qos            byte
	noLocal        bool
	keepRetain     bool // Retain As Published
	retainHandling byte
}

// A disconnectPacket is a decoded DISCONNECT.
type disconnectPacket struct {
	reason    Reason
	expiry    uint32
	hasExpiry bool
}

// A connackPacket is what a CONNACK says. MQTT 3.1.1 sends the first two members only.
type connackPacket struct {
	sessionPresent bool
	reason         Reason

	// MQTT 5; zero values are not sent.
	receiveMaximum  uint16
	maximumPacket   uint32
	topicAliases    uint16
	assignedID      string
	serverKeepAlive uint16
	sessionExpiry   uint32
	withExpiry      bool
}

// An outgoing PUBLISH.
type publishOut struct {
	topic       string
	payload     []byte
	qos         byte
	id          uint16
	dup         bool
	retain      bool
	expiry      uint32 // remaining seconds; 0: none
	correlation []byte // besides pass
	pass        []byte
}
