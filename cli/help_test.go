package cli

import (
	"strings"
	"testing"

	"github.com/drover-iot/drover/cli/command"
)

// Help is there in every spelling, without an environment (R-CMD-19, R-CMD-123, R-CMD-126).
func TestHelp(t *testing.T) {
	t.Parallel()
	for _, words := range []string{"help", "--help", "-h", "aws help", "iot help", "iot --help", "iot update-job help", "iot update-job --help", "iot update-job -h",
		"iot update-job --job-id j help", "iot-jobs-data update-job-execution help"} {
		if got := call1(t, nil, "", strings.Fields(words)...); got.status != 0 || got.problem != "" || len(got.out) < 100 {
			t.Errorf("%s: %+v", words, got)
		}
	}
}

// Every operation has help with all sections, and none of it speaks of rule numbers.
func TestHelpOfAll(t *testing.T) {
	t.Parallel()
	for _, s := range command.Services {
		for _, name := range command.Names(s) {
			got := call1(t, nil, "", s.Name, name, "help")
			rest := got.out
			for _, section := range []string{"NAME\n", "DESCRIPTION\n", "SYNOPSIS\n", "OPTIONS\n", "GLOBAL OPTIONS\n", "EXAMPLES\n", "OUTPUT\n"} {
				_, after, found := strings.Cut(rest, section)
				if rest = after; !found {
					t.Errorf("%s %s: no %s", s.Name, name, section)
				}
			}
			if strings.Contains(got.out, "(R-") {
				t.Errorf("%s %s speaks of rules", s.Name, name)
			}
		}
	}
}

// The lines of R-CMD-124, to the letter.
func TestShorthandLines(t *testing.T) {
	t.Parallel()
	windows := "startTime=string,durationInMinutes=integer"
	abort := "{failureType=string,action=string,thresholdPercentage=double,minNumberOfExecutedThings=integer}"
	retry := "{failureType=string,numberOfRetries=integer}"
	for option, want := range map[string]string{
		"iot create-job --presigned-url-config": "roleArn=string,expiresInSec=long",
		"iot create-job --job-executions-rollout-config": "maximumPerMinute=integer,exponentialRate={baseRatePerMinute=integer,incrementFactor=double," +
			"rateIncreaseCriteria={numberOfNotifiedThings=integer,numberOfSucceededThings=integer}}",
		"iot create-job --abort-config":                       "criteriaList=[" + abort + "," + abort + "]",
		"iot create-job --timeout-config":                     "inProgressTimeoutInMinutes=long",
		"iot create-job --job-executions-retry-config":        "criteriaList=[" + retry + "," + retry + "]",
		"iot create-job --tags":                               "Key=string,Value=string ...",
		"iot create-job --document-parameters":                "KeyName1=string,KeyName2=string",
		"iot-jobs-data update-job-execution --status-details": "KeyName1=string,KeyName2=string",
		"iot create-job --scheduling-config":                  "startTime=string,endTime=string,endBehavior=string,maintenanceWindows=[{" + windows + "},{" + windows + "}]",
		"iot create-job-template --maintenance-windows":       windows + " ...",
	} {
		words := strings.Fields(option)
		help := call1(t, nil, "", words[0], words[1], "help").out
		_, about, _ := strings.Cut(help, "\n    "+words[2]+" (")
		_, line, _ := strings.Cut(about, "Shorthand syntax:\n            ")
		if line, _, _ = strings.Cut(line, "\n"); line != want {
			t.Errorf("%s: %s\nwant %s", option, line, want)
		}
	}
}
