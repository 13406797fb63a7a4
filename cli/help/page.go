package help

// A page as data. It knows nothing of widths, bold letters or roff.

// A Page describes one command.
type Page struct {
	Name     string // the words of the command: drover iot create-job
	Summary  string // what it does, in one line
	Sections []Section
}

// A Section is a part of a page below a heading in capitals.
type Section struct {
	Title  string
	Blocks []Block
}

// A Block is one of Paragraph, Code, Command, Entry and Rows.
type Block interface{ block() }

// A Paragraph is filled into lines.
type Paragraph string

// Code is shown line by line. A line that is wider than the page goes on after a comma or a bar,
// where both shorthand and JSON may be broken.
type Code []string

// Command is a line for a shell, perhaps over several lines. One that is wider than the page goes
// on before an option, with a backslash in front, so that it can be copied.
type Command []string

// An Entry is a term and what there is to say about it, further to the right.
type Entry struct {
	Term   string // in bold letters where there are any
	Mark   string // behind the term: a type, [required]
	Blocks []Block
}

// Rows are short entries, each with its text beside its term where there is room.
type Rows []Row

// A Row is one of Rows.
type Row struct{ Term, Text string }

func (Paragraph) block() {}
func (Code) block()      {}
func (Command) block()   {}
func (Entry) block()     {}
func (Rows) block()      {}
