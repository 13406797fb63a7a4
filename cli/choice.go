package cli

import (
	"fmt"

	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/internal/nearest"
)

// A wrong word is answered with the words that may have been meant.

// closeEnough is the similarity from which a name may have been meant.
const closeEnough = 0.8

// invalidChoice names the wrong word and up to three that are close to it (R-CMD-17).
func invalidChoice(what, word string, choices []string) error {
	message := fmt.Sprintf("argument %s: Found invalid choice '%s'", what, word)
	near := nearest.Ranked(word, choices, closeEnough)
	for i, name := range near[:min(3, len(near))] {
		if i == 0 {
			message += "\n\nMaybe you meant:\n"
		}
		message += "\n  * " + name
	}
	return exit.BadLine("%s", message)
}
