// Package openapi writes the description of the API as documents of OpenAPI 3.0, one for each
// service: for generators of clients, for gateways, and for people. They are made by a walk of the
// description that the server itself decodes, validates and routes by, so they say what it does.
package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// object is one object of a document. Its members are written in the order of their names, so two
// documents of a description are the same.
type object map[string]any

// Document returns the document of a service, indented, with a line feed at its end. It panics when
// the description has something that OpenAPI cannot say, which the first test finds.
func Document(service *schema.Service, docs schema.Docs) ([]byte, error) {
	w := writer{docs: docs, schemas: object{}}
	paths := object{}
	for _, d := range service.All() {
		path, _ := paths[d.Path].(object)
		if path == nil {
			path = object{}
			paths[d.Path] = path
		}
		path[strings.ToLower(d.Method)] = w.operation(d)
	}
	w.schemas["Error"] = object{
		"type":       "object",
		"properties": object{"message": object{"type": "string"}},
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(object{
		"openapi":  "3.0.3",
		"info":     object{"title": "Drover: " + service.Name, "version": service.Version},
		"paths":    paths,
		"security": []any{object{"sigv4": []string{}}},
		"components": object{
			"schemas":         w.schemas,
			"securitySchemes": object{"sigv4": sigv4(service.Signing)},
		},
	})
	return text.Bytes(), err
}

// sigv4 is how requests are signed, in the words that tools know for it.
func sigv4(signing string) object {
	return object{
		"type":                         "apiKey",
		"name":                         "Authorization",
		"in":                           "header",
		"description":                  "AWS Signature Version 4, for the service " + signing,
		"x-amazon-apigateway-authtype": "awsSigv4",
	}
}

// writer collects the schemas that have names.
type writer struct {
	docs    schema.Docs
	schemas object
}

func (w *writer) operation(d *schema.Description) object {
	op := object{
		"operationId":   d.Name,
		"x-drover-role": d.Role,
		"responses":     w.responses(d),
	}
	w.describe(op, d.Name)
	var parameters []any
	body := &schema.Shape{Name: d.Input.Name, Kind: schema.Structure}
	for _, m := range d.Input.Members {
		if m.In == schema.Body {
			body.Members = append(body.Members, m)
			continue
		}
		parameters = append(parameters, w.parameter(d.Input, m))
	}
	if len(parameters) > 0 {
		op["parameters"] = parameters
	}
	if len(body.Members) > 0 {
		required := slices.ContainsFunc(body.Members, func(m *schema.Member) bool { return m.Required })
		op["requestBody"] = object{
			"required": required,
			"content":  object{"application/json": object{"schema": w.structure(body)}},
		}
	}
	return op
}

// parameter is a member of a request that is no part of its body.
func (w *writer) parameter(in *schema.Shape, m *schema.Member) object {
	p := object{"name": m.Name, "in": m.In.String(), "required": m.Required, "schema": w.value(m.Shape)}
	if m.In != schema.Path && m.Wire != "" {
		p["name"] = m.Wire
	}
	if m.Shape.Kind == schema.Map { // one parameter for each entry
		p["style"], p["explode"] = "form", true
	}
	w.describe(p, in.Name+"."+m.GoName)
	return p
}

// responses are the answer, and the exceptions that the operation lists, by their status.
func (w *writer) responses(d *schema.Description) object {
	answer := object{"description": d.Name + " is done."}
	if d.Output != nil && len(d.Output.Members) > 0 {
		answer["content"] = object{"application/json": object{"schema": w.structure(d.Output)}}
	}
	all := object{strconv.Itoa(http.StatusOK): answer}
	byStatus := map[int][]string{}
	for _, e := range d.Errors {
		byStatus[api.Status(e)] = append(byStatus[api.Status(e)], string(e))
	}
	for status, names := range byStatus {
		slices.Sort(names)
		all[strconv.Itoa(status)] = object{
			"description": strings.Join(names, ", ") + ", which the header says",
			"headers": object{"x-amzn-ErrorType": object{
				"schema": object{"type": "string", "enum": names},
			}},
			"content": object{"application/json": object{"schema": reference("Error")}},
		}
	}
	return all
}

// reference names a schema.
func reference(name string) object { return object{"$ref": "#/components/schemas/" + name} }

// describe adds what the comment on a Go name says.
func (w *writer) describe(to object, name string) {
	if text := w.docs[name]; text != "" {
		to["description"] = strings.Join(strings.Fields(text), " ")
	}
}

// structure is a structure in place.
func (w *writer) structure(s *schema.Shape) object {
	properties, required := object{}, []string{}
	for _, m := range s.Members {
		property := w.value(m.Shape)
		if _, isReference := property["$ref"]; !isReference { // nothing may stand beside one
			w.describe(property, s.Name+"."+m.GoName)
		}
		properties[m.Name] = property
		if m.Required {
			required = append(required, m.Name)
		}
	}
	o := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

// named is a structure by its name.
func (w *writer) named(s *schema.Shape) object {
	if s.Name == "" {
		return w.structure(s)
	}
	if w.schemas[s.Name] == nil {
		w.schemas[s.Name] = object{} // it may have itself inside
		o := w.structure(s)
		w.describe(o, s.Name)
		w.schemas[s.Name] = o
	}
	return reference(s.Name)
}

// value is the schema of a shape.
func (w *writer) value(s *schema.Shape) object { return w.constrained(s, s.Constraint) }

// constrained is the schema of a shape under a constraint: its own, or that of what it is part of.
func (w *writer) constrained(s *schema.Shape, c schema.Constraint) object {
	switch s.Kind {
	case schema.String:
		return text(c)
	case schema.Boolean:
		return object{"type": "boolean"}
	case schema.Integer:
		return number("integer", "int32", c)
	case schema.Long:
		return number("integer", "int64", c)
	case schema.Double:
		return decimal(c)
	case schema.Time:
		return object{"type": "number", "description": "seconds since 1970, with fractions"}
	case schema.Raw:
		return object{"description": "any JSON value"}
	case schema.List:
		o := object{"type": "array", "items": w.part(s.Elem, c.Elem)}
		bounds(o, c.Size, "minItems", "maxItems")
		return o
	case schema.Map:
		o := object{"type": "object", "additionalProperties": w.part(s.Elem, c.Elem)}
		bounds(o, c.Size, "minProperties", "maxProperties")
		return o
	case schema.Structure:
		return w.named(s)
	}
	panic(fmt.Sprintf("a shape of kind %v", s.Kind))
}

// part is an element of a list or a value of a map. It has a constraint of its own, or that of the
// whole for elements without a named type.
func (w *writer) part(s *schema.Shape, outer *schema.Constraint) object {
	if outer != nil {
		return w.constrained(s, *outer)
	}
	return w.value(s)
}

// text is a string.
func text(c schema.Constraint) object {
	o := object{"type": "string"}
	bounds(o, c.Len, "minLength", "maxLength")
	if c.Pattern != "" {
		o["pattern"] = "^(?:" + c.Pattern + ")$"
	}
	if len(c.OneOf) > 0 {
		o["enum"] = c.OneOf
	}
	if c.Bytes > 0 {
		o["x-drover-max-bytes"] = c.Bytes
	}
	return o
}

// number is an integer.
func number(kind, format string, c schema.Constraint) object {
	o := object{"type": kind, "format": format}
	bounds(o, c.Num, "minimum", "maximum")
	if len(c.Not) > 0 {
		o["not"] = object{"enum": c.Not}
	}
	return o
}

// decimal is a number with decimals.
func decimal(c schema.Constraint) object {
	o := object{"type": "number", "format": "double"}
	if d := c.Decimal; d != nil {
		if d.Min != "" {
			o["minimum"] = json.Number(d.Min)
		}
		if d.Max != "" {
			o["maximum"] = json.Number(d.Max)
		}
		if d.Places > 0 {
			o["x-drover-decimals"] = d.Places
		}
	}
	return o
}

// bounds adds a bound by the names of its two sides.
func bounds(o object, b schema.Bound, least, most string) {
	if b.HasMin() {
		o[least] = b.Min
	}
	if b.HasMax() {
		o[most] = b.Max
	}
}
