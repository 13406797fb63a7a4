package cli

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/settings"
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/schema"
)

// An answer is shown as the model describes it: members in its order, those that it does not know
// left out, times and doubles in the form in which they are shown.

// readAnswer reads the body of an answer; an empty one is an empty object (R-CMD-71). timestamps is
// the form of times, shown in a location.
func readAnswer(
	op *schema.Description, body []byte, timestamps string, in *time.Location,
) (*value.Object, error) {
	if len(strings.TrimSpace(string(body))) == 0 {
		return &value.Object{}, nil
	}
	v, err := value.ParseJSON(string(body))
	o, ok := v.(*value.Object)
	if err != nil || !ok || !utf8.Valid(body) {
		return nil, exit.Other("The answer to %s is not a JSON object: %s",
			op.Name, firstLine(string(body)))
	}
	show := func(v value.Value) value.Value { return shownTime(v, in) }
	if timestamps == settings.TimestampsWire {
		show = func(v value.Value) value.Value { return v }
	}
	return modelled(op.Output, o, show).(*value.Object), nil
}

// firstLine is the first line of a text, at most 200 bytes of it, for a message.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.ToValidUTF8(line[:min(len(line), 200)], "")
}

// modelled returns what the model knows of a value, in model order, without members that are null
// (R-CMD-68). A value that has not the form of the model is returned as it is. showTime gives times
// the form in which they are shown.
func modelled(s *schema.Shape, v value.Value, showTime func(value.Value) value.Value) value.Value {
	switch s.Kind {
	case schema.Structure:
		in, ok := v.(*value.Object)
		if !ok {
			return v
		}
		out := &value.Object{}
		for _, m := range s.Members {
			if inner, given := in.Get(m.Name); given && inner != nil {
				shown := modelled(m.Shape, inner, showTime)
				out.Fields = append(out.Fields, value.Field{Key: m.Name, Value: shown})
			}
		}
		return out
	case schema.Map: // the answer's own: keys of maps are data and keep their order
		if o, ok := v.(*value.Object); ok {
			for i := range o.Fields {
				o.Fields[i].Value = modelled(s.Elem, o.Fields[i].Value, showTime)
			}
		}
	case schema.List:
		if items, ok := v.(value.List); ok {
			for i := range items {
				items[i] = modelled(s.Elem, items[i], showTime)
			}
		}
	case schema.Double:
		if n, ok := v.(json.Number); ok {
			if f, err := n.Float64(); err == nil {
				return value.Double(f) // R-CMD-70
			}
		}
	case schema.Time:
		return showTime(v)
	}
	return v
}

// shownTime writes epoch seconds in a location, or a text that is a time in its own (R-CMD-69):
// 1700000000.5 is 2023-11-14T22:13:20.500000+00:00. Anything else stays as it is.
func shownTime(v value.Value, in *time.Location) value.Value {
	var t time.Time
	switch v := v.(type) {
	case json.Number:
		seconds, ok := new(big.Rat).SetString(v.String())
		if !ok {
			return v
		}
		// Epoch seconds with a fraction are exact as a ratio; a float64 would show 1700000000.1 as
		// …100000024.
		micros := seconds.Mul(seconds, big.NewRat(1e6, 1)).FloatString(0) // rounded
		n, err := strconv.ParseInt(micros, 10, 64)
		if err != nil {
			return v
		}
		t = time.UnixMicro(n)
	case string:
		var err error
		if t, err = time.Parse(time.RFC3339Nano, v); err != nil {
			return v
		}
		in = t.Location() // a text says itself where it is
	default:
		return v
	}
	// Microseconds are shown when there are any, all six of them.
	layout := "2006-01-02T15:04:05.000000-07:00"
	if t.Nanosecond() == 0 {
		layout = "2006-01-02T15:04:05-07:00"
	}
	return t.In(in).Format(layout)
}
