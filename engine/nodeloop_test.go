package engine

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// abandoned counts how often the clients of a node were sent away.
type abandoned struct{ times atomic.Int64 }

func (*abandoned) Claimed(string, int64, bool, bool)         {}
func (*abandoned) Released(string, int64)                    {}
func (*abandoned) Adopt(context.Context, store.NodeID) error { return nil }
func (*abandoned) Adopted()                                  {}
func (a *abandoned) Abandon()                                { a.times.Add(1) }

// A node whose store takes nothing any more gives no signs. It sends its clients away after thirty
// seconds, once for each outage, and goes on when the store is back (R-NODE-9).
func TestCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, clients := &gate{Store: memory.Open()}, &abandoned{}
		var away atomic.Bool
		g.fail = func(store.Changes) error {
			if away.Load() {
				return errors.New("no database")
			}
			return nil
		}
		e := New(Config{
			Store:  g,
			Clock:  clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
			IDs:    &ids.Counting{},
			Events: events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
			Log:    slog.New(slog.DiscardHandler),
			Node: NodeConfig{
				NodeConfig: commit.NodeConfig{Name: "a", Shared: true},
				Clients:    clients,
			},
		})
		if !e.LastSign().IsZero() {
			t.Errorf("it has given a sign at %v before it has joined", e.LastSign())
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- e.Run(ctx) }()
		<-e.Ready()
		for i := range int64(2) {
			time.Sleep(10 * time.Second)
			synctest.Wait()
			if age := time.Since(e.LastSign()); age > 2*time.Second || clients.times.Load() != i {
				t.Errorf("outage %d, before: the last sign is %v old, sent away %d times", i, age, clients.times.Load())
			}
			away.Store(true)
			time.Sleep(29 * time.Second)
			synctest.Wait()
			if age := time.Since(e.LastSign()); age < 29*time.Second || clients.times.Load() != i {
				t.Errorf("outage %d, after 29 s: the last sign is %v old, sent away %d times", i, age, clients.times.Load())
			}
			time.Sleep(31 * time.Second)
			synctest.Wait()
			if clients.times.Load() != i+1 {
				t.Errorf("outage %d, after a minute: sent away %d times", i, clients.times.Load())
			}
			away.Store(false)
		}
		time.Sleep(10 * time.Second)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		nodes, err := e.Nodes.List(t.Context())
		if err != nil || len(nodes) != 1 || nodes[0].Heir != 0 {
			t.Errorf("the nodes at the end: %+v, %v", nodes, err)
		}
	})
}
