// Package presign makes the presigned URLs in the job documents that devices get, for downloads and
// uploads, with the AWS SDK's own signer. It does no I/O: a URL is computed from a credential that
// is in memory, and whether the object exists is found out by the device that downloads it
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

// Credential is what URLs are signed with. The keys that are derived from its secret, one for each
// day and region, are kept with it.
type Credential struct {
	aws.Credentials
	signer *v4.Signer
}

// NewCredential returns the credential of an access key.
func NewCredential(c aws.Credentials) *Credential {
	return &Credential{c, v4.NewSigner(func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = true // S3 signs the path as it is sent, escaped once
	})}
}

// Config is what URLs are made with.
type Config struct {
	// Credential returns the credential of a role as it is now, without I/O (R-PRE-13).
	Credential func(role string) (*Credential, error)
	// Store is where the objects of all addresses are downloaded from, in path style unless
	// VirtualHosts is set. Empty is the host that each address names (R-PRE-14).
	Store job.ObjectStore
	// VirtualHosts says that the host of a URL of Store begins with the bucket.
	VirtualHosts bool
	// Uploads is the bucket of uploads whose placeholder has no address (R-PRE-23).
	Uploads job.Object
	// Region is the one that all URLs are signed for. Empty is the region in each address.
	Region string
	// DefaultRegion is for addresses without a region, when Region is empty.
	DefaultRegion string
	// Artifacts makes the URLs of objects in the server's own store of artifacts, with a key pair
	// of its own (R-ART-13). Nil when there is no such store.
	Artifacts *Signer
	// Now is the real time, also beside a virtual clock: the object store, which checks when a URL
	// was made and until when it is valid, knows no other (R-PRE-28).
	Now func() time.Time
}

// Signer makes presigned URLs. Its methods may be called concurrently.
type Signer struct{ Config }

// New returns a signer.
func New(c Config) *Signer { return &Signer{c} }

// Document returns a job document with presigned URLs in place of its placeholders, which are valid
// for the lifetime of the delivery from now on (R-PRE-1, R-PRE-2). The credential is that of the
// role which the job has now; an artifact of the server needs none.
func (s *Signer) Document(text string, d job.Delivery) (string, error) {
	stores := job.Stores{Own: s.Store, Uploads: s.Uploads}
	return job.Deliver(text, stores, d, func(o job.Object) (string, error) {
		switch {
		case !o.Artifact:
			return s.objectURL(o, d)
		case s.Artifacts.Store == "":
			return "", errors.New("there is no HTTP listener for the artifacts of this server")
		}
		return s.Artifacts.objectURL(o, d)
	})
}

// objectURL is the URL that a device gets for an object.
func (s *Signer) objectURL(o job.Object, d job.Delivery) (string, error) {
	credential, err := s.Credential(d.Role)
	if err != nil {
		return "", err
	}
	method := http.MethodGet // R-PRE-3
	if o.Upload {
		method = http.MethodPut // R-PRE-20
	}
	return s.URL(method, o, credential, d.Lifetime)
}

// unsignedPayload stands for the hash of the body, which S3 leaves out of the signature of a URL.
const unsignedPayload = "UNSIGNED-PAYLOAD"

// URL returns a URL with which anybody can make one kind of request for an object, for this long
// from now on. An object without a key is its bucket.
func (s *Signer) URL(
	method string, o job.Object, c *Credential, lifetime time.Duration,
) (string, error) {
	query := url.Values{"X-Amz-Expires": {strconv.Itoa(int(lifetime.Seconds()))}}
	if o.Version != "" {
		query.Set("versionId", o.Version)
	}
	scheme, host, path := s.place(o)
	signed, _, err := c.signer.PresignHTTP(context.Background(), c.Credentials, &http.Request{
		Method: method,
		Host:   host,
		Header: http.Header{},
		URL: &url.URL{
			Scheme:   scheme,
			Host:     host,
			Opaque:   "//" + host + path, // a Path would be escaped by other rules than S3's
			RawQuery: query.Encode(),
		},
	}, unsignedPayload, "s3", s.RegionOf(o), s.Now())
	return signed, err
}

// place is where an object is downloaded from. The path is escaped.
func (s *Signer) place(o job.Object) (scheme, host, path string) {
	endpoint, path := o.Endpoint, "/"+httpbinding.EscapePath(o.Key, false)
	bucketInHost := o.BucketInHost
	if own := s.Store.Endpoint(); own != "" {
		endpoint, bucketInHost = own, s.VirtualHosts
	}
	scheme, host, _ = strings.Cut(endpoint, "://")
	if bucketInHost {
		return scheme, o.Bucket + "." + host, path
	}
	if o.Key == "" { // the bucket
		return scheme, host, "/" + o.Bucket
	}
	return scheme, host, "/" + o.Bucket + path
}

// RegionOf is the region that the URL of an object is signed for (R-PRE-29).
func (s *Signer) RegionOf(o job.Object) string {
	switch {
	case s.Region != "":
		return s.Region
	case o.Region != "":
		return o.Region
	}
	return s.DefaultRegion
}
