package gateway_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/policy"
)

// identities is a registry with one certificate, which a test changes while a connection is open.
type identities struct {
	mu      sync.Mutex
	version uint64
	// policies are documents; refused and failure are the errors of Identify and Access.
	policies         []string
	refused, failure error
	thing            *registry.Thing
	until            time.Time    // the end of the certificate; zero: a year from now
	reads            atomic.Int64 // calls of Access
}

// change changes something and says so by a new version, as the engine does.
func (i *identities) change(f func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	f()
	i.version++
}

func (i *identities) Identify(context.Context, string, time.Time) (registry.Certificate, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return registry.Certificate{ID: "c1"}, i.refused
}

func (i *identities) RegisterFirst(
	context.Context, *x509.Certificate, time.Time,
) (registry.CertificateStatus, error) {
	return "", nil
}

func (i *identities) Access(_ context.Context, _, clientID string) (a identity.Access, err error) {
	i.reads.Add(1)
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, statements := range i.policies {
		document, err := policy.Parse(
			fmt.Sprintf(`{"Version":"2012-10-17","Statement":[%s]}`, statements))
		if err != nil {
			return a, err
		}
		a.Policies = append(a.Policies, document)
	}
	a.Thing, a.Attached = i.thing, i.thing != nil && i.thing.Name == clientID
	return a, i.failure
}

func (i *identities) AccessByPolicies(
	ctx context.Context, _ []string, clientID string,
) (identity.Access, error) {
	return i.Access(ctx, "", clientID)
}

func (i *identities) AccessVersion() uint64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.version
}

// connect authenticates a device with a certificate and binds its connection.
func (i *identities) connect(t *testing.T, a broker.Attributes) broker.Authorizer {
	t.Helper()
	auth := &gateway.DeviceAuth{
		Identities: i,
		Scope:      registry.DefaultScope,
		Log:        slog.New(slog.DiscardHandler),
	}
	leaf := &x509.Certificate{Raw: []byte("c1"), NotAfter: i.until}
	if i.until.IsZero() {
		leaf.NotAfter = time.Now().AddDate(1, 0, 0)
	}
	principal, err := auth.Authenticate(t.Context(), broker.Link{
		TLS: &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if id := principal.ID(); id != "c1" {
		t.Errorf("the principal is %q, want the id of the certificate", id)
	}
	return principal.Bind(a)
}

// want compares a decision about publishing to topic a.
func want(t *testing.T, a broker.Authorizer, when string, decision broker.Decision) {
	t.Helper()
	a.Refresh()
	if got := a.Decide(broker.Publish, "a"); got != decision {
		t.Errorf("%s: got decision %d, want %d", when, got, decision)
	}
}

var (
	allowA = allow("iot:Publish", "topic/a")
	denyA  = `{"Effect":"Deny","Action":"*","Resource":"*"}`
)

// A change of the registry is in effect at most a second after it, also for a connection that has
// asked before (R-BRK-19). The bubble's clock makes the second pass at once.
func TestPoliciesChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &identities{version: 1, policies: []string{allowA}}
		a := i.connect(t, broker.Attributes{ClientID: "pump"})
		want(t, a, "at first", broker.Allow)
		for _, step := range []struct {
			name   string
			change func()
			want   broker.Decision
		}{
			{
				"an explicit deny", func() { i.policies = append(i.policies, denyA) },
				broker.ExplicitDeny,
			},
			{"no policies", func() { i.policies = nil }, broker.ImplicitDeny},
			{"a policy again", func() { i.policies = []string{allowA} }, broker.Allow},
			{
				"the certificate is INACTIVE",
				func() { i.refused = fault.New(fault.CertificateInvalid, "INACTIVE") },
				broker.ImplicitDeny,
			},
			{"ACTIVE again", func() { i.refused = nil }, broker.Allow},
		} {
			before := a.Decide(broker.Publish, "a")
			want(t, a, step.name+", before it", before)
			i.change(step.change)
			want(t, a, step.name+", just after it", before)
			time.Sleep(time.Second - time.Nanosecond)
			want(t, a, step.name+", less than a second after it", before)
			time.Sleep(time.Nanosecond)
			want(t, a, step.name+", a second after it", step.want)
		}
	})
}

// A certificate that expires is refused from the moment after its last, without a change of the
// registry; one that leaves ACTIVE a second after that at the latest (R-BRK-19, R-ID-14).
func TestRefreshSaysWhoIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &identities{version: 1, policies: []string{allowA}, until: time.Now().Add(time.Minute)}
		a := i.connect(t, broker.Attributes{ClientID: "pump"})
		time.Sleep(time.Minute)
		if !a.Refresh() {
			t.Error("it is over at its last moment")
		}
		time.Sleep(time.Nanosecond)
		if a.Refresh() {
			t.Error("it is not over after its last moment")
		}
		i.until = time.Now().Add(time.Hour)
		a = i.connect(t, broker.Attributes{ClientID: "pump"})
		i.change(func() { i.failure = errors.New("disk on fire") })
		time.Sleep(time.Second)
		if !a.Refresh() {
			t.Error("it is over when the policies cannot be read")
		}
		i.change(func() { i.refused = fault.New(fault.Unavailable, "no database") })
		time.Sleep(time.Second)
		if !a.Refresh() {
			t.Error("it is over when the certificate cannot be read (R-NODE-9)")
		}
		i.change(func() { i.refused = fault.New(fault.CertificateInvalid, "REVOKED") })
		time.Sleep(time.Second)
		if a.Refresh() {
			t.Error("it is not over when it is REVOKED")
		}
	})
}

// While nothing changes nothing is read, and in a registry that changes all the time no more than
// once a second, whichever goroutine asks.
func TestReadsAreRare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &identities{version: 1, policies: []string{allowA}}
		a := i.connect(t, broker.Attributes{ClientID: "pump"})
		time.Sleep(time.Hour)
		a.Refresh()
		if got := i.reads.Load(); got != 1 {
			t.Errorf("%d reads without a change, want 1", got)
		}
		for range 10 {
			i.change(func() {})
			var both sync.WaitGroup
			for range 2 {
				both.Go(func() { a.Refresh() })
			}
			both.Wait()
			time.Sleep(100 * time.Millisecond)
		}
		if got := i.reads.Load(); got != 2 {
			t.Errorf("%d reads after a second of changes, want 2", got)
		}
	})
}

// When the policies cannot be read, an open connection goes on with those it has, and is tried
// again a second later. A new connection has none and may do nothing.
func TestPoliciesCannotBeRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := &identities{version: 1, policies: []string{allowA}}
		open := i.connect(t, broker.Attributes{ClientID: "pump"})
		i.change(func() { i.failure, i.policies = errors.New("disk on fire"), nil })
		time.Sleep(time.Second)
		want(t, open, "an open connection", broker.Allow)
		fresh := i.connect(t, broker.Attributes{ClientID: "pump"})
		want(t, fresh, "a new connection", broker.Unknown)

		i.mu.Lock() // the store recovers: that is no change of the registry
		i.failure, i.policies = nil, []string{allowA, denyA}
		i.mu.Unlock()
		time.Sleep(time.Second)
		want(t, open, "an open connection, a second later", broker.ExplicitDeny)
		want(t, fresh, "a new connection, a second later", broker.ExplicitDeny)
	})
}

// The facts of a CONNECT are the values of policy variables (R-ID-27, R-ID-30). Each action has a
// name and a kind of resource.
func TestDecide(t *testing.T) {
	t.Parallel()
	pump := &registry.Thing{Name: "pump", Type: "p1"}
	from := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5000}
	when := func(operator, key, value string) string {
		return fmt.Sprintf(
			`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{%q:{%q:%q}}}`,
			operator, key, value)
	}
	const topics = "arn:aws:iot:us-east-1:000000000000:topic/"
	for _, row := range []struct {
		name, statement string
		attributes      broker.Attributes
		action          broker.Action
		resource        string
		want            broker.Decision
	}{
		{
			"connect", allow("iot:Connect", "client/pump"), broker.Attributes{ClientID: "pump"},
			broker.Connect, "pump", broker.Allow,
		},
		{
			"connect is not publish", allow("iot:Connect", "*"), broker.Attributes{},
			broker.Publish, "a", broker.ImplicitDeny,
		},
		{
			"publish", allow("iot:Publish", "topic/a/*"), broker.Attributes{},
			broker.Publish, "a/b", broker.Allow,
		},
		{
			"publish is not to retain", allow("iot:Publish", "topic/a"), broker.Attributes{},
			broker.RetainPublish, "a", broker.ImplicitDeny,
		},
		{
			"retain", allow("iot:RetainPublish", "topic/a"), broker.Attributes{},
			broker.RetainPublish, "a", broker.Allow,
		},
		{
			"subscribe", allow("iot:Subscribe", "topicfilter/a/+"), broker.Attributes{},
			broker.Subscribe, "a/+", broker.Allow,
		},
		{
			"a filter is not a topic", allow("iot:Subscribe", "topic/a"), broker.Attributes{},
			broker.Subscribe, "a", broker.ImplicitDeny,
		},
		{
			"a shared subscription", allow("iot:Subscribe", "topicfilter/$share/*/a"), broker.Attributes{},
			broker.Subscribe, "$share/g/a", broker.Allow,
		},
		{
			"a filter is no shared subscription", allow("iot:Subscribe", "topicfilter/a"), broker.Attributes{},
			broker.Subscribe, "$share/g/a", broker.ImplicitDeny,
		},
		{
			"receive", allow("iot:Receive", "topic/a"), broker.Attributes{},
			broker.Receive, "a", broker.Allow,
		},
		{
			"actions of HTTPS give nothing", allow("iotjobsdata:*", "*"), broker.Attributes{},
			broker.Publish, "a", broker.ImplicitDeny,
		},
		{
			"the client id", allow("iot:Publish", "topic/${iot:ClientId}"),
			broker.Attributes{ClientID: "pump"}, broker.Publish, "pump", broker.Allow,
		},
		{
			"the connection thing", allow("iot:Publish", "topic/${iot:Connection.Thing.ThingName}"),
			broker.Attributes{ClientID: "other"}, broker.Publish, "pump", broker.Allow,
		},
		{
			"attached", when("Bool", "iot:Connection.Thing.IsAttached", "true"),
			broker.Attributes{ClientID: "pump"}, broker.Publish, "a", broker.Allow,
		},
		{
			"not attached", when("Bool", "iot:Connection.Thing.IsAttached", "true"),
			broker.Attributes{ClientID: "other"}, broker.Publish, "a", broker.ImplicitDeny,
		},
		{
			"the address", when("IpAddress", "aws:SourceIp", "192.0.2.0/24"),
			broker.Attributes{Remote: from}, broker.Publish, "a", broker.Allow,
		},
		{
			"another address", when("IpAddress", "aws:SourceIp", "198.51.100.0/24"),
			broker.Attributes{Remote: from}, broker.Publish, "a", broker.ImplicitDeny,
		},
		{
			"a persistent session",
			when("ForAnyValue:StringEquals", "iot:ConnectAttributes", "PersistentConnect"),
			broker.Attributes{Persistent: true, WillTopic: "gone"},
			broker.Publish, "a", broker.Allow,
		},
		{
			"no persistent session",
			when("ForAnyValue:StringEquals", "iot:ConnectAttributes", "PersistentConnect"),
			broker.Attributes{WillTopic: "gone"}, broker.Publish, "a", broker.ImplicitDeny,
		},
		{
			"a will", when("ForAnyValue:StringEquals", "iot:ConnectAttributes", "LastWill"),
			broker.Attributes{WillTopic: "gone"}, broker.Publish, "a", broker.Allow,
		},
		{
			"no will", when("ForAnyValue:StringEquals", "iot:ConnectAttributes", "LastWill"),
			broker.Attributes{Persistent: true}, broker.Publish, "a", broker.ImplicitDeny,
		},
		{
			"the topic of the will", when("StringEquals", "iot:LastWillTopic", topics+"gone"),
			broker.Attributes{WillTopic: "gone"}, broker.Publish, "a", broker.Allow,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			i := &identities{version: 1, policies: []string{row.statement}, thing: pump}
			a := i.connect(t, row.attributes)
			for range 2 { // from the policies, then from the cache
				if got := a.Decide(row.action, row.resource); got != row.want {
					t.Errorf("got decision %d, want %d", got, row.want)
				}
			}
		})
	}
}

// A policy that sets no condition on iot:Connect allows a persistent session and a will, over the wire,
// too (R-ID-32). The topic of the will is one that the device may publish to (R-BRK-17).
func TestPersistentWithWill(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	certificate := newCertificate(t, valid)
	s.register(certificate, registry.CertificateActive,
		allow("iot:Connect", "client/pump-*")+","+allow("iot:Publish", "topic/gone"))
	config := s.tlsConfig(credentials{certificate: &certificate})
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		for _, row := range []struct {
			topic string
			want  byte // the code, that of MQTT 5
		}{{"gone", 0}, {"gone", 0}, {"elsewhere", 0x87}} {
			c := s.dial(t, s.mqtts, config)
			_, err := c.conn.Write(mqtttest.Connect(&mqtt.Connect{
				Version:       version,
				ClientID:      fmt.Sprint("pump-", version),
				SessionExpiry: 3600, // and no clean start
				Will:          &mqtt.Will{Message: mqtt.Publish{Topic: row.topic, Payload: []byte("x")}},
			}, ""))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := c.in.Next()
			if err != nil || answer.Type != mqtt.TypeConnack {
				t.Fatalf("v%d: %+v, %v", version, answer, err)
			}
			want := row.want
			if version == mqtt.V311 && want != 0 {
				want = 5
			}
			if got := answer.Body[1]; got != want {
				t.Errorf("v%d, a will on %s: 0x%02X, want 0x%02X", version, row.topic, got, want)
			}
		}
	}
}

// A device that uses many topics gets the right decision for each, though not all are cached.
func TestManyTopics(t *testing.T) {
	t.Parallel()
	i := &identities{version: 1, policies: []string{allow("iot:Publish", "topic/even/*")}}
	a := i.connect(t, broker.Attributes{})
	for range 2 {
		for n := range 1000 {
			topic, decision := fmt.Sprintf("odd/%d", n), broker.ImplicitDeny
			if n%2 == 0 {
				topic, decision = fmt.Sprintf("even/%d", n), broker.Allow
			}
			if got := a.Decide(broker.Publish, topic); got != decision {
				t.Fatalf("%s: got decision %d, want %d", topic, got, decision)
			}
		}
	}
}

// A server whose registry nobody has changed since its start lets devices connect, too.
func TestPermissionsAfterRestart(t *testing.T) { // R-BRK-19
	t.Parallel()
	i := &identities{policies: []string{allow("iot:Connect", "client/pump")}}
	auth := i.connect(t, broker.Attributes{ClientID: "pump"})
	if got := auth.Decide(broker.Connect, "pump"); i.AccessVersion() != 0 || got != broker.Allow {
		t.Errorf("at version %d: got decision %d, want %d", i.AccessVersion(), got, broker.Allow)
	}
}

// A principal can be found by its id when its connection is gone, with all that policies ask for;
// one that may not connect any more cannot (R-BRK-24).
func TestPrincipal(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := newCertificate(t, valid)
	s.register(c, registry.CertificateActive, allow("iot:Publish",
		"topic/${iot:Certificate.Subject.CommonName}/${iot:ClientId}"))
	id := tlsutil.Fingerprint(c.Leaf.Raw)
	found, err := s.devices.Principal(t.Context(), id)
	if err != nil || found.ID() != id || !found.Until().Equal(c.Leaf.NotAfter) {
		t.Fatalf("found %v, %v", found, err)
	}
	auth := found.Bind(broker.Attributes{ClientID: "pump"})
	for topic, want := range map[string]broker.Decision{
		"a device/pump": broker.Allow, "a device/lamp": broker.ImplicitDeny,
	} {
		if got := auth.Decide(broker.Publish, topic); got != want {
			t.Errorf("%s: got decision %d, want %d", topic, got, want)
		}
	}
	err = s.engine.Identity.SetCertificateStatus(t.Context(), id, registry.CertificateRevoked)
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{id, "unknown"} {
		if _, err := s.devices.Principal(t.Context(), gone); fault.Of(err) == nil {
			t.Errorf("%s: %v, want a fault", gone, err)
		}
	}
	if plain, err := s.devices.Principal(t.Context(), ""); err != nil || plain.ID() != "" {
		t.Errorf("the plain listener: %v, %v", plain, err)
	}
}

// A request that is allowed is one of its thing's client; one that is denied is nobody's (R-STR-40).
func TestRequestIsSeen(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		allowed string
		want    []string
	}{{"thing/pump", []string{"pump"}}, {"thing/lamp", nil}} {
		var seen []string
		auth := &gateway.DeviceAuth{
			Identities: &identities{policies: []string{allow("iotjobsdata:*", row.allowed)}},
			Scope:      registry.DefaultScope,
			Seen:       func(thing string) { seen = append(seen, thing) },
		}
		r := httptest.NewRequest(http.MethodGet, "/things/pump/jobs", nil)
		may := auth.ForRequest(r, "c1", &x509.Certificate{Raw: []byte("c1")})
		pending := jobsdata.GetPendingJobExecutions.Describe()
		if err := may(pending, "pump"); (err == nil) != (row.want != nil) {
			t.Errorf("%s: %v", row.allowed, err)
		}
		if diff := cmp.Diff(row.want, seen); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.allowed, diff)
		}
	}
}

// Only a certificate that can be found, and is in order, may stay connected (R-BRK-19).
func TestMayConnect(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		err  error
		want bool
	}{
		{"in order", nil, true},
		{"INACTIVE", fault.New(fault.CertificateInvalid, "INACTIVE"), false},
		{"deleted", fault.New(fault.Forbidden, "not registered"), false},
		{"cannot be found out", errors.New("disk on fire"), false},
	} {
		auth := &gateway.DeviceAuth{Identities: &identities{refused: row.err}}
		if got := auth.MayConnect("c1"); got != row.want {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}
