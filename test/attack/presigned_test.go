package attack

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/drover-iot/drover/test/objectstore"
)

// from gets the document of a job as a thing does, which the operator may do for it, and downloads
// what its member "from" names. It returns the content, or how the store refused.
func (m *machine) from(thing, job string) string {
	m.T.Helper()
	request := must[*http.Request](m.T)(http.NewRequestWithContext(
		m.T.Context(), "GET", m.HTTP+"/things/"+thing+"/jobs/"+job, nil))
	const noBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	key := aws.Credentials{AccessKeyID: m.AccessKeyID, SecretAccessKey: m.SecretAccessKey}
	err := v4.NewSigner().SignHTTP(m.T.Context(), key, request, noBody, "iot-jobs-data", m.Region,
		time.Now().Add(m.ClockOffset))
	if err != nil {
		m.T.Fatal(err)
	}
	answer := must[*http.Response](m.T)(http.DefaultClient.Do(request))
	defer answer.Body.Close()
	var got struct{ Execution struct{ JobDocument string } }
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil || answer.StatusCode != 200 {
		m.T.Fatalf("%s: %d, %v", job, answer.StatusCode, err)
	}
	var document struct{ From string }
	if err := json.Unmarshal([]byte(got.Execution.JobDocument), &document); err != nil {
		m.T.Fatalf("%q: %v", got.Execution.JobDocument, err)
	}
	file := must[*http.Response](m.T)(http.Get(document.From))
	defer file.Body.Close()
	text := must[[]byte](m.T)(io.ReadAll(file.Body))
	if file.StatusCode == http.StatusOK {
		return string(text)
	}
	var refused struct{ Code string }
	if err := xml.Unmarshal(text, &refused); err != nil {
		m.T.Fatalf("%d %s", file.StatusCode, text)
	}
	return fmt.Sprint(file.StatusCode, " ", refused.Code)
}

// The clock of the server's machine is 20 minutes off, and that of the object store is right. A URL
// of a server that is behind has lost 20 minutes of its life, so that one for ten minutes is
// refused by the store from the start: the device asks again when the clock is right. A server that
// is ahead makes URLs whose date is still to come; versitygw accepts them, where AWS would answer
// that they are not valid yet.
func TestPresignedWhileClockIsWrong(t *testing.T) { // R-PRE-2, R-PRE-28
	t.Parallel()
	o := objectstore.Serve(t, "AKIDSTORE", "a secret", "firmware")
	o.Put("firmware", "fw.bin", "the firmware")
	m := newMachine(t)
	m.Env = append(m.Env, "DROVER_S3_ACCESS_KEY_ID=AKIDSTORE", "DROVER_S3_SECRET_ACCESS_KEY=a secret")
	m.Start("--s3-endpoint", o.URL)
	m.fleet("g", 1)
	for id, seconds := range map[string]int64{"short": 600, "long": 3600} {
		must[*iot.CreateJobOutput](t)(m.Control().CreateJob(t.Context(), &iot.CreateJobInput{
			JobId:    &id,
			Targets:  []string{m.ARN("thinggroup", "g")},
			Document: aws.String(`{"from":"${aws:iot:s3-presigned-url:` + o.URL + `/firmware/fw.bin}"}`),
			PresignedUrlConfig: &types.PresignedUrlConfig{
				RoleArn:      aws.String("arn:aws:iam::123456789012:role/firmware"),
				ExpiresInSec: &seconds,
			},
		}))
	}
	const off = 20 * time.Minute
	for _, tt := range []struct {
		by          time.Duration
		short, long string
	}{
		{off, "the firmware", "the firmware"},
		{-off, "the firmware", "the firmware"},
		{-off, "403 AccessDenied", "the firmware"},
		{off, "the firmware", "the firmware"},
	} {
		m.jump(tt.by)
		for job, want := range map[string]string{"short": tt.short, "long": tt.long} {
			if got := m.from("t0000", job); got != want {
				t.Errorf("the server's clock is %v ahead, %s: %s, want %s", m.set, job, got, want)
			}
		}
	}
}
