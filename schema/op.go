package schema

import (
	"reflect"
	"sync"
)

// Page names the members that page through a list.
//
// The request of ListThings has nextToken and maxResults, its response nextToken and things:
// Page{In: "nextToken", Size: "maxResults", Out: "nextToken", Items: "things"}.
type Page struct {
	In    string // request: the token
	Size  string // request: the page size; "" when the operation has none
	Out   string // response: the token of the next page, absent on the last one
	Items string // response: the list
}

// Nothing is the response of an operation without output members.
type Nothing struct{}

// Op is one row of the operations table: an operation that takes an In and answers an Out, both
// structures. An Op is a plain value, written once as a package variable:
//
//	var CancelJob = schema.Op[CancelJobRequest, CancelJobResponse]{
//		Name: "CancelJob", Route: "PUT /jobs/{jobId}/cancel", Role: schema.Operator,
//		Errors: schema.Errors(api.InvalidRequest, api.ResourceNotFound),
//	}
type Op[In, Out any] struct {
	Name   string
	Route  string      // method and path, labels in braces
	Role   Role        // the least that an operator must have; Admin when it is empty
	Page   *Page       // nil for an operation that does not page
	Change *Change     // nil for an operation that changes nothing
	Errors []Exception // in the order of the model
}

// An Operation is an Op whose types are forgotten, for walks over a Service.
type Operation interface {
	// OperationName returns the name without describing the operation. (A method cannot be called
	// Name: Op has a field of that name.)
	OperationName() string
	// Describe returns the operation as data. The caller must not change it.
	Describe() *Description
}

// OperationName returns the operation's name.
func (o Op[In, Out]) OperationName() string { return o.Name }

// descriptions holds every Description that was asked for, so that each operation is described
// once in a program however often it is called.
var descriptions sync.Map // descriptionKey to *Description

// descriptionKey identifies an Op value. The type of the Op holds its request and response types:
// both planes have an operation named DescribeJobExecution, and these two differ in their types.
// A server may page through an operation that clients are not told to page through; the two differ
// in their Page.
type descriptionKey struct {
	op          reflect.Type
	name, route string
	page        *Page
}

// Describe returns the operation as data, the same pointer each time. It panics when the route and
// the request structure disagree: descriptions are compiled in, so that is a programming error
// which the first test finds.
func (o Op[In, Out]) Describe() *Description {
	key := descriptionKey{reflect.TypeFor[Op[In, Out]](), o.Name, o.Route, o.Page}
	if known, ok := descriptions.Load(key); ok {
		return known.(*Description)
	}
	known, _ := descriptions.LoadOrStore(key, o.describe())
	return known.(*Description)
}

// describe makes the description.
func (o Op[In, Out]) describe() *Description {
	d := &Description{
		Name:   o.Name,
		Role:   o.Role.OrAdmin(),
		Page:   o.Page,
		Change: o.Change,
		Errors: o.Errors,
		Input:  ShapeOf(reflect.TypeFor[In]()),
		Output: ShapeOf(reflect.TypeFor[Out]()),
	}
	d.Method, d.Path, d.segments = parseRoute(o.Route)
	for _, m := range d.Input.Members {
		d.HasBody = d.HasBody || m.In == Body
	}
	d.checkLabels()
	d.checkPage()
	return d
}

// A Description is an operation as data. It is shared by all who asked for it and never changes.
type Description struct {
	Name          string
	Method, Path  string  // PUT, /jobs/{jobId}/cancel
	Role          Role    // the least that an operator must have
	Page          *Page   // nil for an operation that does not page
	Change        *Change // nil for an operation that changes nothing
	Errors        []Exception
	Input, Output *Shape
	HasBody       bool // the request has body members

	segments []segment // of Path
}

// Lists reports whether the operation may return the exception.
func (d *Description) Lists(e Exception) bool {
	for _, listed := range d.Errors {
		if listed == e {
			return true
		}
	}
	return false
}
