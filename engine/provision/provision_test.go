package provision_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/provisioning"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// world is an engine that does nothing by itself, on a virtual clock.
type world struct {
	*engine.Engine
	t       *testing.T
	store   store.Store
	changed []string // certificates whose connections were looked at
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, store: memory.Open()}
	w.Engine = engine.New(engine.Config{
		Store:   w.store,
		Clock:   clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
		IDs:     &ids.Counting{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:     slog.New(slog.DiscardHandler),
		Stepped: true,

		AuditKept:          24 * time.Hour,
		CertificateChanged: func(id string) { w.changed = append(w.changed, id) },
	})
	return w
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// write puts into the store what no use case makes.
func (w *world) write(c store.Changes) {
	w.t.Helper()
	w.check(w.store.Write(w.t.Context(), func(tx store.Tx) error { return tx.Apply(c) }))
}

// ids are the certificates that are registered, with their statuses.
func (w *world) ids() (all []string) {
	w.t.Helper()
	w.check(w.store.Read(w.t.Context(), func(r store.Reader) error {
		found, err := r.Certificates(store.IdentityQuery{Limit: 1000, Ascending: true})
		for _, c := range found {
			all = append(all, fmt.Sprint(c.ID, " ", c.Status))
		}
		return err
	}))
	return all
}

const pending = registry.CertificatePending

// Certificates whose time is over are removed with what is attached to them; those that an operator
// has activated stay, unless they are claims, and so do those whose time is not over.
func TestRemoveExpired(t *testing.T) { // R-ID-81, R-ID-86
	t.Parallel()
	w := newWorld(t)
	const document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}`
	_, err := w.Identity.CreatePolicy(t.Context(), "p", document, nil)
	w.check(err)
	thing, err := w.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: "a"})
	w.check(err)
	past, future := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	var c store.Changes
	add := func(id string, status registry.CertificateStatus, until time.Time, policy string) {
		c.Registry.Certificates = append(c.Registry.Certificates, registry.Certificate{ID: id, Status: status, CreatedAt: past})
		c.Registry.TemporaryCertificates = append(c.Registry.TemporaryCertificates,
			registry.TemporaryCertificate{Certificate: id, Until: until, Policy: policy})
	}
	add("activated", registry.CertificateActive, past, "")
	add("attached", pending, past, "")
	add("claim", registry.CertificateActive, past, "{}")
	add("fresh", pending, future, "")
	add("fresh claim", registry.CertificateActive, future, "{}")
	c.Registry.Attached = []registry.Attachment{{Policy: "p", Kind: registry.CertificateTarget, Key: "attached"}}
	c.Registry.Principals = []registry.Principal{{Thing: thing.ID, ThingName: "a", Certificate: "attached"}}
	w.write(c)
	w.check(w.RunDue(t.Context()))
	want := []string{"activated ACTIVE", "fresh PENDING_ACTIVATION", "fresh claim ACTIVE"}
	if diff := cmp.Diff(want, w.ids()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"attached", "claim"}, w.changed); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
	w.check(w.store.Read(t.Context(), func(r store.Reader) error {
		left, err := r.TemporaryCertificates(future, 9)
		if len(left) != 2 {
			t.Errorf("left are %v", left)
		}
		targets, err2 := r.TargetsOf("p", registry.Attachment{}, 9)
		things, err3 := r.PrincipalsOfThing(thing.ID, "", 9)
		if len(targets)+len(things) != 0 {
			t.Errorf("attached are %v and %v", targets, things)
		}
		for _, e := range []error{err2, err3} {
			if e != nil {
				return e
			}
		}
		return err
	}))
}

// However many there are, they are removed in steps that end.
func TestRemoveManyExpired(t *testing.T) { // R-ID-81
	t.Parallel()
	w := newWorld(t)
	var c store.Changes
	for i := range 350 {
		id := fmt.Sprint("c", i)
		c.Registry.Certificates = append(c.Registry.Certificates, registry.Certificate{ID: id, Status: pending})
		c.Registry.TemporaryCertificates = append(c.Registry.TemporaryCertificates, registry.TemporaryCertificate{Certificate: id})
	}
	w.write(c)
	removed, err := w.Provision.RemoveExpired(t.Context())
	if n := len(w.ids()); !removed || err != nil || n != 250 {
		t.Errorf("one step: %v, %v, %d are left", removed, err, n)
	}
	w.check(w.RunDue(t.Context()))
	if n := len(w.ids()); n != 0 {
		t.Errorf("%d are left", n)
	}
}

// What a template asks for is made of what is there: a thing changes as OverrideSettings say, and a
// certificate that was registered just in time becomes that of the thing.
func TestExistingThing(t *testing.T) { // R-ID-79
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"old", "new"} {
		_, err := w.Fleet.CreateGroup(t.Context(), fleet.NewGroup{Name: name})
		w.check(err)
		_, err = w.Fleet.CreateThingType(t.Context(), fleet.NewThingType{Name: name})
		w.check(err)
		_, err = w.Fleet.CreateBillingGroup(t.Context(), fleet.NewBillingGroup{Name: name})
		w.check(err)
	}
	_, err := w.Fleet.CreateDynamicGroup(t.Context(), fleet.NewDynamicGroup{Name: "tens", Query: "attributes.n:10"})
	w.check(err)
	_, err = w.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: "a", Type: "old", Attributes: map[string]string{"n": "1", "m": "2"}})
	w.check(err)
	w.check(w.Fleet.AddMember(t.Context(), "old", "a"))
	w.write(store.Changes{Registry: store.RegistryChanges{Certificates: []registry.Certificate{{ID: id, Status: pending}}}})
	body := func(override string) string {
		return `{"Resources": {
			"c": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"},
				"ThingPrincipalType": "EXCLUSIVE_THING"}},
			"t": {"Type": "AWS::IoT::Thing", "OverrideSettings": {` + override + `}, "Properties": {"ThingName": {"Ref": "AWS::IoT::Certificate::CommonName"},
				"ThingTypeName": "new", "ThingGroups": ["new"], "BillingGroup": "new", "AttributePayload": {"n": "10"}}}}}`
	}
	leaf := &x509.Certificate{Subject: pkix.Name{Names: []pkix.AttributeTypeAndValue{{Type: []int{2, 5, 4, 3}, Value: "a"}}}}
	provision := func(body string) error {
		return w.Provision.Commits.Do(t.Context(), func(tx *commit.Tx) error {
			c, err := tx.Certificate(id)
			if err != nil {
				return err
			}
			_, err = w.Provision.ProvisionFirst(tx, registry.RegistrationConfig{TemplateBody: body}, c, leaf, registry.DefaultScope)
			return err
		})
	}
	apply := func(override string) error { return provision(body(override)) }
	is := func(kind, billing, groups string, attributes map[string]string) {
		t.Helper()
		view, err := w.Fleet.DescribeThing(t.Context(), "a")
		w.check(err)
		in, err := w.Fleet.GroupsOfThing(t.Context(), "a")
		w.check(err)
		got := ""
		for _, g := range in {
			got += g.Name + " "
		}
		if view.Type != kind || view.BillingGroup != billing || got != groups || !cmp.Equal(view.Attributes, attributes) {
			t.Errorf("the thing is of type %s, in %s and %s, with %v", view.Type, view.BillingGroup, got, view.Attributes)
		}
	}
	if err := apply(`"ThingGroups": "FAIL"`); !fault.Is(err, fault.RegistrationFailed) {
		t.Errorf("refused: %v", err)
	}
	is("old", "", "old ", map[string]string{"n": "1", "m": "2"})
	if diff := cmp.Diff([]string{id + " PENDING_ACTIVATION"}, w.ids()); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	w.check(apply(``))
	is("old", "new", "old ", map[string]string{"n": "1", "m": "2"})
	w.check(apply(`"ThingTypeName": "REPLACE", "ThingGroups": "MERGE", "AttributePayload": "MERGE"`))
	is("new", "new", "new old tens ", map[string]string{"n": "10", "m": "2"})
	w.check(apply(`"ThingGroups": "REPLACE", "AttributePayload": "REPLACE"`))
	is("new", "new", "new tens ", map[string]string{"n": "10"})
	if diff := cmp.Diff([]string{id + " ACTIVE"}, w.ids()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var records []string // R-ID-88: one for each time that a device was provisioned
	w.check(w.store.Read(t.Context(), func(r store.Reader) error {
		pages, err := r.AuditPages(store.AuditQuery{Limit: 9})
		for _, page := range pages {
			for _, stored := range page.Records() {
				one, err := stored.Record()
				if err != nil {
					return err
				}
				records = append(records, fmt.Sprintf("%s %s %s %s", one.Operator.Name, one.Operation, one.Resource, one.After))
			}
		}
		return err
	}))
	one := `drover ProvisionDevice thing/a {"thingName":"a","certificateId":"` + id + `"}`
	if diff := cmp.Diff([]string{one, one, one}, records); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	attached, err := w.Identity.CertificatesOf(t.Context(), "a", 2)
	if err != nil || len(attached) != 1 {
		t.Errorf("attached are %v, %v", attached, err)
	}
	other := strings.Replace(body(""), `{"Ref": "AWS::IoT::Certificate::CommonName"}`, `"b"`, 1)
	err = provision(other)
	if !fault.Is(err, fault.Invalid) { // the certificate is exclusively that of the first
		t.Errorf("another thing: %v", err)
	}
	is("new", "new", "new tens ", map[string]string{"n": "10"})
}

const id = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// There are as many templates as there may be, and no more.
func TestTemplatesAreBounded(t *testing.T) { // R-ID-76
	t.Parallel()
	w := newWorld(t)
	const body = `{"Resources": {"c": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": "x"}}}}`
	create := func(i int) error {
		_, err := w.Provision.CreateTemplate(t.Context(), registry.ProvisioningTemplate{Name: fmt.Sprint(i), Kind: registry.FleetProvisioning}, body, nil)
		return err
	}
	for i := range registry.MaxProvisioningTemplates {
		w.check(create(i))
	}
	if err := create(-1); !fault.Is(err, fault.Limit) {
		t.Errorf("one more: %v", err)
	}
}

// A template for just-in-time provisioning is of that type, and enabled.
func TestJITTemplate(t *testing.T) { // R-ID-76
	t.Parallel()
	w := newWorld(t)
	w.write(store.Changes{Registry: store.RegistryChanges{Certificates: []registry.Certificate{{ID: id, Status: pending}}}})
	body := func(certificate string) string {
		return `{"Resources": {"c": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": ` + certificate + `}}}}`
	}
	const own = `{"Ref": "AWS::IoT::Certificate::Id"}`
	for name, one := range map[string]registry.ProvisioningTemplate{
		"jit":   {Kind: registry.JITProvisioning, Enabled: true},
		"off":   {Kind: registry.JITProvisioning},
		"fleet": {Kind: registry.FleetProvisioning, Enabled: true},
	} {
		one.Name = name
		_, err := w.Provision.CreateTemplate(t.Context(), one, body(own), nil)
		w.check(err)
	}
	provision := func(from registry.RegistrationConfig) error {
		return w.Provision.Commits.Do(t.Context(), func(tx *commit.Tx) error {
			_, err := w.Provision.ProvisionFirst(tx, from, registry.Certificate{ID: id, Status: pending}, &x509.Certificate{}, registry.DefaultScope)
			return err
		})
	}
	for name, want := range map[string]fault.Code{"off": fault.Invalid, "fleet": fault.Invalid, "none": fault.NotFound} {
		if err := provision(registry.RegistrationConfig{TemplateName: name}); !fault.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := provision(registry.RegistrationConfig{TemplateBody: body(`"` + strings.Repeat("a", 64) + `"`)}); !fault.Is(err, fault.Invalid) {
		t.Errorf("another certificate: %v", err)
	}
	if diff := cmp.Diff([]string{id + " PENDING_ACTIVATION"}, w.ids()); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	w.check(provision(registry.RegistrationConfig{TemplateName: "jit"}))
	if diff := cmp.Diff([]string{id + " ACTIVE"}, w.ids()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A temporary claim is no certificate of a device: RegisterThing would keep it for good.
func TestRegisterClaim(t *testing.T) { // R-ID-85, R-ID-86
	t.Parallel()
	w := newWorld(t)
	w.write(store.Changes{Registry: store.RegistryChanges{
		Certificates:          []registry.Certificate{{ID: id, Status: registry.CertificateActive}},
		TemporaryCertificates: []registry.TemporaryCertificate{{Certificate: id, Until: time.Now().Add(time.Hour), Policy: "{}"}},
	}})
	plan := provisioning.Plan{Certificate: provisioning.Certificate{ID: id, Status: registry.CertificateActive}}
	_, err := w.Provision.Register(t.Context(), plan, nil, registry.DefaultScope, time.Now())
	if !fault.Is(err, fault.RegistrationFailed) {
		t.Errorf("got %v", err)
	}
	w.check(w.store.Read(t.Context(), func(r store.Reader) error {
		_, err := r.TemporaryCertificate(id)
		return err
	}))
}
