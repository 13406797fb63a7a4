package output

import (
	"io"

	"github.com/drover-iot/drover/cli/value"
)

// Write prints a value, to standard output for an answer and to standard error for an error. An
// empty object prints nothing in any format (R-CMD-71, R-CMD-73).
func Write(w io.Writer, s Style, v value.Value) error {
	if o, ok := v.(*value.Object); ok && len(o.Fields) == 0 {
		return nil
	}
	// The text is complete before any of it is written.
	_, err := w.Write(s.Append(nil, v))
	return err
}

// Append writes a value in the style's format.
func (s Style) Append(dst []byte, v value.Value) []byte {
	switch s.Format {
	case Text:
		return AppendText(dst, v)
	case Table:
		return appendTable(dst, s, v)
	case YAML:
		return appendYAML(dst, v)
	case YAMLStream:
		return appendYAML(dst, value.List{v})
	case Off:
		return dst
	}
	return append(value.AppendJSON(dst, v, "    ", ""), '\n')
}
