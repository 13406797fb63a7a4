package cli

import (
	"cmp"
	"fmt"
	"slices"
)

// invalidChoice names the wrong word and up to three that are close to it (R-CMD-17).
func invalidChoice(what, word string, choices []string) error {
	message := fmt.Sprintf("argument %s: Found invalid choice '%s'", what, word)
	near := slices.DeleteFunc(slices.Clone(choices), func(name string) bool { return similarity(name, word) < 0.8 })
	slices.SortStableFunc(near, func(a, b string) int { return cmp.Compare(similarity(b, word), similarity(a, word)) })
	for i, name := range near[:min(3, len(near))] {
		if i == 0 {
			message += "\n\nMaybe you meant:\n"
		}
		message += "\n  * " + name
	}
	return usageError("%s", message)
}

// similarity is twice the share of characters that two names have in common, in order.
func similarity(a, b string) float64 {
	row := make([]int, len(b)+1)
	for i := range len(a) {
		before := 0
		for j := range len(b) {
			kept := row[j+1]
			if a[i] == b[j] {
				row[j+1] = before + 1
			} else {
				row[j+1] = max(row[j+1], row[j])
			}
			before = kept
		}
	}
	return 2 * float64(row[len(b)]) / float64(len(a)+len(b))
}
