package app

import (
	"time"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/internal/config"
)

// MQTTLimits are limits on clients of the broker, which those of AWS IoT are at the least
// (R-BRK-12, R-BRK-20).
type MQTTLimits struct {
	// SessionExpiry is how long a session outlives its connection at the most.
	SessionExpiry time.Duration
	// MaxPayload is in bytes, MaxFilters is of one SUBSCRIBE, MaxSubscriptions of one session,
	// MaxInFlight of messages at QoS 1 to one client.
	MaxPayload, MaxFilters, MaxSubscriptions, MaxInFlight int
	// MaxRetained and MaxSessions are of the whole broker.
	MaxRetained, MaxSessions int
	// MessageRate and ByteRate are what one client may send in a second; what it sends beyond that
	// is read later. 0 is any number.
	MessageRate, ByteRate int
}

// defaultMQTTLimits are those of AWS IoT, where it has any.
var defaultMQTTLimits = MQTTLimits{
	SessionExpiry:    7 * 24 * time.Hour,
	MaxPayload:       128 << 10,
	MaxFilters:       8,
	MaxSubscriptions: 50,
	MaxInFlight:      100,
	MaxRetained:      10_000,
	MaxSessions:      1_000_000,
	MessageRate:      100,
	ByteRate:         512 << 10,
}

// packetOverhead is what a packet may have beside its payload: the topic and its properties.
const packetOverhead = 18 << 10

// apply sets the limits of a broker, for which 0 is its default and less than 0 any number.
func (m MQTTLimits) apply(c *broker.Config) {
	anyNumber := func(n int) int {
		if n == 0 {
			return -1
		}
		return n
	}
	c.SessionExpiry = m.SessionExpiry
	c.MaxPayload = m.MaxPayload
	c.MaxPacket = m.MaxPayload + packetOverhead
	c.MaxFilters = m.MaxFilters
	c.MaxSubscription = m.MaxSubscriptions
	c.MaxInFlight = m.MaxInFlight
	c.MaxRetained = m.MaxRetained
	c.MaxSessions = m.MaxSessions
	c.MessagesPerSecond = anyNumber(m.MessageRate)
	c.BytesPerSecond = anyNumber(m.ByteRate)
}

// mqttSettings are the limits on clients of the broker. None is less than AWS IoT's, which devices
// count on, but for how long sessions live.
func (c *Config) mqttSettings() []config.Setting {
	m := &c.MQTTLimits
	whole := func(p *int, least, most float64) config.Value {
		return config.Whole(p, config.Bounds{Least: least, Most: most})
	}
	rate := func(p *int, least float64) config.Value {
		return config.Whole(p, config.Bounds{Least: least, Zero: "any number"})
	}
	return []config.Setting{
		{
			Name: "mqtt-session-expiry",
			About: "how long a session outlives its connection, of MQTT 3.1.1 always and of MQTT 5 at " +
				"the most, as a `duration`",
			Unit:  "time, like 24h",
			Value: config.Duration(&m.SessionExpiry, config.Bounds{Least: 60, Most: 7 * 24 * 3600}),
		},
		{
			Name:  "mqtt-max-payload",
			About: "how many `bytes` the payload of a message may have",
			Unit:  "bytes",
			Value: whole(&m.MaxPayload, 128<<10, 512<<10),
		},
		{
			Name:  "mqtt-max-filters",
			About: "what `number` of topic filters one SUBSCRIBE may have",
			Unit:  "topic filters",
			Value: whole(&m.MaxFilters, 8, 1000),
		},
		{
			Name:  "mqtt-max-subscriptions",
			About: "what `number` of subscriptions one session may have",
			Unit:  "subscriptions",
			Value: whole(&m.MaxSubscriptions, 50, 10_000),
		},
		{
			Name:  "mqtt-max-in-flight",
			About: "what `number` of messages at QoS 1 may wait for one client to acknowledge them",
			Unit:  "messages",
			Value: whole(&m.MaxInFlight, 100, 65535),
		},
		{
			Name:  "mqtt-max-retained",
			About: "what `number` of retained messages there may be",
			Unit:  "messages",
			Value: whole(&m.MaxRetained, 10_000, 0),
		},
		{
			Name:  "mqtt-max-sessions",
			About: "what `number` of sessions there may be, connected or not",
			Unit:  "sessions",
			Value: whole(&m.MaxSessions, 1_000_000, 0),
		},
		{
			Name: "mqtt-message-rate",
			About: "how many messages a second are read from one client; what it sends beyond that is " +
				"read later; 0: any `number`",
			Unit:  "messages a second",
			Value: rate(&m.MessageRate, 100),
		},
		{
			Name: "mqtt-byte-rate",
			About: "how many `bytes` a second are read from one client; what it sends beyond that is " +
				"read later; 0: any number",
			Unit:  "bytes a second",
			Value: rate(&m.ByteRate, 512<<10),
		},
	}
}
