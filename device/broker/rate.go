package broker

import "time"

// inboundRate limits what one client sends: messages and bytes, each by a token bucket that holds
// one second's worth. At 100 messages a second a client may send 100 at once, and the 101st is
// handled 10 ms later. Nothing is refused or lost: the connection is read from more slowly
// (R-BRK-20).
type inboundRate struct {
	messages, bytes float64   // how much of the buckets is used
	at              time.Time // when that was computed
}

// add counts a packet and returns how long to wait before the next is read. A negative rate is no
// limit.
func (r *inboundRate) add(size int, now time.Time, cfg *Config) time.Duration {
	messagesPerSecond, bytesPerSecond := float64(cfg.MessagesPerSecond), float64(cfg.BytesPerSecond)
	past := now.Sub(r.at).Seconds()
	r.at = now
	r.messages = max(0, r.messages-past*messagesPerSecond) + 1
	r.bytes = max(0, r.bytes-past*bytesPerSecond) + float64(size)
	var wait float64
	if messagesPerSecond > 0 {
		wait = r.messages/messagesPerSecond - 1
	}
	if bytesPerSecond > 0 {
		wait = max(wait, r.bytes/bytesPerSecond-1)
	}
	return time.Duration(max(0, wait) * float64(time.Second))
}

// limitRate waits if the client has sent more than its share. What is answered so far is written
// before.
func (c *conn) limitRate(size int) error {
	wait := c.rate.add(size, c.keepAlive.lastPacket, &c.b.cfg)
	if wait <= 0 {
		return nil
	}
	if err := c.releasePubacks(); err != nil {
		return err
	}
	c.out.flush()
	pause := time.NewTimer(wait)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-c.b.ctx.Done():
	}
	c.keepAlive.lastPacket = time.Now() // the client was not silent: it was not read from
	return nil
}
