package nodes

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A proxy forwards connections to an address, under the conditions of a link. Data is late or
// waits, and is never lost, as TCP has it; a connection that one side closes while the link is cut
// stays open at the other.
type proxy struct {
	link   *conditions
	listen net.Listener
	target atomic.Pointer[string] // nil while nobody listens behind it
}

// newProxy listens on a free port of loopback until the test ends.
func newProxy(t testing.TB, link *conditions) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &proxy{link: link, listen: listener}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return // closed
			}
			all.Go(func() { p.forward(ctx, near) })
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = listener.Close()
		all.Wait()
	})
	return p
}

// address is where the proxy listens.
func (p *proxy) address() string { return p.listen.Addr().String() }

// to sets what is behind the proxy; "" for nobody.
func (p *proxy) to(target string) {
	if target == "" {
		p.target.Store(nil)
		return
	}
	p.target.Store(&target)
}

// forward forwards one connection until either side ends it.
func (p *proxy) forward(ctx context.Context, near net.Conn) {
	defer near.Close()
	if !p.link.healed(ctx) {
		return
	}
	target := p.target.Load()
	if target == nil {
		return
	}
	far, err := net.DialTimeout("tcp", *target, 5*time.Second)
	if err != nil {
		return
	}
	defer far.Close()
	both, end := context.WithCancel(ctx)
	defer end()
	var copies sync.WaitGroup
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		copies.Go(func() {
			defer end()
			p.pump(both, way[0], way[1])
		})
	}
	<-both.Done()
	near.Close()
	far.Close()
	copies.Wait()
}

// A chunk is data on its way.
type chunk struct {
	data []byte
	due  time.Time
}

// pump forwards one direction, until one side has closed and the other was told. What is on its way
// while the link is cut arrives when it heals, in its order, as what TCP sends again.
func (p *proxy) pump(ctx context.Context, from, to net.Conn) {
	way := make(chan chunk, 16) // 16 pieces of 16 KiB, as a window of TCP bounds it
	go func() {
		defer close(way)
		p.read(ctx, from, way)
	}()
	for c := range way {
		if !sleepUntil(ctx, c.due) || !p.link.healed(ctx) {
			return
		}
		if _, err := to.Write(c.data); err != nil {
			return
		}
	}
	p.link.healed(ctx) // the end of the connection waits behind the data
}

// read reads pieces of data and says when each is due. On a slow link the first byte is late by its
// delay, and each piece occupies the link for as long as its size takes: two pieces of 16 KiB that
// are sent together arrive 250 ms apart.
func (p *proxy) read(ctx context.Context, from net.Conn, way chan<- chunk) {
	var free time.Time // when the link is free again
	for {
		data := make([]byte, 16<<10)
		n, err := from.Read(data)
		if n > 0 {
			delay, busy := p.link.lateness(n)
			free = latest(free, time.Now()).Add(busy)
			select {
			case way <- chunk{data[:n], free.Add(delay)}:
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// latest is the later of two times.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sleepUntil waits for a time, and reports false when ctx ends before.
func sleepUntil(ctx context.Context, due time.Time) bool { return sleep(ctx, time.Until(due)) }

// sleep waits for a while, and reports false when ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
