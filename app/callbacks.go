package app

import (
	"context"
	"time"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/store"
)

// What the engine and the broker call of each other, translated from the words of one into those of
// the other.

// publishEvents publishes lifecycle events to whoever subscribes to them (R-EVT-27).
func (s *Server) publishEvents(events []store.Event) {
	for _, event := range events {
		s.broker.Publish(broker.Message{Topic: event.Topic, Payload: event.Payload, QoS: 1})
	}
}

// persisted returns when the sessions of devices have stored what the device plane has published to
// them.
func (s *Server) persisted(ctx context.Context) error { return s.broker.Stored(ctx) }

// certificateChanged ends the connections of a certificate that may not connect any more
// (R-BRK-19).
func (s *Server) certificateChanged(id string) {
	if !s.devices.MayConnect(id) {
		s.broker.Disconnect(id)
	}
}

// principalDetached ends the connections in which a certificate stands for a thing that it was
// detached from: they hold the thing's session (R-BRK-19).
func (s *Server) principalDetached(certificate, thing string) {
	s.broker.DisconnectThing(certificate, thing)
}

// seen records that the client of a thing has sent something (R-STR-40).
func (s *Server) seen(thing string) { s.engine.See(thing, false, 0) }

// presence records that a thing has connected or disconnected; another client with the thing's name
// as its client id is not the thing. The disconnections of a server that ends are not recorded: the
// devices have not gone away, the server has (R-ID-61).
func (s *Server) presence(e broker.PresenceEvent) {
	if e.AsThing && e.EventType == "connected" {
		s.engine.See(e.ClientID, true, clock.Now().Sub(time.UnixMilli(e.Timestamp)))
	}
	if s.database != nil || s.leaving.Load() || !e.AsThing { // see nodeClients for a database
		return
	}
	s.engine.Fleet.SetPresence(fleet.Presence{
		Client:  e.ClientID,
		Session: e.SessionID,
		Version: e.Version,
		Connectivity: fleetquery.Connectivity{
			Connected:        e.EventType == "connected",
			At:               time.UnixMilli(e.Timestamp),
			DisconnectReason: string(e.Cause),
		},
	})
}
