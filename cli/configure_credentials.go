package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/drover-iot/drover/cli/credentials"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/settings"
	"github.com/drover-iot/drover/cli/value"
)

// The two commands of configure that have options of their own: import, which stores downloaded
// keys, and export-credentials, which prints those in force for another program.

// configureImport stores the keys of --csv (R-CMD-132).
func (c *call) configureImport() error {
	if !c.line.Has("csv") {
		return exit.BadLine("the following arguments are required: --csv")
	}
	text := c.line.Text("csv")
	if namesFile(text) {
		var err error
		if text, err = (reader{env: c.env, line: &c.line}).loadFile(text); err != nil {
			return parsingError("--csv", err)
		}
	}
	n, err := settings.Import{
		Prefix:      c.line.Text("profile-prefix"),
		SkipInvalid: c.line.Has("skip-invalid"),
	}.Store(c.sources(), text)
	if err != nil {
		return err
	}
	return c.env.print(fmt.Sprintf("Successfully imported %d profile(s)", n))
}

// exportForms are the lines of the formats of export-credentials that set variables, with a name
// and a text.
var exportForms = map[string]string{
	"env":           "export %s=%s",
	"env-no-export": "%s=%s",
	"powershell":    `$Env:%s="%s"`,
	"windows-cmd":   "set %s=%s",
	"fish":          `set -gx %s "%s"`,
}

// exportCredentials prints the credentials in force in the format asked for (R-CMD-153).
func (c *call) exportCredentials(ctx context.Context) error {
	v, err := settings.Export(ctx, c.sources())
	if err != nil {
		return err
	}
	form, variables := exportForms[c.line.Text("format")]
	if !variables {
		return c.env.print(processAnswer(v))
	}
	var lines []string
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, fmt.Sprintf(form, name, text))
		}
	}
	add("AWS_ACCESS_KEY_ID", v.AccessKeyID)
	add("AWS_SECRET_ACCESS_KEY", v.SecretAccessKey)
	add("AWS_SESSION_TOKEN", v.SessionToken)
	add("AWS_CREDENTIAL_EXPIRATION", expiration(v))
	return c.env.print(strings.Join(lines, "\n"))
}

// expiration is the time when credentials expire as a text, "" when they do not.
func expiration(v credentials.Value) string {
	if v.Expires.IsZero() {
		return ""
	}
	return v.Expires.UTC().Truncate(time.Second).Format("2006-01-02T15:04:05+00:00")
}

// processAnswer is what a credential_process prints (R-CMD-105).
func processAnswer(v credentials.Value) string {
	lines := []string{
		`  "Version": 1`,
		fmt.Sprintf("  \"AccessKeyId\": %s", jsonText(v.AccessKeyID)),
		fmt.Sprintf("  \"SecretAccessKey\": %s", jsonText(v.SecretAccessKey)),
	}
	if v.SessionToken != "" {
		lines = append(lines, fmt.Sprintf("  \"SessionToken\": %s", jsonText(v.SessionToken)))
	}
	if text := expiration(v); text != "" {
		lines = append(lines, fmt.Sprintf("  \"Expiration\": %s", jsonText(text)))
	}
	return "{\n" + strings.Join(lines, ",\n") + "\n}"
}

// jsonText is a text as JSON.
func jsonText(text string) string { return string(value.AppendJSON(nil, text, "", "")) }
