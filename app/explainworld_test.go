package app

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/explain"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// The server of the tests of explanations: a stepped engine on a virtual clock, with a real broker
// where a case needs one. What is due waits for due, what was committed for told, so that a case can
// look in between.

// explainNow is when every case begins.
var explainNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// explainSecret stands in the document of every job. No explanation shows it.
const explainSecret = "s3cr3t"

type explainWorld struct {
	*testing.T
	*engine.Engine
	kept    store.Store
	clock   *clock.Virtual
	server  *Server
	plane   *device.Plane
	address string // of the broker; empty without one
	// gone gets the client of each connection that has ended.
	gone chan string
}

func newExplainWorld(t *testing.T) *explainWorld {
	return newExplainNode(t, memory.Open(), "")
}

// newExplainNode makes a server on a store, one of several if it has a name.
func newExplainNode(t *testing.T, kept store.Store, name string) *explainWorld {
	w := &explainWorld{
		T:     t,
		kept:  kept,
		clock: clock.NewVirtual(explainNow),
		gone:  make(chan string, 10),
	}
	w.plane = &device.Plane{
		Now:        w.clock.Now,
		Log:        slog.New(slog.DiscardHandler),
		Publish:    func(string, []byte) {},
		Subscribed: func(string) bool { return false },
	}
	w.Engine = engine.New(engine.Config{
		Store:   kept,
		Clock:   w.clock,
		IDs:     &ids.Counting{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:     slog.New(slog.DiscardHandler),
		Notify:  w.plane.Notify,
		Stepped: true,
		Node: engine.NodeConfig{
			NodeConfig: commit.NodeConfig{Name: name, Shared: name != ""},
		},
	})
	w.plane.Jobs = w.Engine.Jobs
	w.server = &Server{engine: w.Engine, plane: w.plane}
	return w
}

// serve gives the server a broker, with clients that authenticate says who they are.
func (w *explainWorld) serve(authenticate broker.Authenticator) {
	w.Helper()
	b, err := broker.New(w.Context(), broker.Config{
		Service:      gateway.JobsService(w.plane, nil),
		Authenticate: authenticate,
		Presence: func(e broker.PresenceEvent) {
			w.server.presence(e)
			if e.EventType == "disconnected" {
				w.gone <- e.ClientID
			}
		},
	})
	w.must(err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	ctx, stop := context.WithCancel(context.Background())
	go b.Serve(ctx, l)
	w.Cleanup(func() {
		stop()
		if err := b.Shutdown(context.Background()); err != nil {
			w.Error(err)
		}
	})
	w.address = l.Addr().String()
	w.plane.Publish = func(topic string, payload []byte) {
		b.Publish(broker.Message{Topic: topic, Payload: payload, QoS: 1, Latest: true})
	}
	w.plane.Subscribed = b.Subscribed
	explainDevices(&w.Answers.Devices, b, registry.DefaultScope)
}

func (w *explainWorld) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// things makes things, and puts them into a group if that has a name.
func (w *explainWorld) things(group string, names ...string) {
	w.Helper()
	if group != "" {
		_, err := w.Fleet.CreateGroup(w.Context(), fleet.NewGroup{Name: group})
		w.must(err)
	}
	for _, name := range names {
		_, err := w.Fleet.CreateThing(w.Context(), fleet.NewThing{Name: name})
		w.must(err)
		if group != "" {
			w.must(w.Fleet.AddMember(w.Context(), group, name))
		}
	}
}

// create makes a job on targets, which are groups when they begin with a slash. The settings are
// pairs, such as paused=ticket.
func (w *explainWorld) create(id string, d job.Definition, targets string, settings ...string) {
	w.Helper()
	for name := range strings.FieldsSeq(targets) {
		if group, ok := strings.CutPrefix(name, "/"); ok {
			d.Targets = append(d.Targets, job.GroupTarget(registry.DefaultScope, group))
		} else {
			d.Targets = append(d.Targets, job.ThingTarget(registry.DefaultScope, name))
		}
	}
	in := jobs.NewJob{ID: id, Document: `{"password":"` + explainSecret + `"}`, Definition: d}
	for _, setting := range settings {
		key, value, _ := strings.Cut(setting, "=")
		in.Tags = append(in.Tags, registry.Tag{Key: job.SteeringPrefix + key, Value: value})
	}
	_, err := w.Jobs.CreateJob(w.Context(), in)
	w.must(err)
}

// set changes a setting of the job fw; an empty value removes it.
func (w *explainWorld) set(name, value string) {
	w.Helper()
	patch := map[string]*string{name: nil}
	if value != "" {
		patch[name] = &value
	}
	_, err := w.Tags.PatchSettings(w.Context(), "fw", patch)
	w.must(err)
}

// report reports an event of the job fw.
func (w *explainWorld) report(thing string, event job.Event) {
	w.Helper()
	_, err := w.Jobs.Report(w.Context(), thing, "fw", job.Report{Event: event}, false)
	w.must(err)
}

// later lets time pass, and everything that is due be done.
func (w *explainWorld) later(by time.Duration) {
	w.Helper()
	w.clock.Set(w.clock.Now().Add(by))
	w.due()
}

func (w *explainWorld) due() {
	w.Helper()
	w.must(w.RunDue(w.Context()))
}

// told has the server notify devices.
func (w *explainWorld) told() {
	w.Helper()
	w.must(w.Announce(w.Context()))
}

// certificate attaches an active certificate with a policy to the thing pump.
func (w *explainWorld) certificate(statements string) (id string) {
	w.Helper()
	text, err := os.ReadFile(filepath.Join("..", "control", "testdata", "pump-07.crt"))
	w.must(err)
	parsed, err := registry.ParseCertificate(string(text))
	w.must(err)
	c := registry.Certificate{
		ID:        "c0ffee0000000000",
		PEM:       string(text),
		Status:    registry.CertificateActive,
		NotBefore: parsed.NotBefore,
		NotAfter:  parsed.NotAfter,
	}
	w.must(w.Identity.AddCertificate(w.Context(), c))
	w.must(w.Identity.AttachPrincipal(w.Context(), "pump", c.ID, false))
	document := `{"Version":"2012-10-17","Statement":[` + statements + `]}`
	_, err = w.Identity.CreatePolicy(w.Context(), "devices", document, nil)
	w.must(err)
	target := identity.Target{Kind: registry.CertificateTarget, Key: c.ID}
	w.must(w.Identity.AttachPolicy(w.Context(), "devices", target))
	w.Answers.Ways = func(thing, jobID string) []explain.Way {
		return device.Ways(registry.DefaultScope, thing, jobID)
	}
	return c.ID
}

// mqttClient is a device that speaks MQTT 3.1.1 packet by packet.
type mqttClient struct {
	w  *explainWorld
	nc net.Conn
	in mqtt.Reader
}

// connect connects as a client whose session lasts, and subscribes to filters at a quality of
// service.
func (w *explainWorld) connect(client string, qos byte, filters ...string) *mqttClient {
	w.Helper()
	nc, err := net.Dial("tcp", w.address)
	w.must(err)
	w.Cleanup(func() { nc.Close() })
	c := &mqttClient{w: w, nc: nc}
	c.in.Reset(nc, 1<<20)
	c.send(mqtttest.Connect(&mqtt.Connect{Version: mqtt.V311, ClientID: client}, ""))
	c.want(mqtt.TypeConnack)
	if len(filters) > 0 {
		c.send(mqtttest.Subscribe(mqtt.V311, 1, qos, filters...))
		c.want(mqtt.TypeSuback)
	}
	return c
}

func (c *mqttClient) send(packet []byte) {
	c.w.Helper()
	_, err := c.nc.Write(packet)
	c.w.must(err)
}

// want reads a packet of a type.
func (c *mqttClient) want(kind byte) mqtt.Packet {
	c.w.Helper()
	c.w.must(c.nc.SetReadDeadline(time.Now().Add(10 * time.Second)))
	packet, err := c.in.Next()
	c.w.must(err)
	if packet.Type != kind {
		c.w.Fatalf("got a packet of type %d, want %d", packet.Type, kind)
	}
	return packet
}

// acknowledge reads a notice and acknowledges it, and returns when the broker knows of that.
func (c *mqttClient) acknowledge() {
	c.w.Helper()
	p, err := mqtt.DecodePublish(c.want(mqtt.TypePublish), mqtt.V311)
	c.w.must(err)
	c.send(mqtt.AppendPuback(nil, mqtt.V311, p.ID, mqtt.Success))
	c.send(mqtttest.Packet(mqtt.TypePingreq<<4, nil))
	c.want(mqtt.TypePingresp)
}

// leave ends the connection, and returns when the server knows of that.
func (c *mqttClient) leave() {
	c.nc.Close()
	<-c.w.gone
}
