package cli

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/schema"
)

// modelled keeps of an answer what the model knows, in model order; members that are null are dropped (R-CMD-68).
// Timestamps and doubles get the form in which they are shown.
func (c *call) modelled(s *schema.Shape, v value) value {
	switch s.Kind {
	case schema.Structure:
		in, ok := v.(*object)
		if !ok {
			return v
		}
		out := &object{}
		for _, m := range s.Members {
			if inner, given := in.get(m.Name); given && inner != nil {
				out.fields = append(out.fields, field{m.Name, c.modelled(m.Shape, inner)})
			}
		}
		return out
	case schema.Map:
		if o, ok := v.(*object); ok {
			for i := range o.fields {
				o.fields[i].value = c.modelled(s.Elem, o.fields[i].value)
			}
		}
	case schema.List:
		if items, ok := v.(list); ok {
			for i := range items {
				items[i] = c.modelled(s.Elem, items[i])
			}
		}
	case schema.Double:
		if n, ok := v.(json.Number); ok {
			if f, err := n.Float64(); err == nil {
				return json.Number(doubleText(f)) // R-CMD-70
			}
		}
	case schema.Time:
		return c.timestamp(v)
	}
	return v
}

// timestamp shows epoch seconds, or a text that is a time, in the local time zone (R-CMD-69).
func (c *call) timestamp(v value) value {
	if c.settings.timestamps == "wire" {
		return v
	}
	var t time.Time
	switch v := v.(type) {
	case json.Number:
		seconds, ok := new(big.Rat).SetString(v.String())
		if !ok {
			return v
		}
		micros, err := strconv.ParseInt(seconds.Mul(seconds, big.NewRat(1e6, 1)).FloatString(0), 10, 64)
		if err != nil {
			return v
		}
		t = time.UnixMicro(micros)
	case string:
		var err error
		if t, err = time.Parse(time.RFC3339Nano, v); err != nil {
			return v
		}
	default:
		return v
	}
	layout := "2006-01-02T15:04:05.000000-07:00"
	if t.Nanosecond() == 0 {
		layout = "2006-01-02T15:04:05-07:00"
	}
	return t.In(c.env.Location).Format(layout)
}

// readAnswer reads the body of an answer; an empty one is an empty object (R-CMD-71).
func (c *call) readAnswer(body []byte) (*object, error) {
	if len(strings.TrimSpace(string(body))) == 0 {
		return &object{}, nil
	}
	v, err := parseJSON(string(body))
	o, ok := v.(*object)
	if err != nil || !ok {
		return nil, otherError("The answer to %s is not a JSON object: %s", c.op.Name, firstLine(string(body)))
	}
	return c.modelled(c.op.Output, o).(*object), nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line[:min(len(line), 200)]
}
