package sidebyside

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/schema"
)

// Lines and answers that are made from the description of the API: each operation with the fewest
// options, with all of them in JSON, in shorthand and in a file, with each output format, and its
// skeletons.

// madeGroups makes a group for each operation.
func madeGroups() (groups []group) {
	for _, s := range command.Services {
		for _, name := range command.Names(s) {
			groups = append(groups, made(s.Name, name, command.Find(s, name)))
		}
	}
	return groups
}

// made makes the group of an operation.
func made(service, name string, op *schema.Description) group {
	fewest, all, short := []string{service, name}, []string{service, name}, []string{service, name}
	for _, m := range op.Input.Members {
		if command.PagingMember(op, m.Name) {
			continue // the service's own paging options are lines of testdata
		}
		v := inputOf(m.Shape, m.Name)
		option := "--" + command.Dashed(m.Name)
		if m.Shape.Kind == schema.Boolean {
			all, short = append(all, option), append(short, "--no-"+option[2:])
			continue
		}
		written := append([]string{option}, inJSON(m.Shape, v)...)
		all = append(all, written...)
		short = append(append(short, option), inShorthand(m.Shape, v)...)
		if m.Required {
			fewest = append(fewest, written...)
		}
	}
	g := group{name: "made: " + service + " " + name, files: map[string]string{}}
	input := map[string]any{}
	for _, m := range op.Input.Members {
		if op.Page != nil && m.Name == op.Page.Size {
			continue // in a file it turns paging off, which is R-CMD-51
		}
		if m.Shape.Kind != schema.Boolean && !command.PagingMember(op, m.Name) {
			input[m.Name] = inputOf(m.Shape, m.Name)
		}
	}
	g.files["in.json"] = text(input)
	add := func(words []string, more ...string) {
		g.lines = append(g.lines, line{words: append(append([]string(nil), words...), more...)})
	}
	add(fewest)
	add(all, "--output", "text")
	add(short, "--output", "table")
	add([]string{service, name, "--cli-input-json", "file://in.json"}, "--query", "@")
	add(fewest, "--query", "*")
	add(fewest, "--query", "keys(@)", "--output", "table")
	add([]string{service, name, "--generate-cli-skeleton"})
	if op.Name == "UpdateJobExecution" {
		// The first status of ours is the first one that a device may report.
		g.lines[len(g.lines)-1].differs = map[aspect]difference{inOutput: {"R-CMD-53", "{\n"}}
	}
	if op.Name == "TestInvokeAuthorizer" {
		// A blob is text in base64 here, which the reference makes of any text.
		for i := 1; i <= 3; i++ {
			g.lines[i].differs = map[aspect]difference{inSent: {"R-CMD-44", "POST /authorizer/authorizerName/test "}}
		}
	}
	add(fewest, "--bogus", "x")
	if len(fewest) > 2 {
		add([]string{service, name})
	}
	return g
}

// inputOf is a value for a member that every client may send: as small as it may be.
func inputOf(s *schema.Shape, name string) any {
	switch s.Kind {
	case schema.Boolean:
		return true
	case schema.Integer, schema.Long:
		if s.Constraint.Num.HasMin() {
			return max(s.Constraint.Num.Min, 1)
		}
		return 7
	case schema.Double:
		return json.Number("12.5")
	case schema.Time:
		return "2026-01-01T00:00:00Z"
	case schema.List:
		return []any{inputOf(s.Elem, name), inputOf(s.Elem, name)}
	case schema.Map:
		return map[string]any{"a": inputOf(s.Elem, name), "b": inputOf(s.Elem, name)}
	case schema.Structure:
		o := map[string]any{}
		for _, m := range s.Members {
			o[m.Name] = inputOf(m.Shape, m.Name)
		}
		return o
	}
	if len(s.Constraint.OneOf) > 0 {
		return s.Constraint.OneOf[0]
	}
	least := 0
	if s.Constraint.Len.HasMin() {
		least = int(s.Constraint.Len.Min)
	}
	return name + strings.Repeat("x", max(0, least-len(name)))
}

// inJSON are the words of an option, with JSON for what is no text or number.
func inJSON(s *schema.Shape, v any) []string {
	switch s.Kind {
	case schema.List, schema.Map, schema.Structure:
		return []string{text(v)}
	}
	return []string{fmt.Sprint(v)}
}

// inShorthand are the words of an option, in shorthand where there is one.
func inShorthand(s *schema.Shape, v any) (words []string) {
	switch s.Kind {
	case schema.List:
		for _, item := range v.([]any) {
			words = append(words, inShorthand(s.Elem, item)...)
		}
		return words
	case schema.Map, schema.Structure:
		return []string{pairsOf(s, v.(map[string]any))}
	}
	return []string{fmt.Sprint(v)}
}

// pairsOf are the keys and values of an object in shorthand.
func pairsOf(s *schema.Shape, o map[string]any) string {
	var pairs []string
	if s.Kind == schema.Map {
		for _, key := range []string{"a", "b"} {
			pairs = append(pairs, key+"="+nestedOf(s.Elem, o[key]))
		}
	}
	for _, m := range s.Members {
		pairs = append(pairs, m.Name+"="+nestedOf(m.Shape, o[m.Name]))
	}
	return strings.Join(pairs, ",")
}

// nestedOf is a value behind an equals sign in shorthand.
func nestedOf(s *schema.Shape, v any) string {
	switch s.Kind {
	case schema.List:
		var items []string
		for _, item := range v.([]any) {
			items = append(items, nestedOf(s.Elem, item))
		}
		return "[" + strings.Join(items, ",") + "]"
	case schema.Map, schema.Structure:
		return "{" + pairsOf(s, v.(map[string]any)) + "}"
	}
	return fmt.Sprint(v)
}

// text is a value as JSON.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a value of this file that is no JSON
	}
	return string(b)
}

// sampleOf is an answer, with what is hard to print in it: numbers of every form, wide characters,
// quotes, members that are missing in every second element of a list. n counts the elements.
func sampleOf(s *schema.Shape, name string, n int) any {
	switch s.Kind {
	case schema.Boolean:
		return n%2 == 0
	case schema.Integer:
		return json.Number([]string{"0", "7", "-1"}[n%3])
	case schema.Long:
		return json.Number([]string{"12345678901234", "0"}[n%2])
	case schema.Double:
		return json.Number([]string{"100", "0.5", "1e-7", "12.25"}[(n+len(name))%4])
	case schema.Time:
		return json.Number([]string{"1700000000.5", "1700000000", "0.001"}[(n+len(name))%3])
	case schema.List:
		return []any{sampleOf(s.Elem, name, 0), sampleOf(s.Elem, name, 1), sampleOf(s.Elem, name, 2)}
	case schema.Map:
		return map[string]any{"KeyName": sampleOf(s.Elem, name, 0), "a b": sampleOf(s.Elem, name, 1)}
	case schema.Structure:
		o := map[string]any{}
		for i, m := range s.Members {
			if n == 0 || (i+n)%2 == 0 {
				o[m.Name] = sampleOf(m.Shape, m.Name, n+i)
			}
		}
		return o
	}
	if len(s.Constraint.OneOf) > 0 {
		return s.Constraint.OneOf[n%len(s.Constraint.OneOf)]
	}
	return name + []string{"", " ü 日本 \"q\"", " \\ <&> 'x'", " a,b: {c}"}[n%4]
}
