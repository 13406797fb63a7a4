package presign

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/job"
)

// An upload is the URL that botocore 1.43.11 makes with generate_presigned_url("put_object") for
// the key of the execution (R-PRE-20, R-PRE-21, R-PRE-25).
func TestUploadLikeBotocore(t *testing.T) {
	t.Parallel()
	const want = "https://s3.eu-west-1.amazonaws.com/b/logs/a%3Ab/2.txt?" +
		"X-Amz-Algorithm=AWS4-HMAC-SHA256&" +
		"X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260301%2Feu-west-1%2Fs3%2Faws4_request&" +
		"X-Amz-Date=20260301T120000Z&X-Amz-SignedHeaders=host&X-Amz-Expires=60&" +
		"X-Amz-Signature=af019eb2ed3141ffd47fff2f614a70c353b7ab63abb3798e96c5a87c3c9f55c4"
	text := document(job.PresignedUpload,
		"https://s3.eu-west-1.amazonaws.com/b/logs/${thingName}/${executionNumber}.txt")
	got, err := newSigner(nil).Document(text,
		job.Delivery{Thing: "a:b", JobID: "j", Number: 2, Lifetime: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	got = strings.TrimSuffix(strings.TrimPrefix(got, `{"from":"`), `"}`)
	if diff := cmp.Diff(parts(t, want), parts(t, got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// An upload without an address goes to the server's bucket for them (R-PRE-23).
func TestDefaultUpload(t *testing.T) {
	t.Parallel()
	s := newSigner(func(c *Config) {
		c.Uploads, _ = job.DefaultUploads("up", "", "eu-north-1")
	})
	got, err := s.Document(`{"from":"${aws:iot:s3-presigned-url-upload}"}`,
		job.Delivery{Thing: "t", JobID: "j", Number: 1, Lifetime: time.Minute})
	if err != nil || !strings.HasPrefix(got,
		`{"from":"https://s3.eu-north-1.amazonaws.com/up/j/t/1?`) {
		t.Errorf("%s, %v", got, err)
	}
}

// The credential is that of the role which the job has at each delivery. Its signature is the same
// as that of a signer which knows no other, also when roles sign in turn (R-PRE-13, R-UPD-17).
func TestRoleAtDelivery(t *testing.T) {
	t.Parallel()
	credentials := map[string]*Credential{}
	for _, role := range []string{"a", "b"} {
		c := example
		c.AccessKeyID, c.SecretAccessKey = "KEY"+role, "secret "+role
		credentials[role] = NewCredential(c)
	}
	find := func(role string) (*Credential, error) {
		if c := credentials[role]; c != nil {
			return c, nil
		}
		return nil, errors.New("no such role")
	}
	s := newSigner(func(c *Config) { c.Credential = find })
	text := document(job.PresignedURL, "https://s3.amazonaws.com/b/k")
	for _, role := range []string{"a", "b", "a", "b"} {
		d := job.Delivery{Role: role, Lifetime: time.Hour}
		got, err := s.Document(text, d)
		alone := newSigner(func(c *Config) { c.Credential = of(credentials[role].Credentials) })
		want, err2 := alone.Document(text, d)
		err = errors.Join(err, err2)
		if err != nil || got != want || !strings.Contains(got, "KEY"+role) {
			t.Errorf("%s: %s, %v, want %s", role, got, err, want)
		}
	}
	if got, err := s.Document(text, job.Delivery{Role: "c"}); err == nil {
		t.Errorf("R-PRE-12 a role without a credential: %s", got)
	}
}

// Many roles in one region: each has its derived key at hand.
func BenchmarkRoles(b *testing.B) {
	var roles []*Credential
	for i := range 16 {
		roles = append(roles, NewCredential(
			aws.Credentials{AccessKeyID: fmt.Sprint("K", i), SecretAccessKey: fmt.Sprint("s", i)}))
	}
	s := newSigner(nil)
	o := job.Object{Endpoint: "https://s3.amazonaws.com", Bucket: "b", Key: "firmware/fw-2.4.bin"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := s.URL("GET", o, roles[i%len(roles)], time.Hour); err != nil {
			b.Fatal(err)
		}
	}
}
