// Package nearest finds the name that somebody may have meant who wrote another one.
package nearest

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Ranked returns the names whose similarity to a word is least or more, the most similar first,
// equal ones in the order given.
func Ranked(word string, names []string, least float64) []string {
	near := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return Similarity(name, word) < least
	})
	slices.SortStableFunc(near, func(a, b string) int {
		return cmp.Compare(Similarity(b, word), Similarity(a, word))
	})
	return near
}

// Similarity is the share of characters that two names have in common in the same order, from 0
// to 1. update-jobs and update-job have 10 in common, of 21 in both: 20/21. It keeps one row of
// the usual table for the longest common subsequence.
func Similarity(a, b string) float64 {
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

// longest is how long a word may be that is compared: nobody mistypes a longer one into a name.
const longest = 100

// To returns the name that the fewest edits make of a word, "" when none is near: one edit is
// allowed for every three characters of the word, and at least one. Case, dashes and underscores
// do not count, so that job_id, jobID and job-id are all near to jobId. Of equally near names the
// first is returned.
func To(word string, names []string) string {
	if word == "" || len(word) > longest {
		return ""
	}
	plain := folded(word)
	best, found := max(utf8.RuneCountInString(plain)/3, 1)+1, ""
	for _, name := range names {
		if n := edits([]rune(folded(name)), []rune(plain)); n < best {
			best, found = n, name
		}
	}
	return found
}

// folded is a name without what does not count.
func folded(name string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
}

// edits is how many characters must be inserted, removed, replaced or exchanged with their
// neighbour to make one name of another: deploy and depoly are one apart.
func edits(a, b []rune) int {
	// rows[0] is the row of the character before the last, rows[1] of the last, rows[2] of this
	// one.
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := range a {
		rows[2][0] = i + 1
		for j := range b {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			n := min(rows[1][j]+change, rows[1][j+1]+1, rows[2][j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				n = min(n, rows[0][j-1]+1)
			}
			rows[2][j+1] = n
		}
		rows[0], rows[1], rows[2] = rows[1], rows[2], rows[0]
	}
	return rows[1][len(b)]
}
