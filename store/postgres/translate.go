package postgres

import (
	"strconv"
	"strings"
	"sync"
)

// translations are the statements that were translated: constants, a few hundred.
var translations sync.Map

// translated is a statement of relational as PostgreSQL reads it, translated once.
func translated(sql string) string {
	if known, ok := translations.Load(sql); ok {
		return known.(string)
	}
	text := translate(sql)
	translations.Store(sql, text)
	return text
}

// translate numbers the parameters, $1, and leaves the hints to SQLite's planner out. No statement
// has a question mark in a text.
func translate(sql string) string {
	sql = strings.ReplaceAll(sql, "CROSS JOIN", "JOIN")
	var b strings.Builder
	for {
		before, after, found := strings.Cut(sql, "INDEXED BY ")
		b.WriteString(before)
		if !found {
			break
		}
		sql = after[strings.IndexAny(after+" ", " \n"):]
	}
	return numbered(b.String())
}

// numbered writes the parameters ?, counted as they come, and ?2 as $1 and $2.
func numbered(sql string) string {
	parts := strings.Split(sql, "?")
	var b strings.Builder
	b.WriteString(parts[0])
	for i, part := range parts[1:] {
		b.WriteByte('$')
		if part == "" || part[0] < '0' || part[0] > '9' {
			b.WriteString(strconv.Itoa(i + 1))
		}
		b.WriteString(part)
	}
	return b.String()
}
