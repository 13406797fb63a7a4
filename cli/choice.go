package cli

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/drover-iot/drover/cli/exit"
)

// A wrong word is answered with the words that may have been meant.

// closeEnough is the similarity from which a name may have been meant.
const closeEnough = 0.8

// invalidChoice names the wrong word and up to three that are close to it (R-CMD-17).
func invalidChoice(what, word string, choices []string) error {
	message := fmt.Sprintf("argument %s: Found invalid choice '%s'", what, word)
	near := slices.DeleteFunc(slices.Clone(choices), func(name string) bool {
		return similarity(name, word) < closeEnough
	})
	slices.SortStableFunc(near, func(a, b string) int {
		return cmp.Compare(similarity(b, word), similarity(a, word))
	})
	// Equal ones stay in the order of the table.
	for i, name := range near[:min(3, len(near))] {
		if i == 0 {
			message += "\n\nMaybe you meant:\n"
		}
		message += "\n  * " + name
	}
	return exit.BadLine("%s", message)
}

// similarity is the share of characters that two names have in common in the same order, from 0
// to 1. update-jobs and update-job have 10 in common, of 21 in both: 20/21. It keeps one row of
// the usual table for the longest common subsequence.
func similarity(a, b string) float64 {
	row := make([]int, len(b)+1)
	for i := range len(a) {
		before := 0 // the value up and to the left of row[j+1]
		for j := range len(b) {
			above := row[j+1]
			if a[i] == b[j] {
				row[j+1] = before + 1
			} else {
				row[j+1] = max(row[j+1], row[j])
			}
			before = above
		}
	}
	return 2 * float64(row[len(b)]) / float64(len(a)+len(b))
}
