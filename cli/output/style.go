package output

// Formats in which a value can be written.
const (
	JSON       = "json"
	Text       = "text"
	Table      = "table"
	YAML       = "yaml"
	YAMLStream = "yaml-stream"
	Off        = "off"
)

// Formats are all of them, in the order in which help and messages name them.
func Formats() []string { return []string{JSON, Text, Table, YAML, YAMLStream, Off} }

// A Style says how values are shown. The zero Style is JSON.
type Style struct {
	// Format is one of Formats.
	Format string
	// Title stands above a table: the name of the operation.
	Title string
	// Width is that of the terminal, for tables; 0 when there is none (R-CMD-81).
	Width int
	// Color is whether tables are coloured (R-CMD-84).
	Color bool
}

// Streams reports whether the pages of a list are shown one by one, as they arrive (R-CMD-86,
// R-CMD-97). In the other formats they are shown joined.
func (s Style) Streams() bool { return s.Format == Text || s.Format == YAMLStream }
