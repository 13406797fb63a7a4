package provision

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/internal/seal"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/policy"
	"github.com/drover-iot/drover/registry/provisioning"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

const fleetTemplate = `{
	"Parameters": {"Serial": {"Type": "String"}, "Site": {"Type": "String", "Default": "north"}},
	"Resources": {
		"thing": {"Type": "AWS::IoT::Thing", "Properties": {
			"ThingName": {"Fn::Sub": "pump-${Serial}"}, "AttributePayload": {"site": {"Ref": "Site"}}}},
		"certificate": {"Type": "AWS::IoT::Certificate", "Properties": {
			"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"}},
		"policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "jobs"}}},
	"DeviceConfiguration": {"url": "https://h/?a=1&b=2", "port": 8883, "site": {"Ref": "Site"}}}`

// authority is one device authority for all tests: its key takes a while to make.
var authority = sync.OnceValues(func() (*tlsutil.Authority, error) {
	return tlsutil.New("test", tlsutil.NewRSAKey)
})

type issuer struct{ ca *tlsutil.Authority }

func (i issuer) NewKey() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }
func (i issuer) Issue(public any) ([]byte, error) { return i.ca.IssueDevice(public) }

// world is a plane over an engine, with a template named fleet and a policy named jobs.
type world struct {
	*Plane
	t      *testing.T
	engine *engine.Engine
	store  store.Store
	deaf   bool // the client subscribes to nothing
	key    string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ca, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	s := memory.Open()
	e := engine.New(engine.Config{
		Store:   s,
		Clock:   clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
		IDs:     &ids.Counting{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:     log,
		Stepped: true,
	})
	key, text := seal.NewKey()
	w := &world{t: t, engine: e, store: s, key: text, Plane: &Plane{
		UseCases: e.Provision,
		Issuer:   issuer{ca},
		Tokens:   key,
		Scope:    registry.DefaultScope,
		Log:      log,
	}}
	w.template("fleet", fleetTemplate, nil)
	const document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}`
	if _, err := e.Identity.CreatePolicy(t.Context(), "jobs", document, nil); err != nil {
		t.Fatal(err)
	}
	return w
}

// template creates a template that is enabled, unless change makes it another one.
func (w *world) template(name, body string, change func(*registry.ProvisioningTemplate)) {
	w.t.Helper()
	wanted := registry.ProvisioningTemplate{
		Name:    name,
		Kind:    registry.FleetProvisioning,
		Enabled: true,
		RoleARN: "arn:aws:iam::000000000000:role/r",
	}
	if change != nil {
		change(&wanted)
	}
	if _, err := w.engine.Provision.CreateTemplate(w.t.Context(), wanted, body, nil); err != nil {
		w.t.Fatal(err)
	}
}

const claim = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

var connections atomic.Uint64 // a new one for each request, unless it is what is tested

// ask makes a request of a client that hears all answers, in the form of the topic, and returns the
// end of the answer's topic and its payload as JSON has it.
func (w *world) ask(topic string, payload any) (outcome string, answer map[string]any) {
	w.t.Helper()
	form := forms[topic[strings.LastIndex(topic, "/")+1:]]
	body, err := form.write(payload)
	if raw, ok := payload.(string); ok {
		body = []byte(raw)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	reply, got := w.Answer(w.t.Context(), Request{
		Topic:      topic,
		Payload:    body,
		Connection: connections.Add(1),
		ClientID:   "factory",
		Principal:  claim,
		Hears:      func(string) bool { return !w.deaf },
	})
	if reply == "" {
		return "", nil
	}
	answer = map[string]any{}
	if form == forms["cbor"] {
		err = plainMaps.Unmarshal(got, &answer)
	} else {
		err = json.Unmarshal(got, &answer)
	}
	if err != nil {
		w.t.Fatalf("%s: %q: %v", reply, got, err)
	}
	return strings.TrimPrefix(reply, topic+"/"), answer
}

// plainMaps reads maps as JSON has them.
var plainMaps = must(cbor.DecOptions{DefaultMapType: reflect.TypeFor[map[string]any]()}.DecMode())

// certificate asks for one, and returns its id and its token.
func (w *world) certificate() (id, token string) {
	w.t.Helper()
	outcome, answer := w.ask("$aws/certificates/create-from-csr/json", map[string]any{"certificateSigningRequest": csr(w.t)})
	if outcome != "accepted" {
		w.t.Fatal(outcome, answer)
	}
	return answer["certificateId"].(string), answer["certificateOwnershipToken"].(string)
}

func (w *world) provision(template, token string, parameters any) (string, map[string]any) {
	w.t.Helper()
	return w.ask("$aws/provisioning-templates/"+template+"/provision/json",
		map[string]any{"certificateOwnershipToken": token, "parameters": parameters})
}

func csr(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// stored says what is registered: certificates with their statuses and what is attached to each, and
// things with their attributes.
func (w *world) stored() (all []string) {
	w.t.Helper()
	err := w.store.Read(w.t.Context(), func(r store.Reader) error {
		certificates, err := r.Certificates(store.IdentityQuery{Limit: 100, Ascending: true})
		if err != nil {
			return err
		}
		for _, c := range certificates {
			line := fmt.Sprint(c.ID[:8], " ", c.Status)
			attached, err := r.PoliciesOf(registry.CertificateTarget, c.ID)
			if err != nil {
				return err
			}
			for _, p := range attached {
				line += " " + p.Name
			}
			things, err := r.ThingsOfPrincipal(c.ID, "", 9)
			if err != nil {
				return err
			}
			for _, p := range things {
				line += " " + p.ThingName
			}
			all = append(all, line)
		}
		things, err := r.Things(store.ThingQuery{Limit: 100})
		for _, thing := range things {
			all = append(all, fmt.Sprint(thing.Name, " ", thing.Attributes))
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func (w *world) want(what string, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.stored()); diff != "" {
		w.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// A device gets a key and a certificate, is provisioned with it, and cannot be a second time; in both
// forms.
func TestProvision(t *testing.T) { // R-ID-45, R-ID-81, R-ID-82
	t.Parallel()
	for _, form := range []string{"json", "cbor"} {
		t.Run(form, func(t *testing.T) {
			w := newWorld(t)
			outcome, made := w.ask("$aws/certificates/create/"+form, map[string]any{})
			names := slices.Sorted(maps.Keys(made))
			if diff := cmp.Diff([]string{"certificateId", "certificateOwnershipToken", "certificatePem", "privateKey"}, names); outcome != "accepted" || diff != "" {
				t.Fatalf("%s (-want +got):\n%s", outcome, diff)
			}
			key, _ := pem.Decode([]byte(made["privateKey"].(string)))
			certificate, _ := pem.Decode([]byte(made["certificatePem"].(string)))
			parsed, err := x509.ParseCertificate(certificate.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			private, err := x509.ParsePKCS1PrivateKey(key.Bytes)
			if err != nil || !private.PublicKey.Equal(parsed.PublicKey) {
				t.Errorf("the key is not that of the certificate: %v", err)
			}
			id := made["certificateId"].(string)
			w.want("before", id[:8]+" PENDING_ACTIVATION")
			topic := "$aws/provisioning-templates/fleet/provision/" + form
			request := map[string]any{"certificateOwnershipToken": made["certificateOwnershipToken"],
				"parameters": map[string]any{"Serial": "7"}}
			outcome, got := w.ask(topic, request)
			text, err := json.Marshal(got)
			const want = `{"deviceConfiguration":{"port":8883,"site":"north","url":"https://h/?a=1\u0026b=2"},"thingName":"pump-7"}`
			if err != nil || outcome != "accepted" || !sameJSON(t, string(text), want) {
				t.Errorf("%s %s, %v", outcome, text, err)
			}
			after := []string{id[:8] + " ACTIVE jobs pump-7", "pump-7 map[site:north]"}
			w.want("after", after...)
			outcome, got = w.ask(topic, request)
			if outcome != "rejected" || got["errorCode"] != "InvalidCertificateOwnershipToken" || fmt.Sprint(got["statusCode"]) != "400" {
				t.Errorf("again: %s %v", outcome, got)
			}
			w.want("again", after...)
		})
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var left, right any
	if err := errors.Join(json.Unmarshal([]byte(a), &left), json.Unmarshal([]byte(b), &right)); err != nil {
		t.Fatal(err)
	}
	return cmp.Equal(left, right)
}

// A request of a client that would not hear the answer does nothing (R-ID-80).
func TestDeafClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deaf = true
	var counted []string
	w.Plane.Answered = func(operation, code string, _ time.Duration) {
		counted = append(counted, operation+" "+code)
	}
	if outcome, _ := w.ask("$aws/certificates/create/json", map[string]any{}); outcome != "" {
		t.Errorf("answered %s", outcome)
	}
	w.want("nothing")
	w.deaf = false
	w.ask("$aws/certificates/create/json", map[string]any{})
	w.ask("$aws/certificates/create-from-csr/json", map[string]any{})
	want := []string{"CreateKeysAndCertificate NotSubscribed", "CreateKeysAndCertificate ", "CreateCertificateFromCsr InvalidRequest"}
	if diff := cmp.Diff(want, counted); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

// Every refusal leaves all as it was: the certificate waits, and its token is still good at the end.
func TestRefusals(t *testing.T) { // R-ID-78, R-ID-82, R-ID-83, R-ID-84
	t.Parallel()
	w := newWorld(t)
	id, good := w.certificate()
	late, err := token(w.Tokens, id, time.Now().Add(-time.Second))
	if err != nil {
		t.Fatal(err)
	}
	strangersKey, _ := seal.NewKey()
	forged, err := token(strangersKey, id, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := token(w.Tokens, strings.Repeat("ab", 32), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	w.template("off", fleetTemplate, func(p *registry.ProvisioningTemplate) { p.Enabled = false })
	w.template("jit", fleetTemplate, func(p *registry.ProvisioningTemplate) { p.Kind = registry.JITProvisioning })
	w.template("fixed", strings.Replace(fleetTemplate, `{"Ref": "AWS::IoT::Certificate::Id"}`, `"`+claim+`"`, 1), nil)
	w.template("lost", strings.Replace(fleetTemplate, `"jobs"`, `"none"`, 1), nil)
	w.template("typed", strings.Replace(fleetTemplate, `"ThingName"`, `"ThingTypeName": "none", "ThingName"`, 1), nil)
	w.template("grouped", strings.Replace(fleetTemplate, `"ThingName"`, `"ThingGroups": ["none"], "ThingName"`, 1), nil)
	w.template("asks", fleetTemplate, func(p *registry.ProvisioningTemplate) {
		p.Hook = &registry.ProvisioningHook{Target: "https://hooks.example/"}
	})
	serial := map[string]any{"Serial": "7"}
	for _, row := range []struct {
		name, template, token string
		parameters            any
		status                int
		code, says            string
	}{
		{"no token", "fleet", "", serial, 400, "InvalidCertificateOwnershipToken", "not a token"},
		{"no base64", "fleet", "%", serial, 400, "InvalidCertificateOwnershipToken", "not a token"},
		{"a forged token", "fleet", forged, serial, 400, "InvalidCertificateOwnershipToken", "not a token"},
		{"an expired token", "fleet", late, serial, 400, "InvalidCertificateOwnershipToken", "expired"},
		{"a changed token", "fleet", good[:len(good)-3] + "AAA", serial, 400, "InvalidCertificateOwnershipToken", "not a token"},
		{"of no certificate", "fleet", unknown, serial, 400, "InvalidCertificateOwnershipToken", "not a token"},
		{"no template", "none", good, serial, 404, "ResourceNotFound", "none does not exist"},
		{"a template that is off", "off", good, serial, 400, "InvalidRequest", "off is not enabled"},
		{"a template for others", "jit", good, serial, 400, "InvalidRequest", "jit is of type JITP"},
		{"another certificate", "fixed", good, serial, 400, "InvalidRequest", "must be {\"Ref\""},
		{"no policy", "lost", good, serial, 404, "ResourceNotFound", "policy none"},
		{"no thing type", "typed", good, serial, 404, "ResourceNotFound", "thing type none"},
		{"no group", "grouped", good, serial, 404, "ResourceNotFound", "thing group none"},
		{"a hook that nobody can ask", "asks", good, serial, 403, "AccessDenied", "does not allow"},
		{"no parameters", "fleet", good, nil, 400, "InvalidRequest", "Serial is required"},
		{"a wrong parameter", "fleet", good, map[string]any{"Serial": "a/b"}, 400, "InvalidRequest", "ThingName"},
		{"a number", "fleet", good, map[string]any{"Serial": 7}, 400, "InvalidRequest", "parameters"},
		{"a long parameter", "fleet", good, map[string]any{"Serial": strings.Repeat("7", 4097)}, 400, "InvalidRequest", "4097 bytes"},
		{"a text for parameters", "fleet", good, "Serial", 400, "InvalidRequest", "parameters"},
	} {
		outcome, got := w.provision(row.template, row.token, row.parameters)
		message, _ := got["errorMessage"].(string)
		if outcome != "rejected" || got["statusCode"] != float64(row.status) || got["errorCode"] != row.code ||
			!strings.Contains(message, row.says) {
			t.Errorf("%s: %s %v, want %d %s %q", row.name, outcome, got, row.status, row.code, row.says)
		}
		w.want(row.name, id[:8]+" PENDING_ACTIVATION")
	}
	for topic, payload := range map[string]string{
		"$aws/provisioning-templates/fleet/provision/json": "[]",
		"$aws/provisioning-templates/fleet/provision/cbor": "{}",
		"$aws/certificates/create/json":                    "x",
		"$aws/certificates/create/cbor":                    "\x80",
		"$aws/certificates/create-from-csr/json":           "",
		"$aws/certificates/create-from-csr/cbor":           "\xa1\x78\x19certificateSigningRequest\x61x",
	} {
		if outcome, got := w.ask(topic, payload); outcome != "rejected" || got["errorCode"] != "InvalidRequest" {
			t.Errorf("%s %q: %s %v", topic, payload, outcome, got)
		}
	}
	w.want("payloads", id[:8]+" PENDING_ACTIVATION")
	if outcome, got := w.provision("fleet", good, serial); outcome != "accepted" {
		t.Errorf("in the end: %s %v", outcome, got)
	}
}

// Of two requests with one token, in one commit, one is answered.
func TestTokenTwiceAtOnce(t *testing.T) { // R-ID-82
	t.Parallel()
	w := newWorld(t)
	id, good := w.certificate()
	outcomes := map[string]int{}
	var mu sync.Mutex
	ask := func(serial string) func() {
		return func() {
			outcome, _ := w.provision("fleet", good, map[string]any{"Serial": serial})
			mu.Lock()
			defer mu.Unlock()
			outcomes[outcome]++
		}
	}
	w.engine.Provision.Commits.Together(ask("7"), ask("8"))
	if diff := cmp.Diff(map[string]int{"accepted": 1, "rejected": 1}, outcomes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.want("one", id[:8]+" ACTIVE jobs pump-7", "pump-7 map[site:north]")
}

// A token is good on another server that has the secrets of this one, and not when the certificate
// was deleted or activated by an operator.
func TestTokenElsewhere(t *testing.T) { // R-ID-82
	t.Parallel()
	w := newWorld(t)
	_, good := w.certificate()
	same, err := seal.ParseKey(w.key)
	if err != nil {
		t.Fatal(err)
	}
	w.Tokens = same // as after a restart
	if outcome, got := w.provision("fleet", good, map[string]any{"Serial": "7"}); outcome != "accepted" {
		t.Errorf("after a restart: %s %v", outcome, got)
	}
	for what, change := range map[string]func(id string) error{
		"activated": func(id string) error {
			return w.engine.Identity.SetCertificateStatus(t.Context(), id, registry.CertificateActive)
		},
		"deleted": func(id string) error { return w.engine.Identity.DeleteCertificate(t.Context(), id, false) },
	} {
		id, good := w.certificate()
		if err := change(id); err != nil {
			t.Fatal(err)
		}
		outcome, got := w.provision("fleet", good, map[string]any{"Serial": "8"})
		if outcome != "rejected" || got["errorCode"] != "InvalidCertificateOwnershipToken" {
			t.Errorf("%s: %s %v", what, outcome, got)
		}
	}
}

// The hook of a template is asked what the vendor's function is asked, and decides.
func TestHook(t *testing.T) { // R-ID-84
	t.Parallel()
	w := newWorld(t)
	w.template("asks", fleetTemplate, func(p *registry.ProvisioningTemplate) {
		p.Hook = &registry.ProvisioningHook{Target: "https://hooks.example/may"}
	})
	id, good := w.certificate()
	var refused []string
	w.engine.Provision.Refused = func(template, certificate string, err error) {
		refused = append(refused, fmt.Sprint(template, " ", certificate == id, " ", err))
	}
	answer, failure := "", error(nil)
	w.engine.Provision.Ask = func(_ context.Context, url string, question, into any) error {
		q := question.(provisioning.Question)
		text, err := json.Marshal(question)
		if err != nil {
			return err
		}
		want := `{"claimCertificateId":"` + claim + `","certificateId":"` + id + `","certificatePem":` + quoted(t, q.CertificatePEM) +
			`,"templateArn":"arn:aws:iot:us-east-1:000000000000:provisioningtemplate/asks","clientId":"factory","parameters":{"Secret":"s","Serial":"7"}}`
		if string(text) != want || url != "https://hooks.example/may" || !strings.HasPrefix(q.CertificatePEM, "-----BEGIN CERTIFICATE") {
			t.Errorf("%s was asked %s, want %s", url, text, want)
		}
		if failure != nil {
			return failure
		}
		return json.Unmarshal([]byte(answer), into)
	}
	given := map[string]any{"Serial": "7", "Secret": "s"}
	for _, row := range []struct {
		name, answer string
		failure      error
		want         string
	}{
		{"no answer", "", errors.New("answered 500"), "asks true answered 500"},
		{"not allowed", `{"allowProvisioning": false}`, nil, "asks true <nil>"},
		{"nothing", `{}`, nil, "asks true the answer has no allowProvisioning"},
		{"a parameter that is too long", `{"allowProvisioning": true, "parameterOverrides": {"Site": "` + strings.Repeat("x", 5000) + `"}}`, nil,
			"asks true Invalid: parameters: the value of Site has 5000 bytes, at most 4096 are allowed"},
	} {
		answer, failure, refused = row.answer, row.failure, nil
		outcome, got := w.provision("asks", good, given)
		if outcome != "rejected" || got["statusCode"] != 403.0 || got["errorCode"] != "AccessDenied" || !cmp.Equal(refused, []string{row.want}) {
			t.Errorf("%s: %s %v, log %q", row.name, outcome, got, refused)
		}
		w.want(row.name, id[:8]+" PENDING_ACTIVATION")
	}
	answer, failure = `{"allowProvisioning": true, "parameterOverrides": {"Site": "south"}}`, nil
	if outcome, got := w.provision("asks", good, given); outcome != "accepted" {
		t.Errorf("allowed: %s %v", outcome, got)
	}
	w.want("allowed", id[:8]+" ACTIVE jobs pump-7", "pump-7 map[site:south]")
}

func quoted(t *testing.T, text string) string {
	t.Helper()
	made, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(made)
}

// While a hook is asked nothing else waits, and what has changed meanwhile counts.
func TestChangeWhileHookIsAsked(t *testing.T) { // R-ID-84
	t.Parallel()
	w := newWorld(t)
	w.template("asks", fleetTemplate, func(p *registry.ProvisioningTemplate) {
		p.Hook = &registry.ProvisioningHook{Target: "https://hooks.example/"}
	})
	id, good := w.certificate()
	w.engine.Provision.Ask = func(ctx context.Context, _ string, _, into any) error {
		off := false
		if err := w.engine.Provision.UpdateTemplate(ctx, "asks", registry.ProvisioningUpdate{Enabled: &off}); err != nil {
			return err
		}
		return json.Unmarshal([]byte(`{"allowProvisioning": true}`), into)
	}
	outcome, got := w.provision("asks", good, map[string]any{"Serial": "7"})
	if message, _ := got["errorMessage"].(string); outcome != "rejected" || !strings.Contains(message, "not enabled") {
		t.Errorf("%s %v", outcome, got)
	}
	w.want("nothing", id[:8]+" PENDING_ACTIVATION")
}

// What a connection, and all together, may ask for in a second is bounded; who is nobody in
// particular may ask for nothing.
func TestBounds(t *testing.T) { // R-ID-83, R-ID-87
	t.Parallel()
	w := newWorld(t)
	ask := func(connection uint64, principal string) map[string]any {
		_, body := w.Answer(t.Context(), Request{
			Topic:      "$aws/certificates/create-from-csr/json",
			Payload:    []byte(`{}`),
			Connection: connection,
			Principal:  principal,
			Hears:      func(string) bool { return true },
		})
		var answer map[string]any
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	for range perConnection {
		if got := ask(1, claim); got["errorCode"] != "InvalidRequest" {
			t.Fatalf("within the rate: %v", got)
		}
	}
	if got := ask(1, claim); got["statusCode"] != 429.0 || got["errorCode"] != "Throttling" {
		t.Errorf("beyond the rate: %v", got)
	}
	if got := ask(2, claim); got["errorCode"] != "InvalidRequest" {
		t.Errorf("another connection: %v", got)
	}
	w.Rate = rates.PerSecond(1)
	ask(3, claim)
	if got := ask(4, claim); got["statusCode"] != 429.0 {
		t.Errorf("all together: %v", got)
	}
	if got := ask(5, ""); got["statusCode"] != 403.0 || got["errorCode"] != "AccessDenied" {
		t.Errorf("nobody: %v", got)
	}
	for i := range uint64(3 * fewConnections) {
		_ = w.turns.check(100 + i)
	}
	for _, a := range w.turns.recent {
		a.last = a.last.Add(-2 * time.Minute)
	}
	for i := range uint64(3 * fewConnections) {
		_ = w.turns.check(1e6 + i)
	}
	if n := len(w.turns.recent); n > 4*fewConnections {
		t.Errorf("%d connections are remembered", n)
	}
}

func TestTopics(t *testing.T) { // R-ID-80
	t.Parallel()
	for topic, want := range map[string]string{
		"$aws/certificates/create/json":                                              "CreateKeysAndCertificate ",
		"$aws/certificates/create/cbor":                                              "CreateKeysAndCertificate ",
		"$aws/certificates/create-from-csr/json":                                     "CreateCertificateFromCsr ",
		"$aws/provisioning-templates/a_B-9/provision/cbor":                           "RegisterThing a_B-9",
		"$aws/certificates/create/xml":                                               "",
		"$aws/certificates/create/json/accepted":                                     "",
		"$aws/certificates/create":                                                   "",
		"$aws/certificates/":                                                         "",
		"$aws/provisioning-templates/a/provision/json/rejected":                      "",
		"$aws/provisioning-templates/a/provision":                                    "",
		"$aws/provisioning-templates/a/json":                                         "",
		"$aws/provisioning-templates//provision/json":                                "",
		"$aws/provisioning-templates/a b/provision/json":                             "",
		"$aws/provisioning-templates/" + strings.Repeat("a", 37) + "/provision/json": "",
		"$aws/things/a/jobs/get":                                                     "",
	} {
		r, ok := parseTopic(topic)
		got := ""
		if ok {
			got = fmt.Sprint(r.operation, " ", r.template)
		}
		if got != want || Claims(topic) != ok {
			t.Errorf("%s: %q, want %q", topic, got, want)
		}
	}
}

// FuzzPayload reads what a device might send, in both forms.
func FuzzPayload(f *testing.F) {
	for _, form := range forms {
		body, err := form.write(provisionRequest{CertificateOwnershipToken: "t", Parameters: map[string]string{"a": "b"}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(_ *testing.T, payload []byte) {
		for _, form := range forms {
			var in provisionRequest
			_ = form.read(payload, &in)
		}
	})
}

// A temporary claim may do what its template needs, and nothing else.
func TestClaimPolicy(t *testing.T) { // R-ID-86
	t.Parallel()
	w := newWorld(t)
	id, _ := w.certificate()
	text := provisioning.ClaimPolicy(registry.DefaultScope, "fleet")
	err := w.store.Write(t.Context(), func(tx store.Tx) error {
		return tx.Apply(store.Changes{Registry: store.RegistryChanges{
			TemporaryCertificates: []registry.TemporaryCertificate{{Certificate: id, Until: time.Now(), Policy: text}},
		}})
	})
	if err != nil {
		t.Fatal(err)
	}
	access, err := w.engine.Identity.Access(t.Context(), id, "factory")
	if err != nil || len(access.Policies) != 1 {
		t.Fatalf("%d policies, %v", len(access.Policies), err)
	}
	for request, want := range map[string]bool{
		"iot:Connect client/factory":                                                      true,
		"iot:Publish topic/$aws/certificates/create/json":                                 true,
		"iot:Publish topic/$aws/certificates/create-from-csr/cbor":                        true,
		"iot:Publish topic/$aws/provisioning-templates/fleet/provision/json":              true,
		"iot:Receive topic/$aws/provisioning-templates/fleet/provision/json/accepted":     true,
		"iot:Subscribe topicfilter/$aws/certificates/create/json/+":                       true,
		"iot:Subscribe topicfilter/$aws/provisioning-templates/fleet/provision/json/+":    true,
		"iot:Publish topic/$aws/provisioning-templates/other/provision/json":              false,
		"iot:Subscribe topicfilter/$aws/provisioning-templates/other/provision/json/+":    false,
		"iot:Subscribe topicfilter/$aws/provisioning-templates/+/provision/json/accepted": false,
		"iot:Publish topic/a/$aws/provisioning-templates/fleet/provision/json":            false,
		"iot:Publish topic/$aws/things/pump-7/jobs/get":                                   false,
		"iot:Subscribe topicfilter/#":                                                     false,
		"iotjobsdata:GetPendingJobExecutions thing/pump-7":                                false,
	} {
		action, resource, _ := strings.Cut(request, " ")
		got := policy.Evaluate(access.Policies, policy.Request{
			Action:   action,
			Resource: "arn:aws:iot:us-east-1:000000000000:" + resource,
		})
		if (got == policy.Allowed) != want {
			t.Errorf("%s: %v, want %v", request, got, want)
		}
	}
}
