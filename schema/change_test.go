package schema_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

type recordedText string

func (recordedText) Constraint() schema.Constraint { return schema.Length(0, 9).AsDigest() }

type recordedMap map[string]string

func (recordedMap) Constraint() schema.Constraint {
	return schema.Constraint{}.Each(schema.Length(0, 9).AsDigest())
}

type recordedPassword string

func (recordedPassword) Constraint() schema.Constraint { return schema.Length(0, 9).Unrecorded() }

type recordedInner struct {
	Document *recordedText     `json:"document"`
	Password *recordedPassword `json:"password"`
	Name     string            `json:"name"`
}

type recordedRequest struct {
	Group      sampleName        `json:"group" in:"path"`
	Force      *bool             `json:"force" in:"query"`
	Document   recordedText      `json:"document"`
	Documents  []recordedText    `json:"documents"`
	Parameters recordedMap       `json:"parameters"`
	Attributes map[string]string `json:"attributes"`
	Inner      *recordedInner    `json:"inner"`
	Password   *recordedPassword `json:"password"`
}

// A record has digests in the place of documents, wherever they stand, no passwords, and the members
// of the whole request but those that name the resource.
func TestRecord(t *testing.T) { // R-AUD-1, R-SNK-14
	t.Parallel()
	in := &recordedRequest{
		Group:      "g",
		Force:      new(true),
		Document:   "secret",
		Documents:  []recordedText{"secret", "s"},
		Parameters: recordedMap{"b": "secret", "a": "secret"},
		Attributes: map[string]string{"document": "shown"},
		Inner: &recordedInner{
			Document: new(recordedText("secret")), Password: new(recordedPassword("secret")), Name: "n",
		},
		Password: new(recordedPassword("secret")),
	}
	digest := func(text string) string { return fmt.Sprintf("%d bytes", len(text)) }
	got := string(schema.Record(in, digest, "group"))
	want := `{"force":true,"document":"6 bytes","documents":["6 bytes","1 bytes"],` +
		`"parameters":{"a":"6 bytes","b":"6 bytes"},"attributes":{"document":"shown"},` +
		`"inner":{"document":"6 bytes","name":"n"}}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := string(schema.Record(recordedRequest{}, digest)); got != `{"group":"","document":"0 bytes"}` {
		t.Errorf("an empty one is recorded as %s", got)
	}
}

// The name of what is changed is made of members, and the operation that shows it is asked with
// those of the same names.
func TestChange(t *testing.T) { // R-AUD-1
	t.Parallel()
	show := schema.Op[groupRequest, reply]{Name: "ShowGroup", Route: "GET /groups/{group}"}
	change := schema.Op[groupRequest, reply]{
		Name: "ChangeGroup", Route: "PUT /groups/{group}",
		Change: schema.Changes("group/{group}/x", show),
	}
	d := change.Describe()
	if diff := cmp.Diff([]string{"group"}, d.Change.Labels()); diff != "" || d.Change.New {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !schema.Creates("a").New {
		t.Error("what is created is not new")
	}
	service := &schema.Service{Name: "sample", Operations: []schema.Operation{show, change}}
	r := schema.NewRouter(service)
	asked := ""
	schema.Handle(r, show, func(_ context.Context, in *groupRequest) (*reply, error) {
		asked, _ = show.Describe().Text(in, "group")
		return &reply{}, nil
	})
	in := &groupRequest{}
	text := func(member string) (string, bool) { return "g1", member == "group" }
	if _, err := r.Ask(t.Context(), "ShowGroup", text); err != nil || asked != "g1" {
		t.Errorf("asked for %q, %v", asked, err)
	}
	name := schema.Named(d.Change.Resource, func(member string) string { return strings.ToUpper(member) })
	if name != "group/GROUP/x" {
		t.Errorf("named %q", name)
	}
	for _, operation := range []string{"ChangeGroup", "None"} { // one has no handler, one is none
		if _, err := r.Ask(t.Context(), operation, text); err == nil || fault.Of(err) != nil {
			t.Errorf("%s: %v", operation, err)
		}
	}
	if _, ok := d.Text(in, "none"); ok {
		t.Error("a member that is none has a text")
	}
}
