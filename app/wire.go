package app

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/drover-iot/drover/console"
	"github.com/drover-iot/drover/control"
	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/device/https"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/buildinfo"
	"github.com/drover-iot/drover/internal/capacity"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/connlimit"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/internal/seal"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/job"
)

// How the parts are joined. The engine and the broker need each other: the broker's requests become
// use cases of the engine, and the engine's announcements are published by the broker. So the
// engine is given functions of Server (callbacks.go) that use the broker, which is made after it.
// None of them is called before Run.

// wire makes the parts, opens the listeners and fills in Endpoints.
func (s *Server) wire(ctx context.Context) error {
	key, err := s.secrets.keys.First(operatorKeyName)
	if err != nil {
		return err
	}
	certificate, err := serverCertificate(s.Data, s.secrets.ca, s.hosts())
	if err != nil {
		return err
	}
	// The listeners are opened last: a client must not wait while the broker loads its sessions.
	if err := s.join(ctx); err != nil {
		return err
	}
	if s.connectionLimits, err = s.measureConnections(); err != nil {
		return err
	}
	limits, err := s.connectionLimits.share(s.Config)
	if err != nil {
		return err
	}
	s.limiter = connlimit.New(limits, s.Log)
	s.certificate = tlsutil.NewCurrent(certificate)
	if s.listeners, err = listen(ctx, s.Config, s.certificate, s.limiter); err != nil {
		return err
	}
	if s.listeners.admin, err = s.openAdmin(ctx); err != nil {
		return err
	}
	s.Endpoints = s.listeners.endpoints(s.AdminTLS)
	s.Endpoints.Account, s.Endpoints.Region = s.Scope.Account, s.Scope.Region
	s.Endpoints.AccessKeyID = key.AccessKeyID
	s.Endpoints.SecretAccessKey = key.SecretAccessKey
	s.Endpoints.PID = os.Getpid()
	s.placeArtifacts()
	s.Endpoints.CA, err = filepath.Abs(filepath.Join(s.Data, "ca.pem"))
	return err
}

// hosts are the names that the server certificate carries: the configured one, and those that a
// client on this machine uses (R-HTTP-40).
func (s *Server) hosts() []string {
	hosts := []string{s.Host}
	for _, more := range []string{"localhost", "127.0.0.1", "::1"} {
		if more != s.Host {
			hosts = append(hosts, more)
		}
	}
	return hosts
}

// join makes the engine, the planes, the broker and the gateway.
func (s *Server) join(ctx context.Context) error {
	if err := s.openArtifacts(ctx); err != nil {
		return err
	}
	store := s.ObjectStore.Endpoint.WithArtifacts(s.Artifacts.Bucket)
	managed, err := openManaged(s.Data, store)
	if err != nil {
		return err
	}
	now, err := s.clock(ctx)
	if err != nil {
		return err
	}
	if err := s.openObjectStore(); err != nil {
		return err
	}
	node, err := s.node()
	if err != nil {
		return err
	}
	sealer, err := seal.Derive(s.secrets.tokens, sinkSecrets)
	if err != nil {
		return err
	}
	s.makeBus(node.Name)
	if err := s.openTraces(ctx); err != nil {
		return err
	}
	s.joinEngine(now, managed, node, sealer)
	hooks, err := s.newHooks()
	if err != nil {
		return err
	}
	s.joinAuthorizers(hooks)
	s.joinMetrics()
	issuer := gateway.NewIssuer(s.deviceAuthority)
	if err := s.joinProvisioning(issuer, hooks); err != nil {
		return err
	}
	if err := s.joinBroker(ctx); err != nil {
		return err
	}
	if s.artifacts != nil {
		s.engine.Answers.Sizes = artifactSizes{s.artifacts}
	}
	plane := &control.Plane{
		Jobs:     s.engine.Jobs,
		Fleet:    s.engine.Fleet,
		Identity: s.engine.Identity,
		Tags:     s.engine.Tags,
		Answers:  s.engine.Answers,
		Records:  s.engine.Records,
		Sinks:    s.engine.Sinks,

		Provision: s.engine.Provision,

		Now:      s.engine.Now,
		RealNow:  clock.Now,
		Scope:    s.Scope,
		Managed:  managed,
		Issuer:   issuer,
		DataHost: s.Host,

		Authorizers: s.authorizers,

		JobsHost:  s.Host,
		Pages:     control.Pages{Key: s.secrets.tokens},
		NeedsURLs: s.needsURLs,
		Rate:      s.Rates.Control,
	}
	page, err := console.New()
	if err != nil {
		return err
	}
	s.control = control.NewHandler(plane, s.Log)
	s.control.SetLimits(s.Limits)
	s.control.Answered = s.watched.metrics.OfControl
	s.joinLive(plane)
	operators := &gateway.OperatorAuth{
		Keys:      s.secrets.keys,
		Scope:     s.Scope,
		OpenPlain: s.OpenPlain,
	}
	s.handler = &gateway.HTTP{
		Control:   s.control,
		Device:    https.New(s.plane),
		Server:    s.serverPaths(operators),
		Sessions:  s.consoleSessions(operators),
		Operators: operators,
		Devices:   s.devices,
		Bodies:    gateway.NewBodies(bodiesBudget.of(capacity.Memory())),
		Artifacts: s.artifactCalls(),
		Console:   page,
		WebSockets: &gateway.WebSockets{
			Operators:  operators,
			Principals: s.keyed,

			Authorizers: s.authorizers,

			Serve: s.broker.Take,
		},
		Health: gateway.Health{Alive: s.Unhealthy, Ready: s.unready},
		Log:    s.Log,
	}
	if s.traces != nil {
		s.handler.Traces = s.traces
	}
	s.serveMetrics(operators)
	return nil
}

// consoleSessions has operators sign in to the console.
func (s *Server) consoleSessions(operators *gateway.OperatorAuth) *gateway.Sessions {
	return &gateway.Sessions{
		Operators: operators,
		Version:   buildinfo.Read().Version,
		Virtual:   s.Virtual,
		Now:       s.engine.Now,
		Log:       s.Log,
	}
}

// serverPaths serves the paths below /_drover/ that are no operations.
func (s *Server) serverPaths(operators *gateway.OperatorAuth) http.Handler {
	local := &localHandler{operators.AllowLocal, s.localCalls()}
	return withOpenAPI(operators, s.withTrace(operators, s.withLive(operators, local)))
}

// localCalls are the calls below /_drover/.
func (s *Server) localCalls() map[string]localCall {
	calls := (&clockCalls{s.engine, s.virtual}).calls()
	calls["GET /_drover/nodes"] = s.listNodes
	return calls
}

// clock returns the engine's clock. A virtual one starts at the real time or, when the data folder
// was used with a later one, at that. The real one goes on from that time for some minutes, in case
// the machine's clock is not right yet, and then follows it back (R-CON-28).
func (s *Server) clock(ctx context.Context) (clock.Clock, error) {
	newest, err := commit.NewestTime(ctx, s.store)
	if s.Virtual {
		s.virtual = clock.NewVirtual(clock.Now())
		s.virtual.Set(newest)
		return s.virtual, err
	}
	start := clock.Now()
	elapsed := func() time.Duration { return clock.Now().Sub(start) }
	var machine clock.Clock = clock.Real{}
	if s.database != nil {
		machine = &s.follower
	}
	s.steady = clock.NewSteady(machine, newest, elapsed)
	return s.steady, err
}

// joinEngine makes the engine and the device plane over it.
func (s *Server) joinEngine(
	now clock.Clock, managed job.ManagedTemplates, node engine.NodeConfig, sealer seal.Key,
) {
	s.plane = &device.Plane{
		Log:      s.Log,
		WithURLs: s.signer.Document,
		Reads:    rates.PerSecond(s.Rates.DeviceReads),
		Writes:   rates.PerSecond(s.Rates.DeviceWrites),
		Seen:     s.seen,
	}
	s.engine = engine.New(engine.Config{
		Store:              s.store,
		Clock:              now,
		IDs:                ids.Random{},
		Events:             events.Renderer{Scope: s.Scope, IDs: ids.Random{}},
		Log:                s.Log,
		Limits:             s.Limits,
		Managed:            managed,
		ObjectStore:        s.ObjectStore.Endpoint.WithArtifacts(s.Artifacts.Bucket),
		Uploads:            s.signer.Uploads,
		Objects:            s.objects,
		PresenceGrace:      s.PresenceGrace,
		Notify:             s.plane.Notify,
		PublishEvents:      s.publishEvents,
		Persisted:          s.persisted,
		CertificateChanged: s.certificateChanged,
		AuthorizerChanged:  s.authorizerChanged,
		PrincipalDetached:  s.principalDetached,
		Emptied:            s.plane.ForgetNotified,
		Node:               node,
		AuditKept:          s.auditKept(),
		Sinks:              s.sinks(sealer),

		ObserveCommit:       s.observeCommit,
		Traced:              s.traces != nil,
		ObserveAnnouncement: s.observeAnnouncement,
	})
	s.plane.Answered = s.observeDevice
	s.plane.Jobs, s.plane.Now = s.engine.Jobs, s.engine.Now
	s.plane.PendingShown = func() int { return s.engine.Jobs.Limits.Requests().PendingShown }
	s.devices = &gateway.DeviceAuth{
		Identities: s.engine.Identity,
		Scope:      s.Scope,
		Seen:       s.seen,
		Log:        s.Log,
	}
	s.keyed = &gateway.KeyPrincipals{Auth: s.devices, Keys: s.secrets.keys}
}

// joinBroker makes the broker, and lets the device plane publish through it: notifications at QoS
// 1, of which a session that is not connected keeps the latest only (R-MQTT-42, R-MQTT-44).
func (s *Server) joinBroker(ctx context.Context) (err error) {
	memory := capacity.Memory()
	bytes := int(brokerBudget.of(memory))
	var shared broker.Nodes
	if s.database != nil {
		shared = nodeClients{s}
	}
	limited := broker.Config{
		Nodes:            shared,
		Service:          s.jobsService(),
		Authenticate:     s.devices.Authenticate,
		Principal:        s.keyed.Principal,
		Sessions:         sessions{s.engine},
		MaxRetainedBytes: bytes,
		MaxWillBytes:     bytes,
		MaxArrivingBytes: bytes,
		MaxPendingBytes:  bytes,
		MaxQueuedBytes:   int(queuedBudget.of(memory)),
		Presence:         s.presence,
		Seen:             s.seen,
		Forward:          s.forward(),
		Log:              s.Log,
	}
	s.MQTTLimits.apply(&limited)
	if s.broker, err = broker.New(ctx, limited); err != nil {
		return err
	}
	s.plane.Publish = func(topic string, payload []byte) {
		s.broker.Publish(broker.Message{Topic: topic, Payload: payload, QoS: 1, Latest: true})
	}
	s.plane.Subscribed = s.broker.Subscribed
	s.keyed.Disconnect = s.broker.Disconnect
	s.authorizers.Disconnect, s.authorizers.Refuse = s.broker.Disconnect, s.broker.Refuse
	explainDevices(&s.engine.Answers.Devices, s.broker, s.Scope)
	return nil
}
