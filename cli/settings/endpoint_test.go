package settings_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/settings"
)

// Where the endpoint of a plane comes from, each place before the next, and what ignores them
// (R-CMD-107 to R-CMD-109).
func TestEndpoints(t *testing.T) {
	t.Parallel()
	const config = `
[profile all]
endpoint_url = http://profile
services = local
[profile one]
endpoint_url = http://profile
services = iot-only
[profile ignoring]
endpoint_url = http://profile
ignore_configured_endpoint_urls = True
[profile not-ignoring]
endpoint_url = http://profile
ignore_configured_endpoint_urls = false
[profile gone]
endpoint_url = http://profile
services = gone
[services local]
iot =
  endpoint_url = http://section-iot
iot_jobs_data_plane =
  endpoint_url = http://section-data
  region = not-an-endpoint
[services iot-only]
iot =
  endpoint_url = http://section-iot
`
	const every, data, iot = "AWS_ENDPOINT_URL=http://all ", "AWS_ENDPOINT_URL_IOT_JOBS_DATA_PLANE=http://data ", "AWS_ENDPOINT_URL_IOT=http://iot "
	const ignore = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=TRUE "
	for _, row := range []struct {
		rule, vars, options, plane string
		want                       string // "" for none, which is an error
	}{
		{"R-CMD-107 option", every + data, "endpoint-url=http://option profile=all", "iot-jobs-data", "http://option"},
		{"R-CMD-107 service", every + data + iot, "profile=all", "iot-jobs-data", "http://data"},
		{"R-CMD-107 other service", every + data + iot, "profile=all", "iot", "http://iot"},
		{"R-CMD-107 all", every + iot, "profile=all", "iot-jobs-data", "http://all"},
		{"R-CMD-107 section", iot, "profile=all", "iot-jobs-data", "http://section-data"},
		{"R-CMD-107 section of the other", "", "profile=all", "iot", "http://section-iot"},
		{"R-CMD-107 profile", iot, "profile=one", "iot-jobs-data", "http://profile"},
		{"R-CMD-107 nothing", "", "", "iot", ""},
		{"R-CMD-108 another name", "AWS_ENDPOINT_URL_IOT_JOBS_DATA=http://x", "profile=one", "iot-jobs-data", "http://profile"},
		{"R-CMD-109 variable", ignore + every + data, "profile=all", "iot-jobs-data", ""},
		{"R-CMD-109 variable and option", ignore + every, "endpoint-url=http://option profile=all", "iot", "http://option"},
		{"R-CMD-109 profile", every, "profile=ignoring", "iot", ""},
		{"R-CMD-109 not in the profile", "", "profile=not-ignoring", "iot", "http://profile"},
		{"R-CMD-109 other text", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=1 " + every, "", "iot", "http://all"},
		{"R-CMD-109 gone section behind a variable", every, "profile=gone", "iot", "http://all"},
	} {
		path := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		from := sources(t, "AWS_CONFIG_FILE="+path+" "+row.vars, row.options)
		from.Service = row.plane
		s, err := settings.Find(from)
		if row.want == "" {
			if failed, ok := errors.AsType[*exit.Error](err); !ok || failed.Status != exit.StatusEnvironment {
				t.Errorf("%s: %v, want no endpoint", row.rule, err)
			}
			continue
		}
		if err != nil || s.Endpoint != row.want {
			t.Errorf("%s: %v, want %s", row.rule, err, row.want)
		}
	}
}

// The token service has the same places for its endpoint, but for the option (R-CMD-107). A section
// that is gone is reported when the role is assumed, naming it (R-CMD-109).
func TestTokenServiceEndpoint(t *testing.T) {
	t.Parallel()
	const config = `
[profile base]
aws_access_key_id = AK
aws_secret_access_key = s
[profile profile]
endpoint_url = SERVER/profile
role_arn = R
source_profile = base
[profile section]
endpoint_url = http://127.0.0.1:1
services = local
role_arn = R
source_profile = base
[profile gone]
services = gone
role_arn = R
source_profile = base
[services local]
sts =
  endpoint_url = SERVER/section
`
	const option = "endpoint-url=http://127.0.0.1:1 "
	for _, row := range []struct{ vars, options, asked, problem string }{
		{"AWS_ENDPOINT_URL_STS=SERVER/sts AWS_ENDPOINT_URL=SERVER/all", "profile=profile", "sts", ""},
		{"AWS_ENDPOINT_URL=SERVER/all", option + "profile=profile", "all", ""},
		{"", option + "profile=section", "section", ""},
		{"", option + "profile=profile", "profile", ""},
		{"", option + "profile=gone", "", `The profile is configured to use the services section but the "gone" services configuration does not exist.`},
	} {
		g := newGiver(t)
		s, err := settings.Find(g.in(t, g.home(t, config, nil), row.vars, row.options))
		if err != nil {
			t.Fatal(err)
		}
		err = s.FindCredentials(t.Context())
		asked := g.take()
		if row.problem != "" && (err == nil || err.Error() != row.problem) || row.asked != "" && (len(asked) != 1 || asked[0] != row.asked+"/" && asked[0] != row.asked) {
			t.Errorf("%s %s: %v, asked %v, want %s%s", row.vars, row.options, err, asked, row.asked, row.problem)
		}
	}
}
