package broker

import (
	"context"
	"errors"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// A client without a certificate and without a signature is a stranger until its CONNECT: what that
// says, and somebody outside, decide who it is (R-ID-92).

// A Stranger is a Principal that is not known before its CONNECT. It has no id, and its Bind is not
// called: Identify returns the Principal that takes its place.
type Stranger interface {
	Principal
	// Identify says who has sent a CONNECT. It may block until ctx ends, which is before the time for
	// the handshake is over. An error that is ErrCannotSay means that nothing is known of the client,
	// another one that it is refused.
	Identify(ctx context.Context, c Credentials) (Principal, error)
}

// ErrCannotSay is why a Stranger is not identified when whoever decides about it is away.
var ErrCannotSay = errors.New("nobody can say who the client is now")

// Credentials are what a stranger shows in its CONNECT. They are secret.
type Credentials struct {
	ClientID string // empty if the server has assigned one
	Username string
	Password []byte // a copy
}

// A Releaser is a Principal that wants to know when its connection has ended, or was refused.
type Releaser interface{ Release() }

// A Lasting principal says why its connections end when its time is over (Principal.Until).
type Lasting interface{ EndsBecause() (Cause, string) }

// A Remembered principal cannot be found by its id when its connection is gone: a will of it keeps
// it, in memory only.
type Remembered interface{ Remembered() }

// identify finds out who a stranger is. Everybody else is known.
func (h *handshake) identify() error {
	c := h.c
	stranger, ok := c.peer.Principal.(Stranger)
	if !ok {
		return nil
	}
	// What is left is for the CONNACK.
	ctx, cancel := context.WithDeadline(
		c.b.handshakeCtx, h.deadline.Add(-h.cfg.ConnectTimeout/20))
	defer cancel()
	known, err := stranger.Identify(ctx, Credentials{
		ClientID: h.connect.ClientID,
		Username: h.connect.Username,
		Password: append([]byte(nil), h.connect.Password...),
	})
	if err != nil {
		return notIdentified(err)
	}
	c.peer.Principal = known
	c.b.trackPrincipal(c)
	return nil
}

// notIdentified is why a stranger does not get in.
func notIdentified(err error) *closeError {
	e := closeWith(mqtt.NotAuthorized, "the client is not let in")
	if errors.Is(err, ErrCannotSay) {
		e = closeWith(mqtt.ServerUnavailable, "nobody can say now who the client is")
	}
	e.err = err
	return e
}

// Refuse closes the connection of one principal that is not let in any more (R-ID-95).
func (b *Broker) Refuse(p Principal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.principals.conns[p.ID()] {
		if c.peer.Principal == p {
			c.disconnect(closeWith(mqtt.NotAuthorized, "the client is not let in any more"))
		}
	}
}

// handshakeTime is when a handshake that begins now must have ended.
func (b *Broker) handshakeTime() time.Time { return time.Now().Add(b.cfg.ConnectTimeout) }
