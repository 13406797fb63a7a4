package bus

import (
	"context"
	"log/slog"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// BenchmarkBus is what a message of 200 bytes costs from one node to another, with the NATS server in
// the same process: all that the three spend on it.
func BenchmarkBus(b *testing.B) {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true})
	if err != nil {
		b.Fatal(err)
	}
	s.Start()
	b.Cleanup(s.Shutdown)
	if !s.ReadyForConnections(timeout) {
		b.Fatal("the NATS server does not start")
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	received := make(chan struct{}, 1<<16)
	run := func() *Bus {
		n := New(Config{
			URL:     s.ClientURL(),
			Subject: "drover.bus.bench",
			Deliver: func([]byte) error {
				received <- struct{}{}
				return nil
			},
			Log: slog.New(slog.DiscardHandler),
		})
		ready := make(chan struct{})
		go func() {
			if err := n.Run(ctx, func() { close(ready) }); err != nil {
				b.Error(err)
			}
		}()
		<-ready
		return n
	}
	from := run()
	run()
	message := make([]byte, 200)
	const together = 1000
	b.ReportAllocs()
	for b.Loop() {
		for range together {
			from.Publish(message)
		}
		for range together {
			<-received
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*together), "ns/message")
}
