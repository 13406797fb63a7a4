package config

// A Row says of one setting what is in force.
type Row struct{ Name, Value, From string }

// InForce says of each setting what its value is, as far as that may be shown, and where it came
// from.
func InForce(settings []Setting, from Origins) (rows []Row) {
	for _, s := range settings {
		rows = append(rows, Row{
			Name:  s.Name,
			Value: s.written(),
			From:  from[s.Name].Short(),
		})
	}
	return rows
}

// written is the value of a setting as a file would have it: the empty text is "".
func (s Setting) written() string {
	if value := s.shown(s.Value.String()); value != "" {
		return value
	}
	return `""`
}
