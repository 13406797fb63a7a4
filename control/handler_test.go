package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
)

// allOperations describes the operations of the control plane.
func allOperations() (all []*schema.Description) {
	for _, service := range services {
		all = append(all, service.All()...)
	}
	return all
}

// anybody may call every operation.
func anybody(*schema.Description) error { return nil }

// ask sends a request to a handler.
func ask(t *testing.T, h *Handler, method, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.Serve(t.Context(), w, httptest.NewRequest(method, target, nil), []byte(body), anybody)
	return w
}

// Every operation that is described has a method: a plane that lacks one does not start (R-CMD-141).
func TestEveryOperationHasAMethod(t *testing.T) {
	t.Parallel()
	r := schema.NewRouter(services...)
	new(Plane).Bind(r)
	r.CheckBound()
}

// An operation that AWS IoT has and Drover has not is refused by its name (R-ID-46), as the transfer of
// certificates between accounts (R-ID-19).
func TestNotOffered(t *testing.T) {
	t.Parallel()
	h := newScenario(t).handler
	for target, name := range map[string]string{
		"PATCH /thing-types/a": "UpdateThingType", "PUT /commands/b": "CreateCommand",
		"GET /indices/AWS_Things": "DescribeIndex", "PATCH /transfer-certificate/a": "TransferCertificate",
	} {
		method, path, _ := strings.Cut(target, " ")
		w := ask(t, h, method, path, "{}")
		want := `{"message":"` + name + ` is not offered by Drover"}`
		if w.Code != 404 || w.Body.String() != want {
			t.Errorf("%s: %d %s, want %s", target, w.Code, w.Body, want)
		}
	}
}

// What cannot be answered is refused with the exception of the API (R-ERR-2, R-WIRE-8, R-ID-46).
func TestServe(t *testing.T) {
	t.Parallel()
	h := newScenario(t).handler
	for _, tt := range []struct {
		name, method, target, body string
		status                     int
		exception                  string // "" for a response
	}{
		{"a response", "GET", "/things", "", 200, ""},
		{"no operation", "GET", "/nothing", "", 404, "UnknownOperationException"},
		{"no method", "PATCH", "/things", "", 404, "UnknownOperationException"},
		{"not offered", "PUT", "/commands/b", "{}", 404, "UnknownOperationException"},
		{"no method here", "PATCH", "/thing-types/a", "{}", 404, "UnknownOperationException"},
		{"no JSON", "POST", "/things/a", "{", 400, "InvalidRequestException"},
		{"a bad member", "GET", "/things?maxResults=0", "", 400, "InvalidRequestException"},
		{"not there", "GET", "/things/a", "", 404, "ResourceNotFoundException"},
	} {
		w := ask(t, h, tt.method, tt.target, tt.body)
		exception := w.Header().Get("x-amzn-ErrorType")
		if w.Code != tt.status || exception != tt.exception {
			t.Errorf("%s: %d %s, want %d %s", tt.name, w.Code, exception, tt.status, tt.exception)
		}
		if kind := w.Header().Get("Content-Type"); kind != "application/json" {
			t.Errorf("%s: content type %s", tt.name, kind)
		}
		var body struct{ Message string }
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Errorf("%s: %v in %s", tt.name, err, w.Body)
		}
		if (body.Message != "") != (tt.exception != "") {
			t.Errorf("%s: message %q", tt.name, body.Message)
		}
	}
}

// Each operation has a rate of its own (R-LIM-50).
func TestRate(t *testing.T) {
	t.Parallel()
	plane := newScenario(t).handler.plane
	limited := *plane
	limited.Rate = 0.001 // one request in a long time
	h := NewHandler(&limited, slog.New(slog.DiscardHandler))
	for i, want := range []int{http.StatusOK, http.StatusBadRequest} {
		w := ask(t, h, "GET", "/things", "")
		if w.Code != want {
			t.Errorf("request %d: %d %s, want %d", i+1, w.Code, w.Body, want)
		}
		if want != http.StatusOK && w.Header().Get("x-amzn-ErrorType") != "ThrottlingException" {
			t.Errorf("request %d: %s", i+1, w.Header().Get("x-amzn-ErrorType"))
		}
	}
	if w := ask(t, h, "GET", "/thing-types", ""); w.Code != http.StatusOK {
		t.Errorf("another operation: %d %s", w.Code, w.Body)
	}
	unlimited := NewHandler(plane, slog.New(slog.DiscardHandler))
	for range 100 {
		if w := ask(t, unlimited, "GET", "/things", ""); w.Code != http.StatusOK {
			t.Fatalf("without a rate: %d %s", w.Code, w.Body)
		}
	}
}

// The body of an exception names what exists already, and gives nothing away of what went wrong in
// the server, which is logged instead (R-ERR-3, R-ERR-4).
func TestRefuse(t *testing.T) {
	t.Parallel()
	exists := fault.New(fault.Exists, "thing a exists")
	exists.ResourceID, exists.ResourceKind, exists.ResourceName = "id", registry.KindThing, "a"
	for _, tt := range []struct {
		name   string
		err    error
		status int
		body   string
		logged string // a part of it; "" for nothing
	}{
		{
			"a fault", fault.New(fault.NotFound, "thing a does not exist"), 404,
			`{"message":"thing a does not exist"}`, "",
		},
		{
			"one with a resource", exists, 409,
			`{"message":"thing a exists","resourceId":"id",` +
				`"resourceArn":"arn:aws:iot:us-east-1:000000000000:thing/a"}`, "",
		},
		{
			"an error of the server", errors.New("disk 3 is broken"), 500,
			`{"message":"internal error"}`, `op=CreateThing request=the-id err="disk 3 is broken"`,
		},
	} {
		var log bytes.Buffer
		h := NewHandler(&Plane{Scope: registry.DefaultScope},
			slog.New(slog.NewTextHandler(&log, nil)))
		w := httptest.NewRecorder()
		w.Header().Set(requestIDHeader, "the-id") // as the gateway does (R-OBS-10)
		h.Refuse(t.Context(), w, iot.CreateThing.Describe(), tt.err)
		if w.Code != tt.status {
			t.Errorf("%s: %d, want %d", tt.name, w.Code, tt.status)
		}
		if diff := cmp.Diff(tt.body, w.Body.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if !strings.Contains(log.String(), tt.logged) || (log.Len() > 0) != (tt.logged != "") {
			t.Errorf("%s: logged %q, want %q", tt.name, log.String(), tt.logged)
		}
	}
}

// An error before any operation was found is logged without one.
func TestRefuseWithoutOperation(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := NewHandler(&Plane{Scope: registry.DefaultScope}, slog.New(slog.NewTextHandler(&log, nil)))
	w := httptest.NewRecorder()
	h.Refuse(t.Context(), w, nil, errors.New("the pipe broke"))
	logged := strings.Contains(log.String(), "the pipe broke")
	if w.Code != http.StatusInternalServerError || !logged {
		t.Errorf("%d, logged %q", w.Code, log.String())
	}
}

// Every operation that has a handler is in a story, apart from those whose answers are random.
func TestStoriesAreComplete(t *testing.T) {
	t.Parallel()
	told := map[string]bool{
		"CreateKeysAndCertificate": true, // TestIssued
		"CreateCertificateFromCsr": true, // TestIssued
	}
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`(?m)^[A-Z]\w+$`)
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range command.FindAllString(string(text), -1) {
			told[name] = true
		}
	}
	for _, op := range allOperations() {
		if !told[op.Name] {
			t.Errorf("%s is in no story", op.Name)
		}
	}
}
