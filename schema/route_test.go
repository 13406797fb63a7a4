package schema_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

type (
	groupRequest struct {
		Group string `json:"group" in:"path"`
	}
	memberRequest struct {
		Thing string `json:"thing"`
	}
	jobRequest struct {
		Job   string       `json:"job" in:"path"`
		Thing string       `json:"thing" in:"path"`
		All   *bool        `json:"all" in:"query" wire:"isAll"`
		Max   *sampleSmall `json:"max" in:"query"`
		Who   *string      `json:"who" in:"header" wire:"x-who"`
		Text  *sampleName  `json:"text"`
	}
	nextRequest struct {
		Thing string `json:"thing" in:"path"`
	}
	reply struct {
		Said string `json:"said"`
	}
)

var (
	describeGroup = schema.Op[groupRequest, reply]{Name: "DescribeGroup", Route: "GET /groups/{group}"}
	updateGroup   = schema.Op[groupRequest, reply]{Name: "UpdateGroup", Route: "PUT /groups/{group}"}
	addMember     = schema.Op[memberRequest, reply]{Name: "AddMember", Route: "PUT /groups/addMember"}
	describe      = schema.Op[jobRequest, reply]{Name: "Describe", Route: "PUT /things/{thing}/jobs/{job}"}
	startNext     = schema.Op[nextRequest, reply]{Name: "StartNext", Route: "PUT /things/{thing}/jobs/$next"}
	later         = schema.Op[schema.Nothing, schema.Nothing]{Name: "Later", Route: "GET /later"}

	routed = schema.Service{Name: "test", Operations: []schema.Operation{
		describeGroup, updateGroup, addMember, describe, startNext, later,
	}}
)

func TestMatch(t *testing.T) {
	t.Parallel()
	r := schema.NewRouter(&routed)
	for _, row := range []struct {
		rule, method, path string
		want               string // operation, or code of the fault
		labels             map[string]string
	}{
		{"R-WIRE-10", "GET", "/groups/a", "DescribeGroup", map[string]string{"group": "a"}},
		{"R-WIRE-10", "GET", "/groups/a%3Ab%2Fc", "DescribeGroup", map[string]string{"group": "a:b/c"}},
		{"R-WIRE-10", "GET", "/groups/a%253A", "DescribeGroup", map[string]string{"group": "a%3A"}},
		{"R-WIRE-10", "PUT", "/groups/addMember", "AddMember", nil},
		{"R-WIRE-10", "GET", "/groups/addMember", "DescribeGroup", map[string]string{"group": "addMember"}},
		{"R-HTTP-3", "PUT", "/things/t/jobs/$next", "StartNext", map[string]string{"thing": "t"}},
		{"R-HTTP-3", "PUT", "/things/t/jobs/%24next", "StartNext", map[string]string{"thing": "t"}},
		{"R-HTTP-3", "PUT", "/things/t/jobs/next", "Describe", map[string]string{"thing": "t", "job": "next"}},
		{"R-ID-1", "PUT", "/things/a%2Fb/jobs/j", "Describe", map[string]string{"thing": "a/b", "job": "j"}},
		{"R-HTTP-31", "DELETE", "/groups/a", "WrongMethod", nil},
		{"R-HTTP-31", "GET", "/things/t/jobs/$next", "WrongMethod", nil},
		{"R-WIRE-25", "GET", "/groups", "UnknownOperation", nil},
		{"R-WIRE-25", "GET", "/groups/a/", "UnknownOperation", nil},
		{"R-WIRE-25", "GET", "/groups/%zz", "UnknownOperation", nil},
		{"R-WIRE-25", "GET", "", "UnknownOperation", nil},
	} {
		m, err := r.Match(row.method, row.path)
		got := ""
		if f := fault.Of(err); f != nil {
			got = string(f.Code)
		} else {
			got = m.Name
		}
		if got != row.want {
			t.Errorf("%s: %s %s: got %s, want %s", row.rule, row.method, row.path, got, row.want)
			continue
		}
		for name, want := range row.labels {
			if got := m.Label(name); got != want {
				t.Errorf("%s: %s: label %s is %q, want %q", row.rule, row.path, name, got, want)
			}
		}
	}
}

func TestCall(t *testing.T) {
	t.Parallel()
	r := schema.NewRouter(&routed)
	var got jobRequest
	schema.Handle(r, describe, func(_ context.Context, in *jobRequest) (*reply, error) {
		got = *in
		return &reply{Said: "yes"}, nil
	})
	m, err := r.Match("PUT", "/things/t%201/jobs/j")
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"X-Who": {"me"}}
	call, err := m.Decode(schema.Parts{RawQuery: "isAll=TRUE&max=3&other=1", Header: header, Body: []byte(`{"text":"x","job":"no"}`)},
		schema.Decoding{})
	if err != nil {
		t.Fatal(err)
	}
	body, err := call.Do(t.Context())
	if err != nil || string(body) != `{"said":"yes"}` {
		t.Errorf("answer: %s, %v", body, err)
	}
	want := jobRequest{Job: "j", Thing: "t 1", All: new(true), Max: new(sampleSmall(3)), Who: new("me"), Text: new(sampleName("x"))}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestCallRefused(t *testing.T) {
	t.Parallel()
	r := schema.NewRouter(&routed)
	schema.Handle(r, describe, func(context.Context, *jobRequest) (*reply, error) { return &reply{}, nil })
	m, _ := r.Match("PUT", "/things/t/jobs/j")
	for _, row := range []struct {
		rule, query, body string
		code              fault.Code
		message           string
	}{
		{"R-WIRE-11", "isAll=yes", "", fault.Invalid, `all: expected true or false, got "yes"`},
		{"R-WIRE-11", "max=0x1", "", fault.Invalid, `max: expected an integer of 32 bits, got "0x1"`},
		{"R-WIRE-21", "max=11", "", fault.Invalid, "max: 11 is not in -1..10"},
		{"R-ERR-10", "max=11", `{"text":"X"}`, fault.Invalid, "max: 11 is not in -1..10"},
		{"R-ERR-9", "max=11", `{`, fault.Malformed, "the body is not valid JSON: it ends where a member name should stand, at byte 1"},
		{"R-ERR-11", "", `{"text":"X"}`, fault.Invalid, `text: the value "X" is refused: must match [a-z]+`},
	} {
		_, err := m.Decode(schema.Parts{RawQuery: row.query, Body: []byte(row.body)}, schema.Decoding{})
		if f := fault.Of(err); f == nil || f.Code != row.code || f.Message != row.message {
			t.Errorf("%s: %s %s: got %v, want %s: %s", row.rule, row.query, row.body, err, row.code, row.message)
		}
	}
}

// A service of which an operation has no handler does not start, and the panic names it.
func TestCheckBound(t *testing.T) {
	t.Parallel()
	r := schema.NewRouter(&schema.Service{Name: "two", Operations: []schema.Operation{describe, startNext}})
	schema.Handle(r, describe, func(context.Context, *jobRequest) (*reply, error) { return &reply{}, nil })
	panicked := func() (text any) {
		defer func() { text = recover() }()
		r.CheckBound()
		return nil
	}
	want := "schema: two: no handler for " + startNext.Name
	if got := panicked(); got != want {
		t.Errorf("got %v, want %s", got, want)
	}
	schema.Handle(r, startNext, func(context.Context, *nextRequest) (*reply, error) { return &reply{}, nil })
	if got := panicked(); got != nil {
		t.Errorf("all have one: %v", got)
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	got, err := describe.Describe().Request(&jobRequest{Job: "$next", Thing: "t 1:é/", All: new(false), Who: new("me"), Max: new(sampleSmall(5))})
	if err != nil {
		t.Fatal(err)
	}
	want := schema.Request{
		Method: "PUT", Path: "/things/t%201%3A%C3%A9%2F/jobs/%24next", RawQuery: "isAll=false&max=5",
		Header: http.Header{"X-Who": {"me"}}, Body: []byte("{}"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("R-CMD-63 to R-CMD-65 (-want +got):\n%s", diff)
	}
	next, err := startNext.Describe().Request(&nextRequest{Thing: "t"})
	if err != nil || next.Path != "/things/t/jobs/$next" || next.Body != nil {
		t.Errorf("R-CMD-63: got %+v, %v", next, err)
	}
	if _, err := startNext.Describe().Request(&nextRequest{}); err == nil {
		t.Error("a path without its label is accepted")
	}
}

// A router may have the operations of several services: each is found by its path, and called.
func TestServicesOfOneRouter(t *testing.T) {
	t.Parallel()
	own := schema.Op[groupRequest, reply]{Name: "Pause", Route: "PATCH /own/{group}"}
	r := schema.NewRouter(&routed, &schema.Service{Name: "own", Operations: []schema.Operation{own}})
	say := func(word string) func(context.Context, *groupRequest) (*reply, error) {
		return func(context.Context, *groupRequest) (*reply, error) { return &reply{Said: word}, nil }
	}
	schema.Handle(r, own, say("own"))
	schema.Handle(r, describeGroup, say("vendor"))
	for path, want := range map[string]string{"PATCH /own/a": `{"said":"own"}`, "GET /groups/a": `{"said":"vendor"}`} {
		method, rest, _ := strings.Cut(path, " ")
		m, err := r.Match(method, rest)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		call, err := m.Decode(schema.Parts{}, schema.Decoding{})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if got, err := call.Do(t.Context()); string(got) != want || err != nil {
			t.Errorf("%s: %s, %v", path, got, err)
		}
	}
}
