package engine

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// ownCA is an authority of an operator.
type ownCA struct {
	*tlsutil.Authority
	t *testing.T
}

func newOwnCA(t *testing.T) ownCA {
	t.Helper()
	a, err := tlsutil.New("Pumps Ltd CA", tlsutil.NewECKey)
	if err != nil {
		t.Fatal(err)
	}
	return ownCA{a, t}
}

// registered registers the authority, ACTIVE and such that it registers by itself. It returns its
// id.
func (a ownCA) registered(s *identity.Service) string {
	a.t.Helper()
	c := registry.NewCACertificate(a.Certificate, registry.ModeSNIOnly)
	c.Status, c.AutoRegister = registry.CertificateActive, true
	in := identity.NewCACertificate{CACertificate: c, Parsed: a.Certificate}
	if err := s.AddCACertificate(a.t.Context(), in); err != nil {
		a.t.Fatal(err)
	}
	return c.ID
}

// device makes a certificate that the authority has signed.
func (a ownCA) device() *x509.Certificate {
	a.t.Helper()
	text, _, err := a.IssueServer([]string{"pump"})
	if err != nil {
		a.t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		a.t.Fatal(err)
	}
	if _, isEC := parsed.PublicKey.(*ecdsa.PublicKey); !isEC {
		a.t.Fatal("an expensive key")
	}
	return parsed
}

// connects presents a certificate to a node, and returns whether it is registered by that.
func (n *aNode) connects(leaf *x509.Certificate) bool {
	n.t.Helper()
	status, err := n.Identity.RegisterFirst(n.t.Context(), leaf, time.Now())
	if err != nil {
		n.t.Fatal(err)
	}
	return status != ""
}

// A CA certificate that was registered or changed on one node is known to the others, and what one
// of them registers is published on all (R-ID-71, R-ID-72).
func TestFirstConnectOnNodes(t *testing.T) {
	t.Parallel()
	all := nodesOn(t, memory.Open(), "a", "b")
	a, b := all[0], all[1]
	ca := newOwnCA(t)
	if b.connects(ca.device()) {
		t.Error("registered by nobody")
	}
	id := ca.registered(a.Identity)
	b.announces()
	leaf := ca.device()
	if !b.connects(leaf) || !a.connects(leaf) {
		t.Error("not registered on node b, or not known to node a")
	}
	event := "$aws/events/certificates/registered/" + id
	change := "certificate " + registry.NewCertificate(leaf, "", "").ID
	a.announces()
	b.announces()
	a.want("node a", change, event)
	b.want("node b", change, event)

	// Node b does not know yet that it is INACTIVE, and finds out.
	inactive := registry.CAUpdate{Status: registry.CertificateInactive}
	if err := a.Identity.UpdateCACertificate(t.Context(), id, inactive); err != nil {
		t.Fatal(err)
	}
	if b.connects(ca.device()) {
		t.Error("registered by a CA that is INACTIVE")
	}
	active := registry.CAUpdate{Status: registry.CertificateActive}
	if err := a.Identity.UpdateCACertificate(t.Context(), id, active); err != nil {
		t.Fatal(err)
	}
	b.announces()
	if !b.connects(ca.device()) {
		t.Error("not registered by one that is ACTIVE again")
	}
	b.announces()
	b.seen = nil
	if err := a.Reset(t.Context()); err != nil { // the other authorities are forgotten, too
		t.Fatal(err)
	}
	if a.connects(ca.device()) {
		t.Error("registered after a reset")
	}
}

// A server registers so many certificates in a second and no more (R-ID-73), and records each in the
// audit log (R-ID-71).
func TestFirstConnectRate(t *testing.T) {
	t.Parallel()
	e := New(Config{
		Store:     memory.Open(),
		Clock:     clock.NewVirtual(noon),
		IDs:       &ids.Counting{},
		Events:    events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:       slog.New(slog.DiscardHandler),
		AuditKept: time.Hour,
		Stepped:   true,
	})
	ca := newOwnCA(t)
	id := ca.registered(e.Identity)
	leaves := make([]*x509.Certificate, 3*identity.FirstConnectsPerSecond)
	for i := range leaves {
		leaves[i] = ca.device()
	}
	start, times := time.Now(), 0
	for _, leaf := range leaves {
		status, err := e.Identity.RegisterFirst(t.Context(), leaf, time.Now())
		switch {
		case status != "":
			times++
		case !fault.Is(err, fault.Throttled):
			t.Fatalf("neither registered nor throttled: %v", err)
		}
	}
	most := int((time.Since(start).Seconds() + 1) * identity.FirstConnectsPerSecond)
	if times < identity.FirstConnectsPerSecond || times > most {
		t.Errorf("%d were registered, want %d to %d", times, identity.FirstConnectsPerSecond, most)
	}
	var found []registry.Certificate
	var pages []audit.Page
	err := e.config.Store.Read(t.Context(), func(r store.Reader) (err error) {
		if found, err = r.CertificatesOfCA(id, store.IdentityQuery{Limit: 1000}); err != nil {
			return err
		}
		pages, err = r.AuditPages(store.AuditQuery{Limit: 1000})
		return err
	})
	if err != nil || len(found) != times {
		t.Errorf("%d certificates, want %d, %v", len(found), times, err)
	}
	records := 0
	for _, page := range pages {
		text := string(page.Text)
		records += strings.Count(text, `"operation":"RegisterCertificateOnConnect"`)
		if !strings.Contains(text, `"after":{"caCertificateId":"`+id+`","status":"PENDING_ACTIVATION"}`) {
			t.Errorf("recorded as %s", text)
		}
	}
	if records != times {
		t.Errorf("%d records of %d registrations", records, times)
	}
}
