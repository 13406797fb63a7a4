package broker

import (
	"math"
	"net"
	"time"
)

// keepAlive notices that a client has been silent for too long. The standard allows one and a half
// times the keep-alive interval (R-BRK-14): with one of 60 s, a connection is closed after 90 s
// without a packet. The reading goroutine owns it.
type keepAlive struct {
	interval time.Duration // agreed with the client; never 0
	// lastPacket is when the last packet arrived. When the broker did not read for a while, it is
	// when it went on.
	lastPacket time.Time
	deadline   time.Time // the read deadline that is set; zero when it has passed
}

// negotiate sets the interval from what the client asks for, in seconds; 0 asks for none and gets
// the longest. It returns what to answer: the interval in seconds, or 0 if that is what the client
// asked for.
func (k *keepAlive) negotiate(asked uint16, cfg *Config) (serverKeepAlive uint16) {
	want := time.Duration(asked) * time.Second
	k.interval = min(max(want, cfg.KeepAliveMin), cfg.KeepAliveMax)
	if want == 0 {
		k.interval = cfg.KeepAliveMax
	}
	if k.interval == want {
		return 0
	}
	return uint16(math.Ceil(k.interval.Seconds()))
}

func (k *keepAlive) silenceLimit() time.Duration { return k.interval + k.interval/2 }

// extendDeadline sets the read deadline for the silence that may follow. To set one costs as much
// as a small read, so it is only set when it moves by more than half the limit. Then it may pass
// too early, see passed.
func (k *keepAlive) extendDeadline(nc net.Conn) {
	due := k.lastPacket.Add(k.silenceLimit())
	if due.Sub(k.deadline) > k.silenceLimit()/2 {
		k.deadline = due
		nc.SetReadDeadline(due)
	}
}

// passed is called when the read deadline has passed. It reports whether the client was silent for
// too long; if not, reading goes on with a new deadline.
func (k *keepAlive) passed() bool {
	k.deadline = time.Time{}
	return time.Since(k.lastPacket) >= k.silenceLimit()
}
