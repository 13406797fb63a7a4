package output

import (
	"io"

	"github.com/drover-iot/drover/cli/value"
)

// Formats in which a value can be written.
const (
	JSON = "json"
	Text = "text"
)

// Write prints a value in a format, JSON unless it is Text. An empty object prints nothing
// (R-CMD-71, R-CMD-73).
func Write(w io.Writer, format string, v value.Value) error {
	if o, ok := v.(*value.Object); ok && len(o.Fields) == 0 {
		return nil
	}
	if format == Text {
		_, err := w.Write(AppendText(nil, v))
		return err
	}
	_, err := w.Write(append(value.AppendJSON(nil, v, "    ", ""), '\n'))
	return err
}
