// Package loglimit bounds what clients can make a server log. A refusal takes a client one packet
// and the server a line, so that ten connections can write gigabytes an hour; but operators need to
// see each cause and each client once, because a client sees no more than a closed socket.
//
// It must never leave out what happens once. Start with Handler.
package loglimit

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Handler is a slog.Handler that hands on, for each cause and address, ten lines a second at the
// most, and counts the others. When the second is over it writes one line that says how many it has
// left out. While that goes on the next interval is twice as long, up to a minute: a client that is
// refused a thousand times a second is logged ten times in the first second, ten times in the next
// two and so on, and in the end eleven lines a minute.
//
// The cause of a line is its message with the values of Causes, its address the host of the
// attribute "remote"; lines without one have no address and are limited for all callers together.
// Lines below slog.LevelWarn are not limited: they are about what operators do, or asked for.
type Handler struct {
	next  slog.Handler
	table *table // shared with the handlers of WithAttrs and WithGroup
}

// Causes are the attributes that are part of a line's cause. Their values must be few: constants of
// the program, not what a client sends.
var Causes = []string{"code", "reason", "op", "listener"}

// addressKey is the attribute with the address of the client.
const addressKey = "remote"

// New returns a limit on what reaches a handler.
func New(next slog.Handler) *Handler {
	return &Handler{next, &table{windows: map[key]*window{}}}
}

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Handler{h.next.WithAttrs(attrs), h.table}
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{h.next.WithGroup(name), h.table}
}

// Handle implements slog.Handler.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn && !h.table.admits(line(h.next, r)) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

// Flush writes how many lines were left out since it was last said. A server calls it at its end.
func (h *Handler) Flush() { h.table.flush() }

// line says what counts of a record, and how its summary looks.
func line(to slog.Handler, r slog.Record) summary {
	s := summary{to: to, level: r.Level, message: r.Message}
	s.key.cause = r.Message
	r.Attrs(func(a slog.Attr) bool {
		switch {
		case a.Key == addressKey:
			s.key.address = network(a.Value.String())
		case slices.Contains(Causes, a.Key):
			s.key.cause += "\x00" + a.Value.String()
			s.attrs = append(s.attrs, a)
		}
		return true
	})
	return s
}

// network is what counts as the address of a client: the host, and of IPv6 the first 64 bits, since
// who has one address there has them all. 192.0.2.1:5000 becomes 192.0.2.1, and [2001:db8::1]:5000
// becomes 2001:db8::/64.
func network(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	address = address.Unmap()
	if address.Is4() || address.IsLoopback() {
		return address.String()
	}
	prefix, err := address.Prefix(64)
	if err != nil {
		return host
	}
	return prefix.String()
}

// A summary is what is said of lines that were left out.
type summary struct {
	key     key
	to      slog.Handler
	level   slog.Level
	message string
	attrs   []slog.Attr
}

// write writes the summary.
func (s *summary) write(omitted int, within time.Duration) {
	r := slog.NewRecord(time.Now(), s.level, s.message, 0)
	r.AddAttrs(s.attrs...)
	if s.key.address != "" {
		r.AddAttrs(slog.String(addressKey, s.key.address))
	}
	r.AddAttrs(slog.Int("omitted", omitted), slog.Duration("within", within))
	_ = s.to.Handle(context.Background(), r) // there is nowhere to say that the log fails
}
