package command

// Configure is the word that stands in the place of a service for the commands that show and change
// the shared files (R-CMD-132).
const Configure = "configure"

// A ConfigureVerb is one of those commands.
type ConfigureVerb struct {
	Name  string   // "" for configure alone
	About string   // what it does
	Words []string // names of the words that it needs
}

// ConfigureVerbs are the commands behind configure.
func ConfigureVerbs() []ConfigureVerb {
	return []ConfigureVerb{
		{"", "asks for keys, region and output", nil},
		{"set", "changes a key of a profile", []string{"varname", "value"}},
		{"get", "prints a key of a profile", []string{"varname"}},
		{"list", "shows the settings in force, and where each comes from", nil},
		{"list-profiles", "prints the names of the profiles", nil},
	}
}

// ConfigureWords are the names of the words that a command behind configure needs; none for one
// that there is not.
func ConfigureWords(verb string) []string {
	for _, v := range ConfigureVerbs() {
		if v.Name == verb {
			return v.Words
		}
	}
	return nil
}
