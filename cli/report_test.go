package cli

import (
	"maps"
	"strings"
	"testing"
)

// How a failure is said, and with which status: in each format (R-CMD-122) and generation
// (R-CMD-118).
func TestReporting(t *testing.T) {
	t.Parallel()
	const taken = `{"message":"job j exists","resourceId":"j","resourceArn":"arn:j"}`
	const said = "\nAn error occurred (ResourceAlreadyExistsException) when calling the DescribeJob operation: job j exists\n"
	refused := record(t, answer{409, "ResourceAlreadyExistsException", taken})
	for _, row := range []struct {
		rule, vars, line string
		status           int
		problem          string
	}{
		{"R-CMD-122 enhanced", "", "describe-job --job-id j", 254, said + "\nAdditional error details:\nresourceId: j\nresourceArn: arn:j\n"},
		{"R-CMD-122 legacy", "AWS_CLI_ERROR_FORMAT=legacy", "describe-job --job-id j", 254, said},
		{"R-CMD-122 option", "AWS_CLI_ERROR_FORMAT=json", "describe-job --job-id j --cli-error-format legacy", 254, said},
		{"R-CMD-122 text", "", "describe-job --job-id j --cli-error-format text", 254,
			"ResourceAlreadyExistsException\t" + said[1:len(said)-1] + "\tarn:j\tj\n"},
		{"R-CMD-122 json", "", "describe-job --job-id '' --cli-error-format json", 252,
			"{\n    \"Code\": \"ParamValidation\",\n    \"Message\": \"Parameter validation failed:\\nInvalid length for parameter jobId, value: 0, valid min length: 1\"\n}\n"},
		{"R-CMD-122 no region", "AWS_REGION= AWS_CLI_ERROR_FORMAT=text", "describe-job --job-id j", 253,
			"NoRegion\tYou must specify a region. You can also configure your region by running \"aws configure\".\n"},
		{"R-CMD-122 unknown", "AWS_CLI_ERROR_FORMAT=xml", "describe-job --job-id j", 253,
			"Unknown error format: xml; valid ones are: legacy, json, yaml, text, table, enhanced\n"},
		{"R-CMD-118 first generation, service", "DROVER_CLI_COMPAT=1 AWS_CLI_ERROR_FORMAT=legacy", "describe-job --job-id j", 255, said},
		{"R-CMD-118 first generation, values", "DROVER_CLI_COMPAT=v1", "describe-job --job-id ''", 255,
			"Parameter validation failed:\nInvalid length for parameter jobId, value: 0, valid min length: 1\n"},
		{"R-CMD-118 no such generation", "DROVER_CLI_COMPAT=v3", "describe-job --job-id j", 253,
			"DROVER_CLI_COMPAT or cli_compat: v3 is no generation; v1 and v2 are\n"},
	} {
		vars := maps.Clone(refused.environment(t))
		for pair := range strings.FieldsSeq(row.vars) {
			name, text, _ := strings.Cut(pair, "=")
			vars[name] = text
		}
		words := strings.Fields("iot " + row.line)
		for i := range words {
			words[i] = strings.Trim(words[i], "'")
		}
		got := call1(t, vars, "", words...)
		if got.status != row.status || got.problem != row.problem || got.out != "" {
			t.Errorf("%s: %s: status %d, %q, want %d, %q", row.rule, row.line, got.status, got.problem, row.status, row.problem)
		}
	}
}

// The first generation had a status of its own for words that are no command line, and none for
// words that are left over (R-CMD-16, R-CMD-118).
func TestStatusesOfSyntax(t *testing.T) {
	t.Parallel()
	for line, first := range map[string]int{
		"iot describe-job":                     2,
		"iot describe-job --job-id":            2,
		"iot describe-jobs":                    2,
		"iot describe-job --job-id j --output": 2,
		"iot describe-job --job-id j --bogus":  255,
	} {
		for compat, want := range map[string]int{"": 252, "v1": first} {
			vars := map[string]string{"HOME": t.TempDir(), "DROVER_CLI_COMPAT": compat}
			if got := call1(t, vars, "", strings.Fields(line)...); got.status != want {
				t.Errorf("%s, compat %q: status %d, want %d: %s", line, compat, got.status, want, got.problem)
			}
		}
	}
}
