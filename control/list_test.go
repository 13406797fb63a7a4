package control

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/schema"
)

// pagedOperations are the operations that page. SearchIndex pages although the model of the API does
// not name it.
func pagedOperations() (paged []*schema.Description) {
	for _, op := range allOperations() {
		if op.Page != nil {
			paged = append(paged, op)
		}
	}
	search := iot.SearchIndex
	search.Page = searchPage
	return append(paged, search.Describe())
}

// Every operation that pages reads its token, and the token is bound to its own name and to all
// members that are filters: to no page size, but to every other member (R-WIRE-23).
func TestTokensAreBound(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pages := b.handler.plane.Pages
	paged := pagedOperations()
	if len(paged) < 18 {
		t.Errorf("only %d operations page", len(paged))
	}
	for _, op := range paged {
		base := valid(op.Input).(map[string]any)
		filters := b.page(op, base).Filters
		own := pages.seal(op.Name, filters, nil)
		refused := func(what, token, want string, values map[string]any) {
			values = maps.Clone(values)
			values[op.Page.In] = token
			message := b.message(op, values)
			if got := strings.HasPrefix(message, op.Page.In+": "); got != (want != "") {
				t.Errorf("%s, %s: answered %q, want %q", op.Name, what, message, want)
			}
			if !strings.Contains(message, want) {
				t.Errorf("%s, %s: answered %q, want %q", op.Name, what, message, want)
			}
		}
		refused("its own token", own, "", base)
		if op.Page.Size != "" {
			resized := maps.Clone(base)
			resized[op.Page.Size] = 1
			refused("another page size", own, "", resized)
		}
		refused("no token", "AAAA", "not a token", base)
		refused("the token of another operation",
			pages.seal(op.Name+"V2", filters, nil), "other filters", base)
		for _, m := range op.Input.Members {
			if m.Name != op.Page.In && m.Name != op.Page.Size {
				other := maps.Clone(base)
				other[m.Name] = another(m, base[m.Name])
				refused("another "+m.Name, own, "other filters", other)
			}
		}
	}
}

// another is a valid value of a member that differs from one, which may be absent.
func another(m *schema.Member, from any) any {
	if from == nil {
		return valid(m.Shape)
	}
	for _, sample := range samples {
		if sample != from && m.Shape.Constraint.Accepts(sample) {
			return sample
		}
	}
	panic(fmt.Sprintf("%s has one value only", m.Name))
}

// page is what a request asks for, as the handler reads it.
func (b *bench) page(op *schema.Description, values map[string]any) schema.PageRequest {
	b.t.Helper()
	request, body := b.request(op, values)
	match, err := b.handler.router.Match(request.Method, request.Path)
	if err != nil {
		b.t.Fatal(err)
	}
	call, err := match.Decode(schema.Parts{
		RawQuery: request.RawQuery,
		Header:   request.Header,
		Body:     []byte(body),
	}, schema.Decoding{})
	if err != nil {
		b.t.Fatal(err)
	}
	return op.ReadPage(call.In)
}

// message is that of the refusal of a request, "" when it is answered.
func (b *bench) message(op *schema.Description, values map[string]any) string {
	b.t.Helper()
	request, body := b.request(op, values)
	_, _, message := b.send(op.Name, request, body)
	return message
}

// request makes the request of an operation from the values of its members.
func (b *bench) request(op *schema.Description, values map[string]any) (schema.Request, string) {
	b.t.Helper()
	request, err := op.Address(func(m *schema.Member) (string, bool) {
		value, given := values[m.Name]
		return fmt.Sprint(value), given
	})
	if err != nil {
		b.t.Fatal(err)
	}
	body := map[string]any{}
	for name, value := range values {
		if m := op.Input.Member(name); m.In == schema.Body {
			body[name] = value
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	return request, string(text)
}

// The largest page is the default, and ListTagsForResource has no pages (R-WIRE-22, R-WIRE-24,
// R-ID-41).
func TestDefaultSizes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, op := range pagedOperations() {
		want := 250
		switch op.Name {
		case "ListTagsForResource":
			want = 0
		case "SearchIndex":
			want = 500
		}
		values := valid(op.Input).(map[string]any)
		if got := b.page(op, values).Size; got != want {
			t.Errorf("%s: %d items a page, want %d", op.Name, got, want)
		}
	}
}

// Lists go from page to page until the last item, each item once, and the last page has no token
// (R-WIRE-21 to R-WIRE-23).
func TestPageByPage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	plane := b.handler.plane
	want := []string{"a"}
	for i := range 6 {
		name := "t" + strconv.Itoa(i)
		want = append(want, name)
		if _, err := plane.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	for size := 1; size <= len(want)+1; size++ {
		var got []string
		pages := 0
		in := &iot.ListThingsRequest{MaxResults: new(iot.MaxResults(size))}
		for more := true; more; pages++ {
			out, err := plane.ListThings(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			for _, thing := range out.Things {
				got = append(got, string(thing.ThingName))
			}
			if more, err = iot.ListThings.Describe().NextPage(in, out); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", size, diff)
		}
		if full := (len(want) + size - 1) / size; pages != full {
			t.Errorf("pages of %d: %d of them, want %d", size, pages, full)
		}
	}
}

// A page shows as many items as were asked for, and has a token when more follow or when the search
// has stopped early.
func TestScan(t *testing.T) {
	t.Parallel()
	const size = 2
	for _, tt := range []struct {
		name    string
		found   []string
		stopped *string
		shown   []iot.ThingName
		next    *string // the cursor in the token
	}{
		{"nothing", nil, nil, []iot.ThingName{}, nil},
		{"a full page", []string{"a", "b"}, nil, []iot.ThingName{"a", "b"}, nil},
		{"one more", []string{"a", "b", "c"}, nil, []iot.ThingName{"a", "b"}, new("b")},
		{"all at once", []string{"a", "b", "c", "d"}, nil, []iot.ThingName{"a", "b"}, new("b")},
		{"stopped, empty", nil, new("x"), []iot.ThingName{}, new("x")},
		{"stopped, short", []string{"a"}, new("x"), []iot.ThingName{"a"}, new("x")},
		{
			"more than a page", []string{"a", "b", "c"}, new("x"),
			[]iot.ThingName{"a", "b"}, new("b"),
		},
	} {
		p := &Plane{Pages: Pages{Key: []byte("key")}}
		in := &iot.ListThingsInThingGroupRequest{
			ThingGroupName: "g",
			MaxResults:     new(iot.MaxResults(size)),
		}
		asked := 0
		var after *string
		page := func() *iot.ThingNames {
			out, err := scan(p, iot.ListThingsInThingGroup, in,
				func(from *string, limit int) ([]string, *string, error) {
					after, asked = from, limit
					return slices.Clone(tt.found), tt.stopped, nil
				},
				func(name string) string { return name },
				func(name string) iot.ThingName { return iot.ThingName(name) })
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			return out
		}
		out := page()
		if diff := cmp.Diff(tt.shown, out.Things); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if asked != size+1 || after != nil {
			t.Errorf("%s: asked for %d after %v, want %d", tt.name, asked, after, size+1)
		}
		if (out.NextToken != nil) != (tt.next != nil) {
			t.Errorf("%s: token %v, want one after %v", tt.name, out.NextToken, tt.next)
		}
		if in.NextToken = out.NextToken; in.NextToken != nil {
			page()
			if diff := cmp.Diff(tt.next, after); diff != "" {
				t.Errorf("%s: the next page (-want +got):\n%s", tt.name, diff)
			}
		}
	}
}

// What a list that is loaded whole shows on its next page.
func TestAfter(t *testing.T) {
	t.Parallel()
	name := func(s string) string { return s }
	for _, tt := range []struct {
		cursor *string
		want   []string
	}{
		{nil, []string{"a", "c", "e"}},
		{new(""), []string{"a", "c", "e"}},
		{new("a"), []string{"c", "e"}},
		{new("b"), []string{"c", "e"}},
		{new("e"), []string{}},
		{new("f"), []string{}},
	} {
		got := after([]string{"a", "c", "e"}, name, tt.cursor)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("after %v (-want +got):\n%s", value(tt.cursor), diff)
		}
	}
}

// BenchmarkList is one page of a list without the store: a token is read, items are shown, a token
// is made.
func BenchmarkList(b *testing.B) {
	b.ReportAllocs()
	p := &Plane{Pages: Pages{Key: []byte("key")}}
	things := []string{"a", "b", "c"}
	in := &iot.ListThingsInThingGroupRequest{
		ThingGroupName: "g",
		MaxResults:     new(iot.MaxResults(2)),
	}
	for b.Loop() {
		out, err := list(p, iot.ListThingsInThingGroup, in,
			func(*string, int) ([]string, error) { return things, nil },
			func(name string) string { return name },
			func(name string) iot.ThingName { return iot.ThingName(name) })
		if err != nil || len(out.Things) != 2 {
			b.Fatal(out, err)
		}
		in.NextToken = out.NextToken
	}
}
