package app

import (
	"testing"

	"github.com/drover-iot/drover/job"
)

// The address in URLs of artifacts is that of the host by name, without the usual port of its
// scheme.
func TestArtifactEndpoint(t *testing.T) { // R-ART-13
	t.Parallel()
	for _, tt := range []struct {
		listener, host string
		want           job.ObjectStore
	}{
		{"https://127.0.0.1:8443", "iot.example.org", "https://iot.example.org:8443"},
		{"https://[::]:443", "iot.example.org", "https://iot.example.org"},
		{"http://127.0.0.1:80", "localhost", "http://localhost"},
		{"http://127.0.0.1:443", "localhost", "http://localhost:443"},
		{"https://127.0.0.1:8443", "::1", "https://[::1]:8443"},
		{"https://127.0.0.1:443", "::1", "https://[::1]"},
		{"", "localhost", ""},
	} {
		if got := artifactEndpoint(tt.listener, tt.host); got != tt.want {
			t.Errorf("%s, %s: %s, want %s", tt.listener, tt.host, got, tt.want)
		}
	}
}

// A bucket has a name as S3 has them, or none.
func TestArtifactBucket(t *testing.T) { // R-ART-10
	t.Parallel()
	for name, ok := range map[string]bool{
		"": true, "artifacts": true, "fw-2.x": true, "ab": false, "Fw1": false, "a/b": false, "-ab": false, "_drover": false,
	} {
		if err := (Config{Artifacts: Artifacts{Bucket: name}}).checkArtifacts(); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}
