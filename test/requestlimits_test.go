package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/drover-iot/drover/test/testserver"
)

// Limits of requests stand in the file of the settings, are judged at the start, and change with
// SIGHUP, for what the description judges and for what the core does (R-LIM-56, R-CFG-11).
func TestReloadRequestLimits(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "drover.yaml")
	settings := func(bytes, placeholders int) {
		text := fmt.Sprintf("max-document-bytes: %d\nmax-placeholders: %d\n", bytes, placeholders)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings(2000, 1)
	s := &server{Server: testserver.New(t), t: t}
	s.Start("--config", file)
	s.fleet("g", 1)
	create := func(id, document string) error {
		_, err := s.Control().CreateJob(within(t, 20*time.Second), &iot.CreateJobInput{
			JobId: aws.String(id), Targets: []string{s.ARN("thinggroup", "g")}, Document: &document,
		})
		return err
	}
	text := func(bytes int) string { return `{"a":"` + strings.Repeat("x", bytes-8) + `"}` }
	objects := func(n int) string {
		const one = "${aws:iot:s3-presigned-url:s3://artifacts/k}"
		return `{"a":"` + strings.Repeat(one, n) + `"}`
	}
	allowed := func(id, document string) {
		t.Helper()
		if err := create(id, document); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	refused := func(id, document, says string) {
		t.Helper()
		if err := create(id, document); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", id, err, says)
		}
	}
	allowed("bytes-2000", text(2000))
	refused("bytes-2001", text(2001), "document: the value is refused: length 2001 is not in ..2000")
	allowed("placeholders-1", objects(1))
	refused("placeholders-2", objects(2), "2 placeholders, at most 1 are allowed")
	settings(40_000, 2)
	s.Signal(syscall.SIGHUP)
	eventually(t, "the limits are in force", func() bool {
		return strings.Contains(s.Output.String(), "max-document-bytes=40000, max-placeholders=2")
	})
	allowed("bytes-40000", text(40_000))
	refused("bytes-40001", text(40_001), "length 40001 is not in ..40000")
	allowed("placeholders-2", objects(2))
	refused("placeholders-3", objects(3), "3 placeholders, at most 2 are allowed")
}
