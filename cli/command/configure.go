package command

// Configure is the word that stands in the place of a service for the commands that show and change
// the shared files (R-CMD-132).
const Configure = "configure"

// A ConfigureVerb is one of those commands.
type ConfigureVerb struct {
	Name    string    // "" for configure alone
	About   string    // what it does
	Words   []string  // names of the words that it needs
	Options []*Option // beside the global ones
}

// The options of import and of export-credentials.
var (
	ImportOptions = []*Option{
		{Name: "csv"},
		{Name: "skip-invalid", Takes: TakesNone},
		{Name: "profile-prefix"},
	}
	ExportOptions = []*Option{
		{Name: "format", Choices: []string{
			"process", "env", "env-no-export", "powershell", "windows-cmd", "fish",
		}},
	}
)

// ConfigureVerbs are the commands behind configure.
func ConfigureVerbs() []ConfigureVerb {
	return []ConfigureVerb{
		{Name: "", About: "asks for keys, region and output"},
		{Name: "set", About: "changes a key of a profile", Words: []string{"varname", "value"}},
		{Name: "get", About: "prints a key of a profile", Words: []string{"varname"}},
		{Name: "list", About: "shows the settings in force, and where each comes from"},
		{Name: "list-profiles", About: "prints the names of the profiles"},
		{Name: "import", About: "stores keys that were downloaded", Options: ImportOptions},
		{
			Name:    "export-credentials",
			About:   "prints the credentials in force for another program",
			Options: ExportOptions,
		},
	}
}

// ConfigureWords are the names of the words that a command behind configure needs; none for one
// that there is not.
func ConfigureWords(verb string) []string { return findVerb(verb).Words }

// configureOptions are the options that a command behind configure has beside the global ones.
func configureOptions(verb string) []*Option { return findVerb(verb).Options }

// findVerb finds a command behind configure, an empty one when there is none of the name.
func findVerb(name string) ConfigureVerb {
	for _, v := range ConfigureVerbs() {
		if v.Name == name {
			return v
		}
	}
	return ConfigureVerb{}
}
