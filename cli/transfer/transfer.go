// Package transfer brings files to a bucket of an S3 store and back: the embedded store of Drover
// or any other (R-ART-12). A transfer that was interrupted goes on where it stopped when it is
// asked for again, and what has arrived is compared by SHA-256.
//
// Store in transfer.go is the start; put.go and parts.go bring a file there, get.go brings it back.
// The package reads no settings and prints nothing; what is done of a transfer is reported to a
// Progress.
package transfer

import (
	"context"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/drover-iot/drover/client"
)

// Config says where the bucket is, and who asks.
type Config struct {
	Endpoint    string // http://host:port
	Region      string // for signing
	Bucket      string
	Credentials client.Credentials
	HTTP        *http.Client // nil for a usual one
}

// Store is a bucket of an S3 store.
type Store struct {
	Config
	s3 *s3.Client
}

// Object is what is stored under a key.
type Object struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	Size   int64  `json:"size"`
	// SHA256 is that of the content, in hexadecimal.
	SHA256 string `json:"sha256"`
}

// Progress shows how far a transfer is. Its methods may be called concurrently.
type Progress interface {
	// Begin is called once the size is known. done bytes of it are there from an earlier attempt.
	Begin(name string, size, done int64)
	// Add says that n more bytes are done; n is negative for bytes that must be sent again.
	Add(n int64)
	// End is called when the transfer has ended, also with an error.
	End()
}

// Open returns the bucket. It makes no request.
func Open(c Config) *Store {
	if c.HTTP == nil {
		c.HTTP = http.DefaultClient
	}
	return &Store{c, c.client(c.HTTP)}
}

// client is a client of the store, with buckets in the path: an address such as 127.0.0.1 cannot
// have them in front.
func (c Config) client(h *http.Client) *s3.Client {
	k := c.Credentials
	return s3.New(s3.Options{
		Region:       c.Region,
		BaseEndpoint: aws.String(c.Endpoint),
		UsePathStyle: true,
		HTTPClient:   h,
		Credentials: credentials.NewStaticCredentialsProvider(
			k.AccessKeyID, k.SecretAccessKey, k.SessionToken),
		// A part of a download is compared with the SHA-256 of the whole.
		DisableLogOutputChecksumValidationSkipped: true,
	})
}

// counting returns the store with a client that reports what it sends.
func (s *Store) counting(p Progress) *Store {
	h := *s.HTTP
	h.Transport = sender{h.Transport, p}
	return &Store{s.Config, s.Config.client(&h)}
}

// A sender reports the bytes of each request's body to a Progress as they are sent. It stands below
// the SDK, which reads a body more than once: for its checksum, and again with every attempt.
type sender struct {
	base http.RoundTripper // nil for the default one
	to   Progress
}

// RoundTrip implements http.RoundTripper. The bytes of a request that is not accepted do not count.
func (s sender) RoundTrip(r *http.Request) (*http.Response, error) {
	base := s.base
	if base == nil {
		base = http.DefaultTransport
	}
	if r.Body == nil || r.Method != http.MethodPut {
		return base.RoundTrip(r)
	}
	body := &countedBody{ReadCloser: r.Body, to: s.to}
	r = r.Clone(r.Context())
	r.Body = body
	answer, err := base.RoundTrip(r)
	if err != nil || answer.StatusCode >= http.StatusMultipleChoices {
		s.to.Add(-body.n)
	}
	return answer, err
}

// A countedBody reports the bytes that are read from it.
type countedBody struct {
	io.ReadCloser
	to Progress
	n  int64
}

// Read implements io.Reader.
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	b.to.Add(int64(n))
	return n, err
}

// metadata is the name under which an object has the SHA-256 of its content: x-amz-meta-sha256.
const metadata = "sha256"

// head returns the size and the SHA-256 that an object has by its metadata, which is empty for one
// that another program has stored.
func (s *Store) head(ctx context.Context, key string) (Object, error) {
	out, err := s.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.Bucket, Key: &key})
	if err != nil {
		return Object{}, err
	}
	return Object{s.Bucket, key, aws.ToInt64(out.ContentLength), out.Metadata[metadata]}, nil
}
