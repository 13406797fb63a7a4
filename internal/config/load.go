package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/drover-iot/drover/internal/nearest"
)

// Kind is what kind of place a value came from. A later one counts before an earlier one.
type Kind int

// The kinds.
const (
	Default Kind = iota
	File
	Environment
	Flag
)

// An Origin is where a value came from.
type Origin struct {
	Kind Kind
	// Name is how messages name it: "drover.yaml:12: region", "DROVER_REGION" or "--region"; empty
	// for a default.
	Name string
}

// Short is the name for a table, which has the setting in another column.
func (o Origin) Short() string {
	switch o.Kind {
	case Default:
		return "default"
	case File:
		place, _, _ := cutLast(o.Name, ": ")
		return place
	}
	return o.Name
}

// cutLast is strings.Cut at the last separator.
func cutLast(text, separator string) (before, after string, found bool) {
	at := strings.LastIndex(text, separator)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(separator):], true
}

// Origins are the origins of settings, by their names. What is not in it is a default.
type Origins map[string]Origin

// Name is how messages name a setting: by where its value came from, and by its flag when that is
// its default.
func (o Origins) Name(setting string) string {
	return cmp.Or(o[setting].Name, "--"+setting)
}

// Sources are where values come from.
type Sources struct {
	// File is the path of a file; empty: none.
	File string
	// Environ are the environment variables, as NAME=VALUE.
	Environ []string
	// OtherVariables are variables that the program reads and that are no settings. Those that are
	// neither are in Loaded.Unknown.
	OtherVariables []string
	// Given stood on the command line.
	Given Given
}

// Loaded is what Load has found, beside the values.
type Loaded struct {
	Origins Origins
	// Unknown are sentences about variables that begin with DROVER_ and mean nothing here. They may
	// be another program's, so they are no errors.
	Unknown []string
}

// Load sets the settings: from the file, then from variables, then from flags, so that a later one
// counts. A value that is wrong is an error even when another one would count, and the error says
// where it stands. After an error some settings have been set.
func Load(settings []Setting, from Sources) (Loaded, error) {
	loaded := Loaded{Origins: Origins{}}
	set := func(s Setting, value string, origin Origin) error {
		err := s.Value.Set(value)
		if err == nil {
			err = s.Value.Check()
		}
		if err != nil {
			return s.refused(origin.Name, value, err)
		}
		loaded.Origins[s.Name] = origin
		return nil
	}
	entries, err := readFile(from.File)
	if err != nil {
		return loaded, err
	}
	for _, e := range entries {
		s, err := settingOf(settings, e)
		if err != nil {
			return loaded, err
		}
		if err := set(s, e.value, Origin{File, e.place + ": " + e.key}); err != nil {
			return loaded, err
		}
	}
	variables := environment(from.Environ)
	for _, s := range settings {
		name := Variable(s.Name)
		value, there := variables[name]
		if !there {
			continue
		}
		if err := set(s, value, Origin{Environment, name}); err != nil {
			return loaded, err
		}
	}
	loaded.Unknown = unknown(settings, variables, from.OtherVariables)
	for _, g := range from.Given {
		s, _ := find(settings, g.Setting) // it was found by its flag
		if err := set(s, g.Text, Origin{Flag, "--" + g.Setting}); err != nil {
			return loaded, err
		}
	}
	return loaded, nil
}

// settingOf is the setting of a line in a file.
func settingOf(settings []Setting, e entry) (Setting, error) {
	s, found := find(settings, e.key)
	switch {
	case found && s.VariableOnly:
		return s, fmt.Errorf("%s: %s stands in the variable %s only", e.place, e.key, Variable(e.key))
	case found:
		return s, nil
	}
	var names []string
	for _, s := range settings {
		if !s.VariableOnly {
			names = append(names, s.Name)
		}
	}
	hint := ""
	if near := nearest.To(e.key, names); near != "" {
		hint = fmt.Sprintf(" (did you mean %s?)", near)
	}
	return s, fmt.Errorf("%s: there is no setting %q%s", e.place, e.key, hint)
}

// environment are the variables of settings by their names. Of a name that is there twice the last
// value counts.
func environment(environ []string) map[string]string {
	found := map[string]string{}
	for _, line := range environ {
		if name, value, ok := strings.Cut(line, "="); ok && strings.HasPrefix(name, variablePrefix) {
			found[name] = value
		}
	}
	return found
}

// unknown are sentences about the variables that mean nothing here, in the order of their names.
// They do not show values.
func unknown(settings []Setting, variables map[string]string, others []string) (said []string) {
	known := slices.Clone(others)
	for _, s := range settings {
		known = append(known, Variable(s.Name))
	}
	for name := range variables {
		if slices.Contains(known, name) {
			continue
		}
		text := "the variable " + name + " is no setting of drover"
		if near := nearest.To(strings.TrimPrefix(name, variablePrefix), trimmed(known)); near != "" {
			text += fmt.Sprintf(" (did you mean %s?)", variablePrefix+near)
		}
		said = append(said, text)
	}
	slices.Sort(said)
	return said
}

// trimmed are names of variables without their prefix, which would make all of them near.
func trimmed(names []string) (short []string) {
	for _, name := range names {
		short = append(short, strings.TrimPrefix(name, variablePrefix))
	}
	return short
}
