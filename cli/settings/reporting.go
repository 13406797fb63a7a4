package settings

import (
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/exit"
)

// How a call that failed says so: in which form, and with the exit statuses of which generation of
// the reference.

// The forms in which errors are shown (R-CMD-122). The others are output formats, for programs.
const (
	ErrorLegacy   = "legacy"   // the message
	ErrorEnhanced = "enhanced" // the message, and what else the service said
)

// ErrorFormats are all the forms in which errors are shown: the choices of --cli-error-format.
var ErrorFormats = []string{ErrorLegacy, "json", "yaml", "text", "table", ErrorEnhanced}

// Reporting says how failures are reported.
type Reporting struct {
	ErrorFormat string // one of ErrorFormats
	// FirstGeneration asks for what scripts of the first generation depend on: its exit statuses,
	// times as the service sends them, and bytes as text (docs/spec/40, section 25).
	FirstGeneration bool
}

// FindReporting finds how to report a failure. What is wrong with a setting or a file counts as not
// set: the failure that is to be reported may be that very one.
func FindReporting(from Sources) Reporting {
	s := &Settings{from: from}
	_ = s.findProfile()
	_ = s.findReporting()
	return s.Reporting
}

// findReporting finds how failures are reported. An error leaves the usual way.
func (s *Settings) findReporting() error {
	get := s.from.Getenv
	s.Reporting = Reporting{ErrorFormat: ErrorEnhanced}
	switch compat := first(get("DROVER_CLI_COMPAT"), s.Profile.Get("cli_compat")); compat {
	case "1", "v1":
		s.FirstGeneration = true
	case "", "0", "2", "v2":
	default:
		return exit.Environment(
			"DROVER_CLI_COMPAT or cli_compat: %s is no generation; v1 and v2 are", compat)
	}
	format := strings.ToLower(first(
		s.from.option("cli-error-format"),
		get("AWS_CLI_ERROR_FORMAT"),
		s.Profile.Get("cli_error_format"),
		ErrorEnhanced,
	))
	if !slices.Contains(ErrorFormats, format) {
		return exit.Environment("Unknown error format: %s; valid ones are: %s",
			format, strings.Join(ErrorFormats, ", "))
	}
	s.ErrorFormat = format
	return nil
}
