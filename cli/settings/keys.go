package settings

import "slices"

// What completion offers of the shared files (R-CMD-145).

// Keys are the keys of a profile that have an effect (docs/spec/40, section 23).
var Keys = []string{
	"region", "output", "aws_access_key_id", "aws_secret_access_key", "aws_session_token",
	"credential_process", "ca_bundle", "endpoint_url", "services",
	"ignore_configured_endpoint_urls", "max_attempts", "retry_mode", "parameter_validation",
	"cli_timestamp_format", "cli_pager", "cli_error_format", "cli_compat",
}

// Regions are the regions that the environment and the profiles name, each once.
func Regions(getenv func(string) string) (names []string, err error) {
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	add(getenv("AWS_REGION"))
	add(getenv("AWS_DEFAULT_REGION"))
	config, err := readINI(ConfigPath(getenv))
	if err != nil {
		return nil, err
	}
	for _, section := range config.Sections() {
		add(textOf(section, "region"))
	}
	return names, nil
}
