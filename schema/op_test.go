package schema_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/schema"
)

type (
	listRequest struct {
		Token *sampleName `json:"token" in:"query"`
		Max   *int32      `json:"max" in:"query"`
	}
	listResponse struct {
		Names []string `json:"names"`
		Token *string  `json:"token"`
	}
	plainListResponse struct {
		Names []string `json:"names" required:"true"`
		Token string   `json:"token"`
	}
)

var names = &schema.Page{In: "token", Size: "max", Out: "token", Items: "names"}

// An operation is described once, and operations of one name are told apart by their types.
func TestDescribe(t *testing.T) {
	t.Parallel()
	again := schema.Op[groupRequest, reply]{Name: "DescribeGroup", Route: "GET /groups/{group}"}
	if describeGroup.Describe() != again.Describe() {
		t.Error("one operation has two descriptions")
	}
	other := schema.Op[groupRequest, listResponse]{Name: "DescribeGroup", Route: "GET /groups/{group}"}
	if describeGroup.Describe() == other.Describe() {
		t.Error("two operations of one name have one description")
	}
	listed := schema.Op[listRequest, listResponse]{Name: "List", Route: "GET /names"}
	paged := listed
	paged.Page = names
	if listed.Describe().Page != nil || paged.Describe().Page != names {
		t.Error("an operation with and without its paging has one description")
	}
	if !routed.Has(describeGroup) || !routed.Has(again) || routed.Has(other) {
		t.Error("a service does not know its own operations")
	}
}

// The token of a response goes into the next request; without one the request stays as it was.
func TestNextPage(t *testing.T) {
	t.Parallel()
	list := schema.Op[listRequest, listResponse]{Name: "List", Route: "GET /names", Page: names}
	for _, row := range []struct {
		name  string
		token *string
		want  *sampleName
	}{
		{"another page", new("t2"), new(sampleName("t2"))},
		{"the last page", nil, new(sampleName("t1"))},
		{"an empty token", new(""), new(sampleName("t1"))},
	} {
		in := &listRequest{Token: new(sampleName("t1")), Max: new(int32(2))}
		more, err := list.Describe().NextPage(in, &listResponse{Token: row.token})
		if more != (*row.want == "t2") || err != nil {
			t.Errorf("%s: more is %v, %v", row.name, more, err)
		}
		if diff := cmp.Diff(&listRequest{Token: row.want, Max: new(int32(2))}, in); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
	in := &listRequest{}
	plain := schema.Op[listRequest, plainListResponse]{Name: "ListPlain", Route: "GET /names", Page: names}
	more, err := plain.Describe().NextPage(in, &plainListResponse{Token: "t"})
	if !more || err != nil || *in.Token != "t" {
		t.Errorf("a token that is no pointer: %v, %v, %v", more, err, in.Token)
	}
	if more, err := plain.Describe().NextPage(in, &plainListResponse{Token: "t"}); more || err == nil {
		t.Error("the same token twice is not an error")
	}
	if more, err := later.Describe().NextPage(&schema.Nothing{}, &schema.Nothing{}); more || err != nil {
		t.Errorf("an operation that does not page has another page: %v", err)
	}
}

type (
	pageSize            int32
	filteredListRequest struct {
		Group string      `json:"group" in:"path"`
		Kind  *string     `json:"kind" in:"query"`
		Deep  *bool       `json:"deep"`
		Token *sampleName `json:"token" in:"query"`
		Max   *pageSize   `json:"max" in:"query"`
	}
)

func (pageSize) Constraint() schema.Constraint { return schema.Range(1, 250) }

// A server reads of a request which page of which list it asks for.
func TestReadPage(t *testing.T) {
	t.Parallel()
	list := schema.Op[filteredListRequest, listResponse]{
		Name: "ListOf", Route: "GET /groups/{group}/names", Page: names,
	}
	for _, row := range []struct {
		name    string
		in      filteredListRequest
		token   string
		size    int
		filters string
	}{
		{"nothing said", filteredListRequest{Group: "g"}, "", 250, `"group":"g",`},
		{"a size", filteredListRequest{Group: "g", Max: new(pageSize(7))}, "", 7, `"group":"g",`},
		{
			"a token", filteredListRequest{Group: "g", Token: new(sampleName("t"))},
			"t", 250, `"group":"g",`,
		},
		{
			"filters", filteredListRequest{Group: "a,b", Kind: new("\""), Deep: new(false)},
			"", 250, `"group":"a,b","kind":"\"","deep":false,`,
		},
	} {
		got := list.Describe().ReadPage(&row.in)
		want := schema.PageRequest{Token: row.token, Size: row.size, Filters: []byte(row.filters)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
	bare := schema.Op[listRequest, listResponse]{Name: "List", Route: "GET /names", Page: names}
	if got := bare.Describe().ReadPage(&listRequest{}); got.Size != 0 || got.Filters != nil {
		t.Errorf("without bound and filters: %+v", got)
	}
}

// A server writes the list, and the token when another page follows.
func TestWritePage(t *testing.T) {
	t.Parallel()
	list := schema.Op[listRequest, listResponse]{Name: "List", Route: "GET /names", Page: names}
	plain := schema.Op[listRequest, plainListResponse]{Name: "ListPlain", Route: "GET /names", Page: names}
	var more, last listResponse
	list.Describe().WritePage(&more, []string{"a"}, "t")
	list.Describe().WritePage(&last, []string{}, "")
	var bare plainListResponse
	plain.Describe().WritePage(&bare, []string{"a", "b"}, "t")
	if diff := cmp.Diff(listResponse{Names: []string{"a"}, Token: new("t")}, more); diff != "" {
		t.Errorf("a page (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(listResponse{Names: []string{}}, last); diff != "" {
		t.Errorf("the last page (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(plainListResponse{Names: []string{"a", "b"}, Token: "t"}, bare); diff != "" {
		t.Errorf("a token that is no pointer (-want +got):\n%s", diff)
	}
}

// A Page that names members which do not exist is a programming error.
func TestPageWithoutMembers(t *testing.T) {
	t.Parallel()
	for _, page := range []schema.Page{
		{In: "tokens", Out: "token", Items: "names"},
		{In: "token", Out: "names", Items: "names"},
		{In: "token", Out: "token", Items: "token"},
		{In: "token", Size: "token", Out: "token", Items: "names"},
		{In: "token", Size: "most", Out: "token", Items: "names"},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was accepted", page)
				}
			}()
			route := fmt.Sprintf("GET /%s/%s/%s/%s", page.In, page.Size, page.Out, page.Items)
			schema.Op[listRequest, listResponse]{Name: "Wrong", Route: route, Page: &page}.Describe()
		}()
	}
}

// An exception is an error that errors.Is finds.
func TestException(t *testing.T) {
	t.Parallel()
	const notFound schema.Exception = "ResourceNotFoundException"
	if err := fmt.Errorf("call: %w", notFound); !errors.Is(err, notFound) {
		t.Errorf("%v is not %v", err, notFound)
	}
}

// Describing again costs a look-up.
func BenchmarkDescribe(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		describe.Describe()
	}
}
