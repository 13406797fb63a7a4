package gateway_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/control"
	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/device/https"
	"github.com/drover-iot/drover/device/provision"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/connlimit"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/internal/seal"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// timeout is how long a test waits for an answer before it fails.
const timeout = 10 * time.Second

// server is a whole server over a memory store, as app makes it, on all kinds of listeners. It has
// the things pump and lamp, and the job fw for both.
type server struct {
	t       *testing.T
	engine  *engine.Engine
	broker  *broker.Broker
	devices *gateway.DeviceAuth

	authorizers *gateway.Authorizers
	asked       asked // what authorizers were asked
	limiter     *connlimit.Limiter

	handler *gateway.HTTP
	keys    *gateway.Keys
	keyed   *gateway.KeyPrincipals
	key     gateway.Key    // an operator's
	keysAt  string         // path of the file of keys
	roots   *x509.CertPool // what a client trusts
	// The addresses of the listeners.
	http, https, mqtt, mqtts string
}

// change is what a test has another way than a server without flags: a part of the gateway.
type change func(*gateway.HTTP)

// newServer serves until the test ends.
func newServer(t *testing.T, changes ...change) *server {
	t.Helper()
	s := &server{t: t, keysAt: filepath.Join(t.TempDir(), "keys.json")}
	keys, err := gateway.OpenKeys(s.keysAt)
	if err == nil {
		s.key, err = keys.First("operator")
	}
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	ca := authority(t)
	s.engine = newEngine(t, log, s.publish, func(name string) { s.authorizers.Changed(name) })
	s.addFleet()
	plane := &device.Plane{Jobs: s.engine.Jobs, Now: s.engine.Now, Log: log}
	scope := registry.DefaultScope
	s.devices = &gateway.DeviceAuth{Identities: s.engine.Identity, Scope: scope, Log: log}
	s.authorizers = &gateway.Authorizers{
		Auth:   s.devices,
		Store:  s.engine.Identity,
		Ask:    s.asked.ask,
		Tokens: &gateway.TokenFiles{Folder: t.TempDir()},
		Log:    log,
	}
	s.devices.Authorizers = s.authorizers
	s.handler = &gateway.HTTP{
		Control: control.NewHandler(&control.Plane{
			Jobs:      s.engine.Jobs,
			Fleet:     s.engine.Fleet,
			Identity:  s.engine.Identity,
			Tags:      s.engine.Tags,
			Answers:   s.engine.Answers,
			Records:   s.engine.Records,
			Sinks:     s.engine.Sinks,
			Provision: s.engine.Provision,
			Now:       s.engine.Now,
			RealNow:   time.Now,
			Scope:     scope,
			Issuer:    gateway.NewIssuer(func() (*tlsutil.Authority, error) { return ca, nil }),
			Pages:     control.Pages{Key: make([]byte, 32)},
		}, log),
		Device:    https.New(plane),
		Server:    http.NotFoundHandler(),
		Operators: &gateway.OperatorAuth{Keys: keys, Scope: scope},
		Devices:   s.devices,
		Bodies:    gateway.NewBodies(64 << 20),
		Health: gateway.Health{
			Alive: func() error { return nil },
			Ready: func() error { return nil },
		},
		Log: log,
	}
	for _, change := range changes {
		change(s.handler)
	}
	s.keys, s.keyed = keys, &gateway.KeyPrincipals{Auth: s.devices, Keys: keys}
	s.broker, err = broker.New(t.Context(), broker.Config{
		Service:      gateway.JobsService(plane, s.claims(log)),
		Authenticate: s.devices.Authenticate,
		Principal:    s.keyed.Principal,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.keyed.Disconnect = s.broker.Disconnect
	s.authorizers.Disconnect, s.authorizers.Refuse = s.broker.Disconnect, s.broker.Refuse
	s.handler.WebSockets = &gateway.WebSockets{
		Operators:  s.handler.Operators,
		Principals: s.keyed,

		Authorizers: s.authorizers,

		Serve: s.broker.Take,
	}
	plane.Publish = func(string, []byte) {}
	plane.Subscribed = s.broker.Subscribed
	s.listen(log)
	return s
}

// publish publishes lifecycle events, as app does.
func (s *server) publish(list []store.Event) {
	for _, e := range list {
		s.broker.Publish(broker.Message{Topic: e.Topic, Payload: e.Payload, QoS: 1})
	}
}

func newEngine(
	t *testing.T, log *slog.Logger, publish func([]store.Event), authorizerChanged func(string),
) *engine.Engine {
	e := engine.New(engine.Config{
		Store:  memory.Open(),
		Clock:  clock.Real{},
		IDs:    ids.Random{},
		Events: events.Renderer{Scope: registry.DefaultScope, IDs: ids.Random{}},
		Log:    log,

		AuthorizerChanged: authorizerChanged,
		PublishEvents:     publish,
	})
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { ended <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-e.Ready()
	return e
}

func (s *server) addFleet() {
	var targets []job.Target
	for _, name := range []string{"pump", "lamp"} {
		thing := fleet.NewThing{Name: name}
		if _, err := s.engine.Fleet.CreateThing(s.t.Context(), thing); err != nil {
			s.t.Fatal(err)
		}
		targets = append(targets, job.ThingTarget(registry.DefaultScope, name))
	}
	_, err := s.engine.Jobs.CreateJob(s.t.Context(), jobs.NewJob{
		ID:         "fw",
		Document:   `{}`,
		Definition: job.Definition{Targets: targets},
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func authority(t *testing.T) *tlsutil.Authority {
	t.Helper()
	ca, err := tlsutil.Load(t.TempDir(), "ca", "test", tlsutil.NewECKey)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// listen opens the four listeners and serves them, as app does.
func (s *server) listen(log *slog.Logger) {
	ca := authority(s.t)
	s.roots = x509.NewCertPool()
	s.roots.AddCert(ca.Certificate)
	certificate, key, err := ca.IssueServer([]string{"127.0.0.1"})
	if err != nil {
		s.t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		s.t.Fatal(err)
	}
	plainHTTP, plainMQTT := loopback(s.t), loopback(s.t)
	forMQTTS := loopback(s.t)
	s.limiter = connlimit.New(connlimit.Limits{Total: 1000, Unidentified: 1000, PerAddress: 1000}, log)
	forHTTPS := s.limiter.Listen(loopback(s.t))
	s.http, s.mqtt = plainHTTP.Addr().String(), plainMQTT.Addr().String()
	s.mqtts, s.https = forMQTTS.Addr().String(), forHTTPS.Addr().String()
	split := gateway.NewSplit(tls.NewListener(forHTTPS, gateway.HTTPSConfig(tlsutil.NewCurrent(pair))))
	secured := tls.NewListener(forMQTTS, gateway.MQTTConfig(tlsutil.NewCurrent(pair)))

	serveHTTP := func(l net.Listener) func(context.Context) error {
		return func(ctx context.Context) error {
			return gateway.Serve(ctx, l, s.handler, s.handler.Answering, log)
		}
	}
	serve := []func(context.Context) error{
		serveHTTP(plainHTTP),
		serveHTTP(split.HTTP()),
		func(ctx context.Context) error { return split.Run(ctx, log) },
		func(ctx context.Context) error { return s.broker.Serve(ctx, split.MQTT()) },
		func(ctx context.Context) error { return s.broker.Serve(ctx, plainMQTT) },
		func(ctx context.Context) error { return s.broker.Serve(ctx, secured) },
		func(ctx context.Context) error { s.keyed.Watch(ctx); return nil },
		func(ctx context.Context) error { s.authorizers.Watch(ctx); return nil },
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, len(serve))
	for _, f := range serve {
		go func() { ended <- f(ctx) }()
	}
	s.t.Cleanup(func() {
		cancel()
		for range serve {
			if err := <-ended; err != nil {
				s.t.Errorf("serve: %v", err)
			}
		}
		grace, done := context.WithTimeout(context.Background(), timeout)
		defer done()
		if err := s.broker.Shutdown(grace); err != nil {
			s.t.Error(err)
		}
	})
}

func loopback(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// validity is the time in which a certificate is valid, from now.
type validity struct{ from, to time.Duration }

var (
	valid   = validity{-time.Hour, time.Hour}
	expired = validity{-2 * time.Hour, -time.Hour}
	ahead   = validity{time.Hour, 2 * time.Hour}
)

// newCertificate makes a key and a certificate that signs itself, as devices have them.
func newCertificate(t *testing.T, v validity) tls.Certificate {
	t.Helper()
	key, err := tlsutil.NewECKey()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "a device"},
		NotBefore:    now.Add(v.from),
		NotAfter:     now.Add(v.to),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// register registers a certificate with a status, and attaches a policy with these statements to it
// unless there are none.
func (s *server) register(c tls.Certificate, status registry.CertificateStatus, statements string) {
	s.t.Helper()
	id := tlsutil.Fingerprint(c.Leaf.Raw)
	err := s.engine.Identity.AddCertificate(s.t.Context(), registry.Certificate{
		ID:        id,
		PEM:       string(tlsutil.EncodeCertificate(c.Leaf.Raw)),
		Status:    status,
		NotBefore: c.Leaf.NotBefore,
		NotAfter:  c.Leaf.NotAfter,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if statements == "" {
		return
	}
	s.createPolicy("of-"+id[:16], statements)
	s.attach("of-"+id[:16], id)
}

func (s *server) createPolicy(name, statements string) {
	s.t.Helper()
	document := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[%s]}`, statements)
	if _, err := s.engine.Identity.CreatePolicy(s.t.Context(), name, document, nil); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) attach(policy, certificate string) {
	s.t.Helper()
	err := s.engine.Identity.AttachPolicy(s.t.Context(), policy, identity.Target{
		Kind: registry.CertificateTarget,
		Key:  certificate,
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// allow is a statement that allows an action on one resource.
func allow(action, resource string) string {
	const arn = "arn:aws:iot:us-east-1:000000000000:"
	return fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q}`, action, arn+resource)
}

// fullAccess are the statements for all that a device needs to be a thing, with client ids that
// begin with its name.
func fullAccess(thing string) string {
	return allow("iot:Connect", "client/"+thing+"-*") + "," +
		allow("iot:Publish", "topic/$aws/things/"+thing+"/jobs/*") + "," +
		allow("iotjobsdata:*", "thing/"+thing)
}

// rsaAuthority is the device authority of all servers: its key takes a while to make.
var rsaAuthority = sync.OnceValues(gateway.NewDeviceAuthority)

// claims is what answers devices that provision themselves.
func (s *server) claims(log *slog.Logger) *provision.Plane {
	key, _ := seal.NewKey()
	return &provision.Plane{
		UseCases: s.engine.Provision,
		Issuer:   gateway.NewIssuer(rsaAuthority),
		Tokens:   key,
		Scope:    registry.DefaultScope,
		Log:      log,
	}
}
