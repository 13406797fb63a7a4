package test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// How the pages of docs/guide are written, so that a test can run them:
//
//   - A block "sh" has commands. The blocks of a page share one shell, so what one exports, another
//     has, and the shell stops at the first command that fails.
//   - A block "sh" of one command that begins with "drover serve" is what stands in another
//     terminal: it starts a server, after stopping the one that has its folder or its addresses.
//     With a status it is a command like others, which must end.
//   - A block "text" after it is what the commands print, standard error included; after
//     "drover serve", what the server prints. In it "…" stands for what differs each time: within a
//     line for any characters, with the blanks of a column beside it for any blanks; alone on a line
//     for any lines.
//   - A comment <!-- status N --> before a block "sh": its last command ends with the status N.
//   - A comment <!-- not run: REASON --> before a block of any kind. The test counts them.
//
// Anything else is an error of the page.

// A guideBlock is one fenced block of a page.
type guideBlock struct {
	line     int    // of the page, from 1: the line of its first command
	language string // what stands behind the fence
	text     string
	status   int    // which the last command must end with
	notRun   string // why it is not run; "" when it is
	output   *guideOutput
}

// A guideOutput is what the page shows as printed by a block.
type guideOutput struct {
	line int
	text string
}

var (
	guideStatus = regexp.MustCompile(`^<!-- status (\d+) -->$`)
	guideDots   = regexp.MustCompile(` *… *`)
	guideNotRun = regexp.MustCompile(`^<!-- not run: (.+) -->$`)
)

// readGuide returns the blocks of a page in order, each with what it prints.
func readGuide(page string) (blocks []guideBlock, err error) {
	lines := strings.Split(page, "\n")
	var next guideBlock // what the comment before a fence has said
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		language, fence := strings.CutPrefix(line, "```")
		if !fence {
			switch m := guideStatus.FindStringSubmatch(line); {
			case m != nil:
				next.status, _ = strconv.Atoi(m[1]) // the expression has digits only
			case guideNotRun.MatchString(line):
				next.notRun = guideNotRun.FindStringSubmatch(line)[1]
			case line != "":
				next = guideBlock{}
			}
			continue
		}
		next.line, next.language = i+2, language
		for i++; i < len(lines) && lines[i] != "```"; i++ {
			next.text += lines[i] + "\n"
		}
		if i == len(lines) {
			return nil, fmt.Errorf("line %d: the block has no end", next.line)
		}
		if blocks, err = appendGuide(blocks, next); err != nil {
			return nil, err
		}
		next = guideBlock{}
	}
	return blocks, nil
}

// appendGuide adds a block, or joins what is printed to the block that prints it.
func appendGuide(blocks []guideBlock, b guideBlock) ([]guideBlock, error) {
	switch {
	case b.language == "sh" || b.notRun != "":
		return append(blocks, b), nil
	case b.language != "text":
		return nil, fmt.Errorf("line %d: a block %q is neither run nor said not to be",
			b.line, b.language)
	case len(blocks) == 0 || blocks[len(blocks)-1].output != nil ||
		blocks[len(blocks)-1].notRun != "":
		return nil, fmt.Errorf("line %d: no block prints this", b.line)
	case b.status != 0:
		return nil, fmt.Errorf("line %d: output has no status", b.line)
	}
	blocks[len(blocks)-1].output = &guideOutput{b.line, b.text}
	return blocks, nil
}

// serverWords are the words behind "drover serve" when the block is that command alone.
func (b guideBlock) serverWords() (words []string, is bool) {
	joined := strings.ReplaceAll(b.text, "\\\n", " ")
	rest, is := strings.CutPrefix(joined, "drover serve")
	if !is || strings.Count(joined, "\n") != 1 {
		return nil, false
	}
	return strings.Fields(rest), true
}

// guidePattern is the expression for what a page shows as output.
func guidePattern(shown string) *regexp.Regexp {
	var expression strings.Builder
	expression.WriteString(`\A`)
	for line := range strings.Lines(shown) {
		if line == "…\n" {
			expression.WriteString(`(?:[^\n]*\n)*?`)
			continue
		}
		for i, part := range guideDots.Split(strings.TrimSuffix(line, "\n"), -1) {
			if i > 0 {
				expression.WriteString(`[^\n]*?`)
			}
			expression.WriteString(regexp.QuoteMeta(part))
		}
		expression.WriteString(`\n`)
	}
	return regexp.MustCompile(expression.String() + `\z`)
}
