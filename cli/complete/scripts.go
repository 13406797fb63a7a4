package complete

import (
	_ "embed"
	"strings"
)

// The scripts of the shells. They are small: what may stand at the cursor is decided by the
// program, which they call with the line.

// Shells are the shells that have a script.
var Shells = []string{"bash", "zsh", "fish"}

//go:embed drover.bash
var bashScript string

//go:embed drover.zsh
var zshScript string

//go:embed drover.fish
var fishScript string

// Script is the script of a shell. name is the command that is completed, program the one that is
// called for it: where aws is an alias of drover, aws is completed by drover. ok is false for a
// shell that has none.
func Script(shell, name, program string) (text string, ok bool) {
	switch shell {
	case "bash":
		text = bashScript
	case "zsh":
		text = zshScript
	case "fish":
		text = fishScript
	default:
		return "", false
	}
	function := strings.Map(func(c rune) rune {
		if c == '-' || c == '.' || c == '+' {
			return '_'
		}
		return c
	}, name)
	return strings.NewReplacer("FUNCTION", "_"+function+"_complete", "PROGRAM", program,
		"NAME", name).Replace(text), true
}
