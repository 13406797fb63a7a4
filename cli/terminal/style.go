package terminal

// The colours that texts for people have. Which of them means what is decided where the text is
// made; whether there are any, by Colors.

// A Style is how letters are drawn; "" is as always.
type Style string

// The styles, by the numbers that every terminal knows.
const (
	Plain  Style = ""
	Bold   Style = "1"
	Dim    Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
	Blue   Style = "34"
)

// Paint is a text in a style, or as it is where there are no colours. It has the same width.
func Paint(text string, style Style, colors bool) string {
	if !colors || style == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}
