// Package config reads the settings of a program from a file, from environment variables and from
// flags, says where the value of each came from, and documents them all from one table.
//
// It knows no setting by itself: the program hands in its table. Start at Setting, then Load.
package config

import (
	"flag"
	"fmt"
	"slices"
	"strings"
)

// A Setting is one thing that an operator can choose. Its name is that of its flag and of its key
// in a file; its variable is made of the name, see Variable.
type Setting struct {
	Name string
	// About is one sentence for help and documentation. What stands in backquotes names the value,
	// as in package flag.
	About string
	// Unit is what a number counts, such as "jobs" or "bytes a second"; empty for other values.
	Unit string
	// Range says which values are good. Empty: what Value says, see Ranger.
	Range string
	// Live says that a new value in a file is used without a restart.
	Live bool
	// VariableOnly says that the setting has no flag and no key: its value is a secret, and other
	// users of a machine see command lines.
	VariableOnly bool
	// Shown is what may be shown of a value; nil: all of it.
	Shown func(value string) string
	Value Value
}

// A Value is where a setting is stored, as a text.
type Value interface {
	// String is the value as Set reads it.
	String() string
	// Set reads a text. Its error is the rest of a sentence that begins with the text: "must be …".
	Set(text string) error
	// Check refuses a value that is out of range, with an error like that of Set.
	Check() error
}

// A Ranger is a Value that can say which values are good.
type Ranger interface{ Range() string }

// A Group is a chapter of the table.
type Group struct {
	Title    string
	Settings []Setting
}

// All are the settings of some groups, in their order.
func All(groups []Group) (all []Setting) {
	for _, g := range groups {
		all = append(all, g.Settings...)
	}
	return all
}

// Variable is the environment variable of a setting: DROVER_MAX_CONNECTIONS for max-connections.
func Variable(name string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// variablePrefix is what the names of all variables begin with.
const variablePrefix = "DROVER_"

// values is which values are good, in words.
func (s Setting) values() string {
	if s.Range != "" {
		return s.Range
	}
	if r, ok := s.Value.(Ranger); ok {
		return r.Range()
	}
	return ""
}

// shown is what may be shown of a value.
func (s Setting) shown(value string) string {
	if s.Shown == nil {
		return value
	}
	return s.Shown(value)
}

// refused is the error about a value: where it stands, the value as far as it may be shown, and the
// rule that it breaks.
func (s Setting) refused(origin, value string, rule error) error {
	if strings.HasPrefix(rule.Error(), `"`) { // it quotes the part of the value that is wrong
		return fmt.Errorf("%s: %w", origin, rule)
	}
	value = s.shown(value)
	if value == "" || strings.ContainsAny(value, " \t\n") {
		value = fmt.Sprintf("%q", value)
	}
	return fmt.Errorf("%s: %s %w", origin, value, rule)
}

// Check refuses the first value that is out of range.
func Check(settings []Setting, from Origins) error {
	for _, s := range settings {
		if err := s.Value.Check(); err != nil {
			return s.refused(from.Name(s.Name), s.Value.String(), err)
		}
	}
	return nil
}

// Given are the settings that stood on a command line, in its order. They are read by Load, after
// the file that may be one of them.
type Given []Named

// Named is a value for a setting, as it was written.
type Named struct{ Setting, Text string }

// Flags defines the flags of settings. Parsing them fills the Given that is returned.
func Flags(flags *flag.FlagSet, settings []Setting) *Given {
	given := &Given{}
	for _, s := range settings {
		if !s.VariableOnly {
			flags.Var(&recorder{s, given}, s.Name, s.About)
		}
	}
	return given
}

// A recorder is a flag whose values are read later.
type recorder struct {
	setting Setting
	given   *Given
}

// String is the default, which help shows. Package flag also calls it on a zero recorder.
func (r *recorder) String() string {
	if r == nil || r.setting.Value == nil {
		return ""
	}
	return r.setting.Value.String()
}

// Set records a value.
func (r *recorder) Set(text string) error {
	*r.given = append(*r.given, Named{r.setting.Name, text})
	return nil
}

// IsBoolFlag says whether the flag can stand without a value.
func (r *recorder) IsBoolFlag() bool {
	_, is := r.setting.Value.(switched)
	return is
}

// find is the setting of a name.
func find(settings []Setting, name string) (Setting, bool) {
	at := slices.IndexFunc(settings, func(s Setting) bool { return s.Name == name })
	if at < 0 {
		return Setting{}, false
	}
	return settings[at], true
}
