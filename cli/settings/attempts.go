package settings

import (
	"slices"
	"strconv"

	"github.com/drover-iot/drover/cli/exit"
)

// How often a request is made at most, by the retry mode. The mode adaptive is accepted, and does
// what standard does.
const (
	standardAttempts = 3
	legacyAttempts   = 5
)

// findAttempts finds how often a request is made at most (R-CMD-112).
func (s *Settings) findAttempts() error {
	get := s.from.Getenv
	s.Attempts = standardAttempts
	mode := first(get("AWS_RETRY_MODE"), s.Profile.Get("retry_mode"), "standard")
	if mode == "legacy" {
		s.Attempts = legacyAttempts
	} else if !slices.Contains([]string{"standard", "adaptive"}, mode) {
		return exit.Environment(`Invalid value provided to "mode": "%s" must be one of: `+
			`"standard" or "adaptive" (AWS_RETRY_MODE or retry_mode)`, mode)
	}
	text := first(get("AWS_MAX_ATTEMPTS"), s.Profile.Get("max_attempts"))
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return exit.Environment(
			"AWS_MAX_ATTEMPTS or max_attempts: %q is not a number of attempts", text)
	}
	s.Attempts = n
	return nil
}
