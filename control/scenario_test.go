package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/internal/seal"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/registry/authorizer"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// Each file of testdata is one story: the operations that an operator calls, with the members of
// each request, and under each what was answered. It shows what stands where on the wire; what an
// operation does is tested in package engine. -rewrite writes the answers anew; the difference is
// the review.
func TestScenarios(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			datadriven.RunTest(t, path, s.do)
		})
	}
}

// scenario is a control plane over an engine that does nothing by itself, on a virtual clock.
type scenario struct {
	t           *testing.T
	engine      *engine.Engine
	clock       *clock.Virtual
	plane       *Plane
	handler     *Handler
	next        string            // the token that was answered last
	certificate string            // testdata/pump-07.crt, as JSON
	texts       *strings.Replacer // $CA and so on by other certificates of testdata, as JSON
	requests    int               // how many were made
	asked       func()            // called before each request, and answered after it; may be nil
	answered    func(op *schema.Description, w *httptest.ResponseRecorder)
}

// managed are the managed templates of the stories. There is one in two versions, and another one.
var managed = []string{
	`{"templateName": "AWS-Reboot", "templateVersion": "1.0", "description": "Restarts.",
	"environments": ["LINUX"], "documentParameters": [], "document": {"operation": "reboot"}}`,
	`{"templateName": "AWS-Reboot", "templateVersion": "1.1", "description": "Restarts later.",
	"environments": ["LINUX"], "documentParameters": [
		{"key": "delay", "description": "Seconds.", "regex": "[0-9]+", "example": "60",
		"optional": true}],
	"document": {"operation": "reboot", "delay": "${aws:iot:parameter:delay}"}}`,
	`{"templateName": "AWS-Download", "templateVersion": "1.0", "description": "Downloads.",
	"environments": ["LINUX", "WINDOWS"], "documentParameters": [],
	"document": {"operation": "download"}}`,
}

// answering answers as the services of authorizers in the stories do, by the user name.
type answering struct{}

func (answering) Test(
	_ context.Context, _ registry.Authorizer, q authorizer.Question,
) (authorizer.Grant, error) {
	switch q.ProtocolData.MQTT.Username {
	case "wrong":
		return authorizer.Read([]byte(`{"isAuthenticated": true, "principalId": "a b"}`))
	case "away":
		return authorizer.Grant{}, fault.New(fault.Unavailable, "the authorizer has not answered")
	case "stranger":
		return authorizer.Read([]byte(`{"isAuthenticated": false}`))
	}
	return authorizer.Read([]byte(`{"isAuthenticated": true, "principalId": "pump07",
		"refreshAfterInSeconds": 1, "disconnectAfterInSeconds": 90000, "context": {"a": 1},
		"policyDocuments": [{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
		"Action": "iot:Connect", "Resource": "*"}]}]}`))
}

func newScenario(t *testing.T) *scenario {
	t.Helper()
	return newScenarioOn(t, memory.Open())
}

// newScenarioOn is newScenario with a store of its own.
func newScenarioOn(t *testing.T, s store.Store) *scenario {
	t.Helper()
	var templates []job.ManagedTemplate
	for _, text := range managed {
		parsed, err := job.ParseManagedTemplate([]byte(text), "")
		if err != nil {
			t.Fatal(err)
		}
		templates = append(templates, parsed)
	}
	ordered, err := job.NewManagedTemplates(templates)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	now := clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	e := engine.New(engine.Config{
		Store:   s,
		Clock:   now,
		IDs:     &ids.Counting{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Managed: ordered,
		Objects: linkedDocuments{"s3://documents/job": `{"v": 1.0}`},
		Log:     log,
		Sinks:   engine.SinkConfig{Seal: sealing(t)},
		Stepped: true,

		AuditKept: 30 * 24 * time.Hour,
	})
	plane := &Plane{
		Jobs:     e.Jobs,
		Fleet:    e.Fleet,
		Identity: e.Identity,
		Tags:     e.Tags,
		Answers:  e.Answers,
		Records:  e.Records,
		Sinks:    e.Sinks,

		Provision: e.Provision,

		Now:     e.Now,
		RealNow: now.Now,
		Scope:   registry.DefaultScope,
		Managed: ordered,
		Issuer:  noIssuer{},

		Authorizers: answering{},

		DataHost: "data.example.org",
		JobsHost: "jobs.example.org",
		Pages:    Pages{Key: []byte("key")},
	}
	return &scenario{
		t:           t,
		engine:      e,
		clock:       now,
		plane:       plane,
		handler:     NewHandler(plane, log),
		certificate: certificateOf(t, "pump-07"),
		texts: strings.NewReplacer("$CA", certificateOf(t, "ca"),
			"$VERIFICATION", certificateOf(t, "verification"), "$SIGNED", certificateOf(t, "pump-09")),
	}
}

// certificateOf is a certificate of testdata as JSON: pump-07, which has signed itself, ca, and what
// that has signed: pump-09, and verification, with the registration code of a server whose first
// UUID that is.
func certificateOf(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".crt"))
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Trim(string(quoted), `"`)
}

// linkedDocuments are the documents of the stories that are given by link. No story names an object
// that is looked for.
type linkedDocuments map[string]string

func (l linkedDocuments) Document(_ context.Context, link string, _ int) (string, error) {
	if text, ok := l[link]; ok {
		return text, nil
	}
	return "", fault.New(fault.Invalid, "documentSource: %q: there is nothing (status 404)", link)
}

func (l linkedDocuments) Check(context.Context, string, []job.Object) error { return nil }

func (l linkedDocuments) Prepare(context.Context, string) {}

func (l linkedDocuments) Ready(string) error { return nil }

// do does one command of a story: advance, which lets time pass, or an operation.
func (s *scenario) do(_ *testing.T, d *datadriven.TestData) string {
	answer := ""
	if d.Cmd == "advance" {
		by, err := time.ParseDuration(d.CmdArgs[0].Key)
		if err != nil {
			d.Fatalf(s.t, "%v", err)
		}
		s.clock.Set(s.clock.Now().Add(by))
	} else {
		answer = s.call(d)
	}
	if err := s.engine.RunDue(s.t.Context()); err != nil {
		d.Fatalf(s.t, "%v", err)
	}
	return answer
}

// call calls an operation with the members that the input has. $NEXT in it is the token that was
// answered last, $PEM a certificate, and $CA, $VERIFICATION and $SIGNED others.
func (s *scenario) call(d *datadriven.TestData) string {
	op := described(d.Cmd)
	if op == nil {
		d.Fatalf(s.t, "%s is no operation", d.Cmd)
	}
	input := strings.ReplaceAll(d.Input, "$NEXT", s.next)
	input = s.texts.Replace(strings.ReplaceAll(input, "$PEM", s.certificate))
	members := map[string]any{}
	decoder := json.NewDecoder(strings.NewReader(input))
	decoder.UseNumber()
	if d.Input != "" {
		if err := decoder.Decode(&members); err != nil {
			d.Fatalf(s.t, "%v", err)
		}
	}
	return s.show(op, s.serve(op, members))
}

// serve has an operation answered, called with these members.
func (s *scenario) serve(
	op *schema.Description, members map[string]any,
) *httptest.ResponseRecorder {
	s.t.Helper()
	request, err := op.Address(func(m *schema.Member) (string, bool) {
		value, given := members[m.Name]
		return fmt.Sprint(value), given
	})
	if err != nil {
		s.t.Fatalf("%s: %v", op.Name, err)
	}
	inBody := maps.Clone(members)
	for _, m := range op.Input.Members {
		if m.In != schema.Body {
			delete(inBody, m.Name)
		}
	}
	body, err := json.Marshal(inBody)
	if err != nil {
		s.t.Fatalf("%s: %v", op.Name, err)
	}
	target := request.Path + "?" + request.RawQuery
	r := httptest.NewRequest(request.Method, target, nil)
	r.Header = request.Header
	w := httptest.NewRecorder()
	s.requests++
	if s.asked != nil {
		s.asked()
	}
	s.handler.Serve(WithCaller(s.t.Context(), Caller{
		Operator:  audit.Operator{KeyID: "AKIAALICE", Name: "alice"},
		Source:    "192.0.2.7",
		RequestID: fmt.Sprint("r-", s.requests),
	}), w, r, body, anybody)
	if s.answered != nil {
		s.answered(op, w)
	}
	return w
}

// described is the description of an operation by its name, nil for none.
func described(name string) *schema.Description {
	for _, op := range allOperations() {
		if op.Name == name {
			return op
		}
	}
	return nil
}

// show is an answer as the stories have it: the body of a response with a member a line, or the
// exception with its message. Tokens and certificates are named, not shown.
func (s *scenario) show(op *schema.Description, w *httptest.ResponseRecorder) string {
	text := w.Body.String()
	if w.Code != http.StatusOK {
		var refused struct{ Message string }
		if err := json.Unmarshal(w.Body.Bytes(), &refused); err != nil {
			s.t.Errorf("%s: %v in %s", op.Name, err, text)
		}
		return fmt.Sprintf("%d %s: %s", w.Code, w.Header().Get("x-amzn-ErrorType"), refused.Message)
	}
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		s.t.Errorf("%s: %v in %s", op.Name, err, text)
	}
	for _, name := range []string{"nextToken", "nextMarker"} {
		if token, ok := answer[name].(string); ok {
			s.next = token
			text = strings.ReplaceAll(text, token, "$NEXT")
		}
	}
	text = strings.ReplaceAll(text, s.certificate, "$PEM")
	text = strings.ReplaceAll(text, certificateOf(s.t, "ca"), "$CA")
	text = strings.ReplaceAll(text, certificateOf(s.t, "pump-09"), "$SIGNED")
	var shown bytes.Buffer
	if err := json.Indent(&shown, []byte(text), "", "  "); err != nil {
		s.t.Errorf("%s: %v in %s", op.Name, err, text)
	}
	return shown.String()
}

// sealing is a key for the secrets of sinks.
func sealing(t *testing.T) seal.Key {
	t.Helper()
	key, err := seal.Derive([]byte("a key of the tests"), "sinks")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// addDeadLetters has a sink have dead letters, numbered from 1 on, as failed attempts would.
func (s *scenario) addDeadLetters(name string, reasons ...string) {
	s.t.Helper()
	of, err := s.plane.Sinks.Describe(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	var c store.Changes
	for i, reason := range reasons {
		c.Sinks.DeadLetters = append(c.Sinks.DeadLetters, store.DeadLetter{
			Sink:   of.ID,
			ID:     int64(i + 1),
			Event:  store.Event{Topic: "$aws/events/job/j/completed", Payload: []byte("{}")},
			Reason: reason,
		})
	}
	err = s.plane.Sinks.Store.Write(s.t.Context(), func(tx store.Tx) error { return tx.Apply(c) })
	if err != nil {
		s.t.Fatal(err)
	}
}
