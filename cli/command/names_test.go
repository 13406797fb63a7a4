package command

import "testing"

// Names (R-CMD-6).
func TestDashed(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"jobId": "job-id", "presignedUrlConfig": "presigned-url-config", "includeJobExecutionState": "include-job-execution-state",
		"ListThingPrincipalsV2": "list-thing-principals-v2", "RegisterCACertificate": "register-ca-certificate", "SetV2LoggingLevel": "set-v2-logging-level",
		"already-dashed": "already-dashed", "DescribeJob": "describe-job", "thingARNs": "thing-arns",
	} {
		if got := Dashed(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
