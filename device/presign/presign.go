// Package presign makes the presigned download URLs in the job documents that devices get, with
// the AWS SDK's own signer. It does no I/O: a URL is computed from a credential that was read when
// the server started, and whether the object exists is found out by the device that downloads it
// (R-PRE-11).
package presign

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/encoding/httpbinding"

	"github.com/drover-iot/drover/job"
)

// Config is what URLs are made with.
type Config struct {
	// Credentials sign every URL, whatever the role of the job (R-PRE-13, R-PRE-26).
	Credentials aws.Credentials
	// Store is where the objects of all addresses are downloaded from, in path style. Empty is the
	// host that each address names (R-PRE-14).
	Store job.ObjectStore
	// Region is the one that all URLs are signed for. Empty is the region in each address.
	Region string
	// DefaultRegion is for addresses without a region, when Region is empty.
	DefaultRegion string
	// Artifacts makes the URLs of objects in the server's own store of artifacts, with a key pair of
	// its own (R-ART-13). Nil when there is no such store.
	Artifacts *Signer
	// Now is the real time, also beside a virtual clock: the object store, which checks when a URL
	// was made and until when it is valid, knows no other (R-PRE-28).
	Now func() time.Time
}

// Signer makes presigned URLs. Its methods may be called concurrently.
type Signer struct {
	Config
	signer *v4.Signer
}

// New returns a signer.
func New(c Config) *Signer {
	return &Signer{c, v4.NewSigner(func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = true // S3 signs the path as it is sent, escaped once
	})}
}

// Document returns a job document with presigned URLs in place of its placeholders, which are valid
// for this long from now on (R-PRE-1, R-PRE-2).
func (s *Signer) Document(text string, lifetime time.Duration) (string, error) {
	return job.Deliver(text, s.Store, func(o job.Object) (string, error) {
		switch {
		case !o.Artifact:
			return s.URL(o, lifetime)
		case s.Artifacts.Store == "":
			return "", errors.New("there is no HTTP listener for the artifacts of this server")
		}
		return s.Artifacts.URL(o, lifetime)
	})
}

// unsignedPayload stands for the hash of the body, which S3 leaves out of the signature of a URL.
const unsignedPayload = "UNSIGNED-PAYLOAD"

// URL returns a URL with which anybody can GET the object, for this long from now on (R-PRE-3).
func (s *Signer) URL(o job.Object, lifetime time.Duration) (string, error) {
	query := url.Values{"X-Amz-Expires": {strconv.Itoa(int(lifetime.Seconds()))}}
	if o.Version != "" {
		query.Set("versionId", o.Version)
	}
	scheme, host, path := s.place(o)
	signed, _, err := s.signer.PresignHTTP(context.Background(), s.Credentials, &http.Request{
		Method: http.MethodGet,
		Host:   host,
		Header: http.Header{},
		URL: &url.URL{
			Scheme:   scheme,
			Host:     host,
			Opaque:   "//" + host + path, // a Path would be escaped by other rules than S3's
			RawQuery: query.Encode(),
		},
	}, unsignedPayload, "s3", s.region(o), s.Now())
	return signed, err
}

// place is where an object is downloaded from. The path is escaped.
func (s *Signer) place(o job.Object) (scheme, host, path string) {
	endpoint, path := o.Endpoint, "/"+httpbinding.EscapePath(o.Key, false)
	own := s.Store.Endpoint()
	if own != "" {
		endpoint = own
	}
	scheme, host, _ = strings.Cut(endpoint, "://")
	if o.BucketInHost && own == "" {
		return scheme, o.Bucket + "." + host, path
	}
	return scheme, host, "/" + o.Bucket + path
}

// region is the region that the URL of an object is signed for.
func (s *Signer) region(o job.Object) string {
	switch {
	case s.Region != "":
		return s.Region
	case o.Region != "":
		return o.Region
	}
	return s.DefaultRegion
}
