package presign

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/job"
)

// example are the credentials of the AWS documentation, which the expected URLs are signed with.
var example = aws.Credentials{
	AccessKeyID:     "AKIAIOSFODNN7EXAMPLE",
	SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}

// newSigner is a signer whose clock stands at noon, of a server in us-east-1.
func newSigner(change func(*Config)) *Signer {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := Config{
		Credential:    of(example),
		DefaultRegion: "us-east-1",
		Now:           func() time.Time { return noon },
	}
	if change != nil {
		change(&c)
	}
	return New(c)
}

// of returns one credential for every role.
func of(c aws.Credentials) func(string) (*Credential, error) {
	credential := NewCredential(c)
	return func(string) (*Credential, error) { return credential, nil }
}

// withToken has the example credential with a session token.
func withToken(token string) func(*Config) {
	c := example
	c.SessionToken = token
	return func(config *Config) { config.Credential = of(c) }
}

// document is a document with one placeholder.
func document(kind, address string) string {
	return fmt.Sprintf(`{"from":"${aws:iot:%s:%s}"}`, kind, address)
}

// deliver returns the URL in a document as a device gets it.
func deliver(t *testing.T, s *Signer, document string, lifetime time.Duration) string {
	t.Helper()
	got, err := s.Document(document, job.Delivery{Lifetime: lifetime})
	if err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(got, `{"from":"`), `"}`)
}

// The URLs that botocore 1.43.11 makes for the same objects: generate_presigned_url("get_object")
// of its S3 client, with signature_version s3v4, at the same time and with the same key. So R-PRE-3
// and the escaping of keys are those of AWS (R-PRE-7, R-PRE-8).
func TestLikeBotocore(t *testing.T) {
	t.Parallel()
	token := withToken("FwoG/x+y==")
	local := func(c *Config) { c.Store = "http://127.0.0.1:9000" }
	for _, tt := range []struct {
		kind, address string
		seconds       int
		config        func(*Config)
		want          string
	}{
		{job.PresignedURL, "https://s3.eu-west-1.amazonaws.com/b/fw.bin", 3600, nil,
			"https://s3.eu-west-1.amazonaws.com/b/fw.bin?" +
				"X-Amz-Algorithm=AWS4-HMAC-SHA256&" +
				"X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260301%2Feu-west-1%2F" +
				"s3%2Faws4_request&" +
				"X-Amz-Date=20260301T120000Z&X-Amz-Expires=3600&" +
				"X-Amz-SignedHeaders=host&" +
				"X-Amz-Signature=7df1294733260af566c59e67c2b707ef4ac8bfc659864968e85eac237fdfa3fd"},
		{job.PresignedURLv1, "https://s3.eu-west-1.amazonaws.com/b/a/b c+d~é&=?.bin", 60, nil,
			"https://s3.eu-west-1.amazonaws.com/b/a/b%20c%2Bd~%C3%A9%26%3D%3F.bin?" +
				"X-Amz-Algorithm=AWS4-HMAC-SHA256&" +
				"X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260301%2Feu-west-1%2F" +
				"s3%2Faws4_request&" +
				"X-Amz-Date=20260301T120000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&" +
				"X-Amz-Signature=400aab4f7aee7ef9e19a0a9002a10e76f1bf45c8a98b96aaf7e52a72a6bce564"},
		{job.PresignedURLv2,
			"https://s3.eu-west-1.amazonaws.com/b/a/b%20c%2Bd~%C3%A9&=%3F.bin", 60, nil,
			"https://s3.eu-west-1.amazonaws.com/b/a/b%20c%2Bd~%C3%A9%26%3D%3F.bin?" +
				"X-Amz-Algorithm=AWS4-HMAC-SHA256&" +
				"X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260301%2Feu-west-1%2F" +
				"s3%2Faws4_request&" +
				"X-Amz-Date=20260301T120000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&" +
				"X-Amz-Signature=400aab4f7aee7ef9e19a0a9002a10e76f1bf45c8a98b96aaf7e52a72a6bce564"},
		{job.PresignedURLv2, "https://my-bucket.s3.us-west-2.amazonaws.com/k%3FversionId%3Da+b/1==",
			3600, nil,
			"https://my-bucket.s3.us-west-2.amazonaws.com/k?" +
				"versionId=a%2Bb%2F1%3D%3D&X-Amz-Algorithm=AWS4-HMAC-SHA256&" +
				"X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260301%2Fus-west-2%2F" +
				"s3%2Faws4_request&" +
				"X-Amz-Date=20260301T120000Z&X-Amz-Expires=3600&" +
				"X-Amz-SignedHeaders=host&" +
				"X-Amz-Signature=a110333f24e473045298f700587819a017f0916f076d83c30bf0e18f1241da40"},
		{job.PresignedURL, "https://my-bucket.s3.us-west-2.amazonaws.com/k", 3600, token,
			"https://my-bucket.s3.us-west-2.amazonaws.com/k?" +
				"X-Amz-Algorithm=AWS4-HMAC-SHA256&" +
				"X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260301%2Fus-west-2%2F" +
				"s3%2Faws4_request&" +
				"X-Amz-Date=20260301T120000Z&X-Amz-Expires=3600&" +
				"X-Amz-SignedHeaders=host&" +
				"X-Amz-Security-Token=FwoG%2Fx%2By%3D%3D&" +
				"X-Amz-Signature=972189b3e5352641adea0e32030435ddcd1959a9d595f9e273a7a78f66b53999"},
		{job.PresignedURL, "https://b.s3.amazonaws.com///x/./k", 3600, local,
			"http://127.0.0.1:9000/b///x/./k?" +
				"X-Amz-Algorithm=AWS4-HMAC-SHA256&" +
				"X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260301%2Fus-east-1%2F" +
				"s3%2Faws4_request&" +
				"X-Amz-Date=20260301T120000Z&X-Amz-Expires=3600&" +
				"X-Amz-SignedHeaders=host&" +
				"X-Amz-Signature=f38cb2652a52aa72931247aaf2eec9204298ae06c0a158c4f68f0e8128cfb016"},
		{job.PresignedURL, "https://s3.amazonaws.com/b/fw.bin", 3600, nil,
			"https://s3.amazonaws.com/b/fw.bin?" +
				"X-Amz-Algorithm=AWS4-HMAC-SHA256&" +
				"X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260301%2Fus-east-1%2F" +
				"s3%2Faws4_request&" +
				"X-Amz-Date=20260301T120000Z&X-Amz-Expires=3600&" +
				"X-Amz-SignedHeaders=host&" +
				"X-Amz-Signature=f963323232c390225e7a9bc2470e467d953b5ef3a53f6fe4772f2cc161fb9284"},
		{job.PresignedURL, "https://my-bucket.s3.cn-north-1.amazonaws.com.cn/k", 3600, nil,
			"https://my-bucket.s3.cn-north-1.amazonaws.com.cn/k?" +
				"X-Amz-Algorithm=AWS4-HMAC-SHA256&" +
				"X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260301%2Fcn-north-1%2F" +
				"s3%2Faws4_request&" +
				"X-Amz-Date=20260301T120000Z&X-Amz-Expires=3600&" +
				"X-Amz-SignedHeaders=host&" +
				"X-Amz-Signature=3216c10444357148fe9caace592271a321bd5df4ae0e7dc3e3ba77fcd9723cd7"},
		{job.PresignedURLv2, "https://s3.amazonaws.com/b/a%7Db{c%22d%5Ce*f(g)!h'.bin", 3600, nil,
			"https://s3.amazonaws.com/b/a%7Db%7Bc%22d%5Ce%2Af%28g%29%21h%27.bin?" +
				"X-Amz-Algorithm=AWS4-HMAC-SHA256&" +
				"X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260301%2Fus-east-1%2F" +
				"s3%2Faws4_request&" +
				"X-Amz-Date=20260301T120000Z&X-Amz-Expires=3600&" +
				"X-Amz-SignedHeaders=host&" +
				"X-Amz-Signature=df56893a6d35f71dbcadf8d6c8bcf6e87384a66f2180fb696c6c3cfbc53ddf38"},
	} {
		lifetime := time.Duration(tt.seconds) * time.Second
		got := deliver(t, newSigner(tt.config), document(tt.kind, tt.address), lifetime)
		// botocore writes versionId first; the order of a query is not signed.
		if diff := cmp.Diff(parts(t, tt.want), parts(t, got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.address, diff)
		}
	}
}

// parts are a URL and the members of its query, apart.
func parts(t *testing.T, text string) map[string][]string {
	t.Helper()
	place, query, _ := strings.Cut(text, "?")
	members, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	members["place"] = []string{place}
	return members
}

// Where the object of an address is downloaded from, and the region that its URL is signed for: the
// styles of R-PRE-6 as they are written, and all in one style on the server's own store (R-ART-1,
// R-PRE-14, R-PRE-29).
func TestPlace(t *testing.T) {
	t.Parallel()
	own := func(region string) func(*Config) {
		return func(c *Config) {
			c.Store, c.Region, c.DefaultRegion = "http://store.example:9000", region, "eu-north-1"
		}
	}
	hosts := func(c *Config) { c.Store, c.VirtualHosts = "http://store.example:9000", true }
	for _, tt := range []struct {
		address string
		config  func(*Config)
		want    string
	}{
		{"https://s3.amazonaws.com/b/k", nil, "https://s3.amazonaws.com/b/k us-east-1"},
		{"https://s3.eu-west-1.amazonaws.com/b/k", nil,
			"https://s3.eu-west-1.amazonaws.com/b/k eu-west-1"},
		{"https://s3-eu-west-1.amazonaws.com/b/k", nil,
			"https://s3-eu-west-1.amazonaws.com/b/k eu-west-1"},
		{"https://b.s3.amazonaws.com/k", nil, "https://b.s3.amazonaws.com/k us-east-1"},
		{"https://b.s3.eu-west-1.amazonaws.com/k", nil,
			"https://b.s3.eu-west-1.amazonaws.com/k eu-west-1"},
		{"https://b.s3-eu-west-1.amazonaws.com/k", nil,
			"https://b.s3-eu-west-1.amazonaws.com/k eu-west-1"},
		{"https://b.s3.amazonaws.com/k", func(c *Config) { c.DefaultRegion = "eu-north-1" },
			"https://b.s3.amazonaws.com/k eu-north-1"},
		{"https://b.s3.eu-west-1.amazonaws.com/k", func(c *Config) { c.Region = "eu-north-1" },
			"https://b.s3.eu-west-1.amazonaws.com/k eu-north-1"},
		{"https://b.s3.eu-west-1.amazonaws.com/k", own(""),
			"http://store.example:9000/b/k eu-west-1"},
		{"https://s3.amazonaws.com/b/k", own(""), "http://store.example:9000/b/k eu-north-1"},
		{"https://s3.amazonaws.com/b/k", own("garage"), "http://store.example:9000/b/k garage"},
		{"https://s3.amazonaws.com/b/k", hosts, "http://b.store.example:9000/k us-east-1"},
		{"https://b.s3.eu-west-1.amazonaws.com/k", hosts, "http://b.store.example:9000/k eu-west-1"},
		{"https://store.example:9000/b/a/k", hosts, "http://b.store.example:9000/a/k us-east-1"},
		{"https://store.example:9000/b/k", own(""), "http://store.example:9000/b/k eu-north-1"},
	} {
		got := deliver(t, newSigner(tt.config), document(job.PresignedURL, tt.address), time.Hour)
		members := parts(t, got)
		scope := strings.Split(members["X-Amz-Credential"][0], "/")
		if place := members["place"][0] + " " + scope[2]; place != tt.want {
			t.Errorf("%s: %s, want %s", tt.address, place, tt.want)
		}
	}
}

// Each delivery has a URL of its own, from its own time on; after midnight the key of the new day
// signs it (R-PRE-1, R-PRE-2).
func TestFreshURL(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 23, 59, 59, 0, time.UTC)
	s := newSigner(func(c *Config) { c.Now = func() time.Time { return now } })
	from := document(job.PresignedURL, "https://s3.amazonaws.com/b/k")
	before := parts(t, deliver(t, s, from, time.Hour))
	now = now.Add(time.Second)
	after := parts(t, deliver(t, s, from, time.Minute))
	for name, want := range map[string][]string{
		"X-Amz-Date":    {"20260301T235959Z", "20260302T000000Z"},
		"X-Amz-Expires": {"3600", "60"},
		"X-Amz-Credential": {"AKIAIOSFODNN7EXAMPLE/20260301/us-east-1/s3/aws4_request",
			"AKIAIOSFODNN7EXAMPLE/20260302/us-east-1/s3/aws4_request"},
	} {
		if diff := cmp.Diff(want, []string{before[name][0], after[name][0]}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	alone := newSigner(func(c *Config) { c.Now = s.Now })
	if diff := cmp.Diff(parts(t, deliver(t, alone, from, time.Minute)), after); diff != "" {
		t.Errorf("a signer that has signed on another day (-want +got):\n%s", diff)
	}
}

// An artifact is downloaded from the server itself, by a URL that the server's own key signs;
// without a listener there is no such URL.
func TestArtifacts(t *testing.T) { // R-ART-13
	t.Parallel()
	pair := aws.Credentials{AccessKeyID: "OWN", SecretAccessKey: "of the server"}
	own := newSigner(func(c *Config) {
		c.Credential, c.Region, c.Store = of(pair), "eu-north-1", "https://iot.example:8443"
	})
	s := newSigner(func(c *Config) {
		c.Store = job.ObjectStore("http://store.example").WithArtifacts("artifacts")
		c.Artifacts = own
	})
	for address, want := range map[string]string{
		"s3://artifacts/a/fw 2.bin":              "https://iot.example:8443/artifacts/a/fw%202.bin OWN eu-north-1",
		"https://artifacts.s3.amazonaws.com/k":   "https://iot.example:8443/artifacts/k OWN eu-north-1",
		"https://s3.eu-west-1.amazonaws.com/b/k": "http://store.example/b/k " + example.AccessKeyID + " eu-west-1",
	} {
		members := parts(t, deliver(t, s, document(job.PresignedURL, address), time.Hour))
		scope := strings.Split(members["X-Amz-Credential"][0], "/")
		if got := members["place"][0] + " " + scope[0] + " " + scope[2]; got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	own.Store = ""
	text := document(job.PresignedURL, "s3://artifacts/k")
	if got, err := s.Document(text, job.Delivery{Lifetime: time.Hour}); err == nil {
		t.Errorf("without a listener: %s", got)
	}
}

// A placeholder of a store that the server no longer has is an error (R-PRE-12).
func TestDocumentFails(t *testing.T) {
	t.Parallel()
	text := document(job.PresignedURL, "https://store.example/b/k")
	if got, err := newSigner(nil).Document(text, job.Delivery{Lifetime: time.Hour}); err == nil {
		t.Errorf("delivered %s", got)
	}
}

// One URL, and a document with one in two kilobytes of other text: both are part of every delivery.
func BenchmarkURL(b *testing.B) {
	s := newSigner(withToken(strings.Repeat("x", 1000)))
	credential, err := s.Credential("")
	if err != nil {
		b.Fatal(err)
	}
	o := job.Object{Endpoint: "https://s3.amazonaws.com", Bucket: "b", Key: "firmware/fw-2.4.bin"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.URL("GET", o, credential, time.Hour); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDocument(b *testing.B) {
	s := newSigner(nil)
	text := `{"steps":["` + strings.Repeat(`do","`, 400) +
		`${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/firmware/fw-2.4.bin}"]}`
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Document(text, job.Delivery{Lifetime: time.Hour}); err != nil {
			b.Fatal(err)
		}
	}
}
