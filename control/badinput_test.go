package control

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// TestBadInput sends, for every operation and every member of it, one value on each side of each
// bound, a wrong type, a missing required member and an unknown one. What the answer must be
// follows from the description alone: what it refuses is InvalidRequestException 400 and names the
// member (R-ERR-5, R-ERR-11, R-WIRE-8, R-WIRE-9); what is inside every bound is not refused for a
// bound. Nothing is answered with a 500, and whatever is refused changes nothing.
func TestBadInput(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sent := 0
	for _, op := range allOperations() {
		for _, v := range variants(op) {
			sent++
			b.try(op, v)
		}
		if op.HasBody {
			for _, body := range badBodies {
				sent++
				b.tryBody(op, body)
			}
		}
	}
	t.Logf("%d requests", sent)
	if sent < 1200 {
		t.Errorf("only %d requests were made from the description", sent)
	}
}

// badBodies are bodies that are no JSON object, or one that is nested too deep.
var badBodies = []string{
	"[]", `"x"`, "1", "{", `{"a"`, `{"a":}`, "{}{}", "\x00",
	strings.Repeat(`{"a":`, 200) + strings.Repeat("}", 200),
}

// bench is a control plane over a store that tells when something is written.
type bench struct {
	t       *testing.T
	handler *Handler
	changes *atomic.Int64
}

func newBench(t *testing.T) *bench {
	changes := new(atomic.Int64)
	log := slog.New(slog.DiscardHandler)
	e := engine.New(engine.Config{
		Store:  watched{memory.Open(), changes},
		Clock:  clock.NewVirtual(time.Now()), // so that no commit stores the time
		IDs:    ids.Random{},
		Events: events.Renderer{Scope: registry.DefaultScope, IDs: ids.Random{}},
		Log:    log,
		Sinks:  engine.SinkConfig{Seal: sealing(t)},
	})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	b := &bench{
		t:       t,
		changes: changes,
		handler: NewHandler(&Plane{
			Jobs:     e.Jobs,
			Fleet:    e.Fleet,
			Identity: e.Identity,
			Tags:     e.Tags,
			Answers:  e.Answers,
			Records:  e.Records,
			Sinks:    e.Sinks,

			Provision: e.Provision,

			Now:     e.Now,
			RealNow: time.Now,
			Scope:   registry.DefaultScope,
			Issuer:  noIssuer{},

			Authorizers: answering{},

			DataHost: "localhost",
			JobsHost: "localhost",
			Pages:    Pages{Key: []byte("key")},
		}, log),
	}
	// Something for requests to find.
	if _, err := e.Fleet.CreateThing(ctx, fleet.NewThing{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Jobs.CreateJob(ctx, jobs.NewJob{
		ID:       "a",
		Document: "{}",
		Definition: job.Definition{
			Targets: []job.Target{job.ThingTarget(registry.DefaultScope, "a")},
		},
	}); err != nil {
		t.Fatal(err)
	}
	if err := e.WaitIdle(ctx); err != nil {
		t.Fatal(err)
	}
	return b
}

// noIssuer stands in for the device authority: what needs it is not in question here.
type noIssuer struct{}

func (noIssuer) NewKey() (*rsa.PrivateKey, error) { return nil, errNoIssuer }
func (noIssuer) Issue(any) ([]byte, error)        { return nil, errNoIssuer }
func (noIssuer) IssueUntil(any, time.Time) ([]byte, error) {
	return nil, errNoIssuer
}
func (noIssuer) Issued([]byte) (bool, error) { return false, nil }

var errNoIssuer = fmt.Errorf("no issuer")

// watched counts the writes that change something.
type watched struct {
	store.Store
	changes *atomic.Int64
}

func (w watched) Write(ctx context.Context, f func(store.Tx) error) error {
	return w.Store.Write(ctx, func(tx store.Tx) error { return f(watchedTx{tx, w.changes}) })
}

type watchedTx struct {
	store.Tx
	changes *atomic.Int64
}

func (tx watchedTx) Apply(c store.Changes) error {
	seen := c
	seen.Nodes = store.NodeChanges{} // striking out what was announced
	if !reflect.ValueOf(seen).IsZero() {
		tx.changes.Add(1)
	}
	return tx.Tx.Apply(c)
}

// try sends one variant and checks the answer.
func (b *bench) try(op *schema.Description, v variant) {
	b.t.Helper()
	request, err := op.Address(func(m *schema.Member) (string, bool) {
		value, given := v.values[m.Name]
		if text, isRaw := value.(raw); isRaw {
			return string(text), true
		}
		return fmt.Sprint(value), given
	})
	if err != nil {
		return // a path that cannot be written
	}
	body := map[string]any{}
	for name, value := range v.values {
		if m := op.Input.Member(name); m == nil || m.In == schema.Body {
			body[name] = value
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		b.t.Fatalf("%s %s %s: %v", op.Name, v.path, v.what, err)
	}
	what := fmt.Sprintf("%s, %s %s", op.Name, v.path, v.what)
	status, exception, message := b.send(what, request, string(text))
	member := v.path[:strings.IndexAny(v.path+".", "[.")]
	switch {
	case v.bad && (status != http.StatusBadRequest || exception != "InvalidRequestException"):
		b.t.Errorf("%s: %d %s %s, want 400 InvalidRequestException",
			what, status, exception, message)
	case v.bad && !strings.HasPrefix(message, member):
		b.t.Errorf("%s: the message does not name the member: %s", what, message)
	case !v.bad && b.byDescription(message):
		b.t.Errorf("%s: refused although it is inside the bounds: %d %s", what, status, message)
	}
}

// byDescription reports whether a message is one that the description's own checks write.
func (b *bench) byDescription(message string) bool {
	for _, words := range []string{
		" is not in ", " are not in ", "is refused: must", ": expected ", "bytes are more than",
		"is not allowed",
	} {
		if strings.Contains(message, words) {
			return true
		}
	}
	return false
}

// tryBody sends a body that is no JSON object (R-WIRE-8).
func (b *bench) tryBody(op *schema.Description, body string) {
	b.t.Helper()
	values := valid(op.Input).(map[string]any)
	request, err := op.Address(func(m *schema.Member) (string, bool) {
		value, given := values[m.Name]
		return fmt.Sprint(value), given
	})
	if err != nil {
		b.t.Fatal(err)
	}
	what := fmt.Sprintf("%s with the body %.20q", op.Name, body)
	status, exception, message := b.send(what, request, body)
	if status != http.StatusBadRequest || exception != "InvalidRequestException" {
		b.t.Errorf("%s: %d %s %s, want 400 InvalidRequestException",
			what, status, exception, message)
	}
}

// send makes one request. A refusal that changed something, and any 500, is an error.
func (b *bench) send(
	what string, request schema.Request, body string,
) (status int, exception, message string) {
	b.t.Helper()
	target := request.Path
	if request.RawQuery != "" {
		target += "?" + request.RawQuery
	}
	r := httptest.NewRequest(request.Method, target, strings.NewReader(body))
	r.Header = request.Header
	w := httptest.NewRecorder()
	before := b.changes.Load()
	b.handler.Serve(b.t.Context(), w, r, []byte(body), anybody)
	var answer struct{ Message string }
	_ = json.Unmarshal(w.Body.Bytes(), &answer) // a success has no message
	if w.Code >= 500 && !strings.Contains(what, "CreateKeysAndCertificate") {
		b.t.Errorf("%s: answered %d %s", what, w.Code, answer.Message)
	}
	if changed := b.changes.Load() - before; w.Code >= 400 && changed > 0 {
		b.t.Errorf("%s: refused with %d, and %d writes changed something", what, w.Code, changed)
	}
	return w.Code, w.Header().Get("x-amzn-ErrorType"), answer.Message
}
