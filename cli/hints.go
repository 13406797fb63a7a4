package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/internal/nearest"
	"github.com/drover-iot/drover/schema"
)

// Hints at what was meant by a word that is wrong. Each is a line of its own in brackets below the
// message, which stays what scripts know (R-CMD-142).

// didYouMean is the line of a hint.
func didYouMean(name string) string { return fmt.Sprintf("\n(did you mean %s?)", name) }

// optionHints are hints at the options that unknown ones may stand for.
func optionHints(unknown []string, known []*command.Option) (hints string) {
	var names []string
	for _, o := range known {
		if !o.Hidden {
			names = append(names, o.Name)
		}
	}
	for _, word := range unknown {
		name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if near := nearest.To(name, names); near != "" {
			hints += didYouMean("--" + near)
		}
	}
	return hints
}

// withValueHints adds hints to an error with which the service refused a request: at the values
// that enumerations have, where the request has another one. The service alone decides which are
// wrong (R-CMD-22), so nothing is said before it has.
func withValueHints(err error, op *schema.Description, in *value.Object) error {
	refused, ok := errors.AsType[*exit.Error](err)
	if !ok || refused.Code != "InvalidRequestException" {
		return err
	}
	hinted := *refused
	hinted.Message += valueHints(op.Input, in)
	return &hinted
}

// valueHints are hints at the values of enumerations inside a value.
func valueHints(s *schema.Shape, v value.Value) (hints string) {
	switch v := v.(type) {
	case *value.Object:
		for _, f := range v.Fields {
			inner := s.Elem
			if m := s.Member(f.Key); m != nil {
				inner = m.Shape
			}
			if inner != nil {
				hints += valueHints(inner, f.Value)
			}
		}
	case value.List:
		for _, item := range v {
			if s.Elem != nil {
				hints += valueHints(s.Elem, item)
			}
		}
	case string:
		if all := s.Constraint.OneOf; len(all) > 0 && !slices.Contains(all, v) {
			if near := nearest.To(v, all); near != "" {
				return didYouMean(near)
			}
		}
	}
	return hints
}
