package job

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// The address in a placeholder for a presigned URL names an S3 object: its bucket in the path or in
// the host, with or without a region (R-PRE-6). It is checked when the document comes in, so that a
// typing error is found by the operator and not by the devices, and read again at each delivery.
// Whether there is such an object is not checked (R-PRE-11).

// ObjectStore is what placeholders may name beside the hosts of AWS: the endpoint of the
// S3-compatible store of a server, as ParseObjectStore returns it, and behind a slash the bucket of
// its own store of artifacts. Either may be missing:
//
//	http://127.0.0.1:9000/artifacts
//	http://127.0.0.1:9000
//	/artifacts
//
// The zero value is none.
type ObjectStore string

// WithArtifacts adds the bucket of the server's own store of artifacts. Empty is none.
func (s ObjectStore) WithArtifacts(bucket string) ObjectStore {
	if bucket == "" {
		return s
	}
	return s + "/" + ObjectStore(bucket)
}

// split returns the two parts of a store.
func (s ObjectStore) split() (endpoint, artifacts string) {
	text := string(s)
	i := strings.LastIndexByte(text, '/')
	if i < 0 || i > 0 && text[i-1] == '/' { // of http://
		return text, ""
	}
	return text[:i], text[i+1:]
}

// Endpoint is that of the S3-compatible store, empty when there is none.
func (s ObjectStore) Endpoint() string {
	endpoint, _ := s.split()
	return endpoint
}

// isArtifacts reports whether a bucket is that of the store of artifacts.
func (s ObjectStore) isArtifacts(bucket string) bool {
	_, artifacts := s.split()
	return artifacts != "" && bucket == artifacts
}

// ParseObjectStore reads an endpoint: http or https, a host, perhaps a port, and nothing behind
// them. The usual port of the scheme is left out, as clients do in the Host header, which is
// signed.
func ParseObjectStore(text string) (ObjectStore, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.User != nil || strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" ||
		u.Fragment != "" {
		return "", fmt.Errorf("%q: must be http or https with a host and perhaps a port, "+
			"like http://127.0.0.1:9000", text)
	}
	usual := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	host := strings.TrimSuffix(strings.TrimSuffix(u.Host, ":"), usual)
	return ObjectStore(u.Scheme + "://" + strings.ToLower(host)), nil
}

// path returns what follows the host in an address of this store. The scheme may be that of the
// endpoint or https. ok is false for other addresses.
func (s ObjectStore) path(address string) (path string, ok bool) {
	_, host, configured := strings.Cut(s.Endpoint(), "://")
	scheme, rest, _ := strings.Cut(address, "://")
	named, path, _ := strings.Cut(rest, "/")
	known := scheme == "https" || strings.HasPrefix(s.Endpoint(), scheme+"://")
	return path, configured && known && strings.ToLower(named) == host
}

// Object is what an address names.
type Object struct {
	// Endpoint is the scheme and host in the address, without the bucket:
	// https://s3.eu-west-1.amazonaws.com. For an object of the server's own store it is the store.
	Endpoint string
	// Region is the one in the host, empty where there is none.
	Region string
	Bucket string
	// BucketInHost says that the host of the address began with the bucket.
	BucketInHost bool
	Key          string // decoded, 1..1024 bytes
	Version      string // version id, empty for the newest
	// Artifact says that the object is in the server's own store of artifacts (R-ART-13). Then
	// Endpoint and Region mean nothing.
	Artifact bool
	Upload   bool // the object is to be written, and its key may have local placeholders
}

// MaxKeyBytes is how long the key of an object may be: no S3 store has longer ones (R-PRE-27).
const MaxKeyBytes = 1024

var (
	// awsHost is the host of an address, with the bucket where it is part of the host:
	// s3.amazonaws.com, s3.eu-west-1.amazonaws.com, b.s3-eu-west-1.amazonaws.com. The groups are
	// the bucket, the host without it, and the region.
	awsHost = regexp.MustCompile(
		`^(?:(.+)\.)?(s3(?:[.-]([a-z]{2}(?:-[a-z]+)+-\d+))?\.amazonaws\.com(?:\.cn)?)$`)
	bucketName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]*$`)
)

// object reads the address of a placeholder. The kinds of version 1 have everything after the
// bucket as the key, as it is (R-PRE-7, R-PRE-9); version 2 has bucket and key percent-encoded, and
// may select a version of the object (R-PRE-8). An artifact of the server's own store has any of
// these addresses with its bucket. The short address s3://bucket/key is an artifact, or an object
// of the configured store (R-ART-13). ok is false for anything that is no address of an object in
// AWS or in the store.
func (p Placeholder) object(store ObjectStore) (o Object, ok bool) {
	var path string
	rest, https := strings.CutPrefix(p.Argument, "https://")
	host, after, _ := strings.Cut(rest, "/")
	if m := awsHost.FindStringSubmatch(strings.ToLower(host)); https && m != nil {
		o.Bucket, o.BucketInHost, path = m[1], m[1] != "", after
		o.Endpoint, o.Region = "https://"+m[2], m[3]
	} else if path, ok = store.path(p.Argument); ok {
		o.Endpoint = store.Endpoint()
	} else if path, ok = strings.CutPrefix(p.Argument, "s3://"); !ok {
		return o, false
	}
	o.Key = path
	if !o.BucketInHost {
		o.Bucket, o.Key, _ = strings.Cut(path, "/")
	}
	ok = p.Kind != PresignedURLv2 || o.decode()
	if o.Artifact = store.isArtifacts(o.Bucket); o.Artifact && o.Version != "" {
		return o, false // artifacts have no versions
	}
	if short := o.Endpoint == ""; short && !o.Artifact {
		o.Endpoint = store.Endpoint()
		ok = ok && o.Endpoint != ""
	}
	return o, ok && o.Key != "" && len(o.Key) <= MaxKeyBytes && bucketName.MatchString(o.Bucket)
}

// isArtifact reports whether a placeholder is for a download from the server's own store of
// artifacts, which needs no role.
func (p Placeholder) isArtifact(store ObjectStore) bool {
	switch p.Kind {
	case PresignedURL, PresignedURLv1, PresignedURLv2:
		o, ok := p.object(store)
		return ok && o.Artifact
	}
	return false
}

// decode reads bucket and key as version 2 has them, with the version of the object behind the key.
func (o *Object) decode() (ok bool) {
	bucket, err1 := url.PathUnescape(o.Bucket)
	key, err2 := url.PathUnescape(o.Key)
	key, version, versioned := strings.Cut(key, "?versionId=")
	o.Bucket, o.Key, o.Version = bucket, key, version
	return err1 == nil && err2 == nil && versioned == (version != "")
}

// addressProblem is the fault of a placeholder that names no object (refusal 4).
func (p Placeholder) addressProblem() error {
	return fault.New(fault.Invalid, "document: placeholder ${aws:iot:%s:…}: "+
		"%q is not the address of an S3 object, like "+
		"https://s3.us-east-1.amazonaws.com/bucket/key", p.Kind, p.Argument)
}

// Deliver returns a job document as a device gets it: with what sign returns for the object of each
// placeholder in place of the placeholder (R-PRE-1). A placeholder names no object when the server
// had another store when the job was created; see Undeliverable.
func Deliver(
	document string, stores Stores, d Delivery, sign func(Object) (string, error),
) (string, error) {
	return Resolve(document, func(p Placeholder) (string, error) {
		o, ok := p.named(stores)
		if !ok {
			return "", fmt.Errorf(
				"placeholder %s names no object of AWS or of the store %q", p, stores.Own)
		}
		if o.Upload {
			o.Key = d.replaceLocals(o.Key)
		}
		return sign(o)
	})
}

// Undeliverable is the fault of a job whose document cannot be given to a device: not a mistake of
// the device, and nothing is changed by what it asked for (R-PRE-12).
func Undeliverable(jobID string, err error) error {
	return fault.New(fault.Undeliverable, "the document of job %s cannot be delivered: %v", jobID, err)
}

// URLLifetime is for how long the presigned URLs in the document of a job are valid from their
// delivery, as its configuration says now (R-PRE-2, R-UPD-17). Zero when the document has no
// placeholders, and is delivered as it is.
func (d Definition) URLLifetime() time.Duration {
	switch {
	case !d.NeedsRole && !d.HasArtifacts:
		return 0
	case d.PresignedURL == nil || d.PresignedURL.ExpiresInSec == 0:
		return DefaultExpiresInSec * time.Second
	}
	return time.Duration(d.PresignedURL.ExpiresInSec) * time.Second
}

// Role is the roleArn of the job's presigned URLs, empty without one.
func (d Definition) Role() string {
	if d.PresignedURL == nil {
		return ""
	}
	return d.PresignedURL.RoleARN
}
