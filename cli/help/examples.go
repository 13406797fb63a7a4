package help

import (
	"embed"
	"strings"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/shellwords"
	"github.com/drover-iot/drover/schema"
)

// Examples are written by hand, in the files of the folder examples. Each file is a story: a test
// runs its commands from top to bottom against a server. A section says of which operation the
// examples are:
//
//	# iot create-thing
//
//	Registers a pump with two attributes.
//
//	$ drover iot create-thing --thing-name pump-07 \
//	    --attribute-payload attributes={site=north,version=2.3}
//
// Lines of text come first, then a command behind a dollar, then what it prints, if that is shown.
// The sections "setup" and "file NAME" are there for the test alone.

//go:embed examples
var exampleFiles embed.FS

// examplesOf are the examples of an operation, which each has, and the way through a file.
func examplesOf(program string, s *schema.Service, op *schema.Description) []Block {
	name := s.Name + " " + command.Dashed(op.Name)
	blocks := handmade(name)
	if len(op.Input.Members) > 0 {
		blocks = append(blocks,
			Paragraph("All members of the request from a file, which starts as a skeleton:"),
			Command{
				"drover " + name + " --generate-cli-skeleton > input.json",
				"drover " + name + " --cli-input-json file://input.json",
			})
	}
	// The files are written for drover. Called by another name, it is that one.
	for _, b := range blocks {
		if lines, ok := b.(Command); ok {
			for i := range lines {
				if rest, ok := strings.CutPrefix(lines[i], "drover "); ok {
					lines[i] = program + " " + rest
				}
			}
		}
	}
	return blocks
}

// handmade are the blocks of the section with a name, nil when there is none.
func handmade(name string) []Block {
	files, err := exampleFiles.ReadDir("examples")
	if err != nil {
		return nil
	}
	for _, f := range files {
		text, err := exampleFiles.ReadFile("examples/" + f.Name())
		if err != nil {
			return nil
		}
		_, section, found := strings.Cut("\n"+string(text), "\n# "+name+"\n")
		if found {
			section, _, _ = strings.Cut(section, "\n# ")
			return exampleBlocks(section)
		}
	}
	return nil
}

// exampleBlocks are the paragraphs and commands of a section.
func exampleBlocks(section string) (blocks []Block) {
	for part := range strings.SplitSeq(section, "\n\n") {
		part = strings.Trim(part, "\n")
		switch {
		case part == "":
		case strings.HasPrefix(part, "$ "):
			line, output := SplitExample(part[2:])
			blocks = append(blocks, line)
			if len(output) > 0 {
				blocks = append(blocks, output)
			}
		default:
			blocks = append(blocks, Paragraph(part))
		}
	}
	return blocks
}

// SplitExample splits an example into the line for the shell and what it prints. The line ends
// where a shell would begin to run it: not within quotes, and not after a backslash.
func SplitExample(text string) (line Command, output Code) {
	lines := strings.Split(text, "\n")
	for i := range lines {
		_, open := shellwords.Split(strings.Join(lines[:i+1], "\n") + " ")
		if !open && !strings.HasSuffix(lines[i], `\`) {
			return lines[:i+1], lines[i+1:]
		}
	}
	return lines, nil
}
