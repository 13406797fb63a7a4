package s3api

import (
	"encoding/xml"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/drover-iot/drover/artifact"
	"github.com/drover-iot/drover/internal/sigv4"
)

// Handler answers the calls of S3.
type Handler struct {
	Store *artifact.Store
	// Bucket is the name of the one bucket, and Region where clients are told that it is.
	Bucket, Region string
	// Rates bound downloads.
	Rates *Rates
	// HangUp is called before a request is refused: its connection ends with the answer.
	HangUp func(http.ResponseWriter, *http.Request)
	Log    *slog.Logger

	moved moved
}

// moved is how many bytes of artifacts clients were sent, and how many they have sent.
type moved struct{ sent, received atomic.Int64 }

// Moved is how many bytes of artifacts clients were sent since the start, and how many they have sent.
func (h *Handler) Moved() (sent, received int64) {
	return h.moved.sent.Load(), h.moved.received.Load()
}

// Caller is what is known of who calls. Its signature was verified.
type Caller struct {
	// ReadOnly is a URL that the server has signed for a device: it may GET and HEAD objects.
	ReadOnly bool
	// Payload is what the signature has in place of the hash of the body.
	Payload sigv4.Payload
	// Chunks check the body when its chunks are signed.
	Chunks *sigv4.Chunks
}

// request is a call that is being answered.
type request struct {
	*http.Request
	Caller
	key string // of the object, empty for a call of the bucket
}

// call is one row of the table: a method on the service, the bucket or an object, with the member
// of the query that makes it another call.
type call struct {
	method string
	on     level
	member string
	answer func(*Handler, http.ResponseWriter, request) error
}

// level is what the path of a call names.
type level byte

const (
	service level = iota // /
	bucket               // /artifacts
	object               // /artifacts/fw.bin
)

// calls are those that are offered. Of each method and level the row without a member is last.
var calls = []call{
	{"GET", service, "", (*Handler).listBuckets},
	{"HEAD", bucket, "", (*Handler).headBucket},
	{"GET", bucket, "location", (*Handler).bucketLocation},
	{"GET", bucket, "uploads", (*Handler).listUploads},
	{"GET", bucket, "list-type", (*Handler).listObjects},
	{"PUT", bucket, "", (*Handler).createBucket},
	{"POST", bucket, "delete", (*Handler).deleteObjects},
	{"GET", object, "uploadId", (*Handler).listParts},
	{"GET", object, "", (*Handler).getObject},
	{"HEAD", object, "", (*Handler).getObject},
	{"PUT", object, "uploadId", (*Handler).uploadPart},
	{"PUT", object, "", (*Handler).putObject},
	{"POST", object, "uploads", (*Handler).createUpload},
	{"POST", object, "uploadId", (*Handler).completeUpload},
	{"DELETE", object, "uploadId", (*Handler).abortUpload},
	{"DELETE", object, "", (*Handler).deleteObject},
}

// other are the members of the query that make a call another one which is not offered: they name a
// property of a bucket or an object.
var other = []string{
	"accelerate", "acl", "analytics", "attributes", "cors", "encryption", "intelligent-tiering",
	"inventory", "legal-hold", "lifecycle", "logging", "metrics", "notification", "object-lock",
	"ownershipControls", "policy", "policyStatus", "publicAccessBlock", "renameObject",
	"replication", "requestPayment", "restore", "retention", "select", "session", "tagging",
	"torrent", "versioning", "versions", "website",
}

// otherHeaders are those that ask for what is not offered. To ignore them would do something else
// than was asked.
var otherHeaders = []string{
	"X-Amz-Copy-Source", "X-Amz-Server-Side-Encryption-Customer-Algorithm",
	"X-Amz-Object-Lock-Mode", "X-Amz-Write-Offset-Bytes",
}

// Serve answers a call.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, c Caller) {
	nameRequest(w)
	protect(w)
	if err := h.serve(w, request{Request: r, Caller: c}); err != nil {
		h.Refuse(w, r, err)
	}
}

// nameRequest has the answer name the request as S3 does.
func nameRequest(w http.ResponseWriter) {
	w.Header().Set("x-amz-request-id", w.Header().Get("x-amzn-RequestId"))
}

// protect has browsers take no answer for a page of this server: what somebody has uploaded has the
// origin of the console, and must not act there for who looks at it (R-WEB-43).
func protect(w http.ResponseWriter) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "sandbox")
}

// serve finds out what a call names and may do, and answers it. An error means that nothing was
// answered.
func (h *Handler) serve(w http.ResponseWriter, r request) error {
	name, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	on := object
	switch {
	case name == "":
		on = service
	case key == "":
		on = bucket
	}
	reads := r.Method == "GET" || r.Method == "HEAD"
	if r.ReadOnly && (on != object || name != h.Bucket || !reads) {
		return fail("AccessDenied",
			"this key is for downloads of objects of the bucket %s only", h.Bucket)
	}
	if on != service && name != h.Bucket {
		if r.Method == "PUT" && on == bucket {
			return fail("NotImplemented", "there is one bucket, %s", h.Bucket)
		}
		return fail("NoSuchBucket", "there is one bucket, %s", h.Bucket)
	}
	if err := checkKey(key); err != nil {
		return err
	}
	r.key = key
	answer, err := find(r, on)
	if err != nil {
		return err
	}
	return answer(h, w, r)
}

// checkKey refuses keys that no S3 store has.
func checkKey(key string) error {
	if len(key) > maxKey {
		return fail("KeyTooLongError",
			"the key has %d bytes, at most %d are allowed", len(key), maxKey)
	}
	if !utf8.ValidString(key) {
		return fail("InvalidURI", "the key is not UTF-8")
	}
	return nil
}

// maxKey is how long a key may be, in bytes (R-PRE-27).
const maxKey = 1024

// find returns the answer of a call.
func find(r request, on level) (func(*Handler, http.ResponseWriter, request) error, error) {
	query := r.URL.Query()
	if r.ReadOnly && query.Has("uploadId") {
		return nil, fail("AccessDenied", "this key is for downloads only")
	}
	for name := range query {
		if slices.Contains(other, name) {
			return nil, fail("NotImplemented", "%s with ?%s is not offered", r.Method, name)
		}
	}
	for _, name := range otherHeaders {
		if r.Header.Get(name) != "" {
			return nil, fail("NotImplemented",
				"the header %s is not offered", strings.ToLower(name))
		}
	}
	if version := query.Get("versionId"); version != "" && version != "null" {
		return nil, fail("NoSuchVersion", "objects have no versions here")
	}
	for _, c := range calls {
		if c.method == r.Method && c.on == on && (c.member == "" || query.Has(c.member)) {
			return c.answer, nil
		}
	}
	return nil, fail("NotImplemented", "%s is not offered on this resource", r.Method)
}

// timeForm is how documents have times.
const timeForm = "2006-01-02T15:04:05.000Z"

// listedBuckets is the answer of ListBuckets.
type listedBuckets struct {
	XMLName xml.Name       `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListAllMyBucketsResult"`
	Buckets []listedBucket `xml:"Buckets>Bucket"`
}

type listedBucket struct{ Name, CreationDate string }

// listBuckets answers ListBuckets. When the bucket was made is not known.
func (h *Handler) listBuckets(w http.ResponseWriter, _ request) error {
	writeXML(w, http.StatusOK, listedBuckets{
		Buckets: []listedBucket{{h.Bucket, "1970-01-01T00:00:00.000Z"}},
	})
	return nil
}

// headBucket answers HeadBucket. Clients ask it for the region.
func (h *Handler) headBucket(w http.ResponseWriter, _ request) error {
	w.Header().Set("x-amz-bucket-region", h.Region)
	w.WriteHeader(http.StatusOK)
	return nil
}

// location is the answer of GetBucketLocation. That of us-east-1 is empty.
type location struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ LocationConstraint"`
	Region  string   `xml:",chardata"`
}

// bucketLocation answers GetBucketLocation.
func (h *Handler) bucketLocation(w http.ResponseWriter, _ request) error {
	region := h.Region
	if region == "us-east-1" {
		region = ""
	}
	writeXML(w, http.StatusOK, location{Region: region})
	return nil
}

// createBucket answers CreateBucket: scripts that make their bucket first go on after this error.
func (h *Handler) createBucket(http.ResponseWriter, request) error {
	return fail("BucketAlreadyOwnedByYou", "the bucket %s is there", h.Bucket)
}
