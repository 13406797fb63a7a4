package schema

import (
	"net/http"
	"reflect"
)

// An Exception is the name of an error on the wire, such as ResourceNotFoundException.
type Exception string

// Errors returns its arguments: the exceptions that an operation lists, in the order of the model.
func Errors(list ...Exception) []Exception { return list }

// Page names the members that page through a list.
type Page struct {
	In    string // request: the token
	Size  string // request: the page size; "" when the operation has none
	Out   string // response: the token of the next page
	Items string // response: the list
}

// Nothing is the response of an operation without output members.
type Nothing struct{}

// Op is one row of the operations table: an operation that takes an In and answers an Out, both structures.
type Op[In, Out any] struct {
	Name   string
	Route  string // method and path, labels in braces: "PUT /jobs/{jobId}/cancel"
	Page   *Page
	Errors []Exception
}

// An Operation is an Op whose types are forgotten, for walks over a Service.
type Operation interface {
	Title() string // the operation's name, without describing it
	Describe() *Description
}

// Title returns the operation's name.
func (o Op[In, Out]) Title() string { return o.Name }

// Describe returns the operation as data. It costs one reflection per type, once.
func (o Op[In, Out]) Describe() *Description {
	d := &Description{
		Name: o.Name, Page: o.Page, Errors: o.Errors,
		Input: ShapeOf(reflect.TypeFor[In]()), Output: ShapeOf(reflect.TypeFor[Out]()),
	}
	d.Method, d.Path, d.segments = parseRoute(o.Route)
	for _, m := range d.Input.Members {
		d.HasBody = d.HasBody || m.In == Body
	}
	d.checkLabels()
	return d
}

// A Description is an operation as data.
type Description struct {
	Name          string
	Method, Path  string
	Page          *Page
	Errors        []Exception
	Input, Output *Shape
	HasBody       bool // the request has body members

	segments []segment
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

// A Service is a named list of operations.
type Service struct {
	Name       string // as in the command line: iot, iot-jobs-data
	Version    string // of the API model
	Signing    string // service name in a signature's scope
	Operations []Operation
}

// All describes every operation, in table order.
func (s *Service) All() []*Description {
	all := make([]*Description, len(s.Operations))
	for i, op := range s.Operations {
		all[i] = op.Describe()
	}
	return all
}

// methods that a route may start with.
var methods = []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete}
