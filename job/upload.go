package job

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// The placeholder ${aws:iot:s3-presigned-url-upload:ADDRESS} becomes a URL to which a device can
// PUT an object, such as its log (R-PRE-20). The key in the address may have local placeholders, so
// that each execution has an object of its own: logs/${thingName}/${executionNumber}.txt is
// logs/pump-07/2.txt for the second attempt of pump-07. What they stand for never changes in the
// life of an execution, so they are replaced when the document is delivered, and nothing is stored
// for it (R-PRE-22). The address is read as in version 1: the key is not percent-encoded.

// PresignedUpload is the kind of placeholder that becomes a presigned upload URL.
const PresignedUpload = "s3-presigned-url-upload"

// defaultUploadKey is the key of an upload whose placeholder has no address (R-PRE-23).
const defaultUploadKey = "${jobId}/${thingName}/${executionNumber}"

// Delivery is what the placeholders of a document depend on when a device gets it.
type Delivery struct {
	// Thing, JobID and Number name the execution.
	Thing, JobID string
	Number       int64
	// Role is the roleArn of the job, and Lifetime for how long its URLs are valid from now on;
	// both as the configuration of the job is now (R-UPD-17).
	Role     string
	Lifetime time.Duration
}

// Stores is what placeholders may name beside the hosts of AWS.
type Stores struct {
	// Own is the server's own store.
	Own ObjectStore
	// Uploads is the bucket of uploads whose placeholder has no address, as an object without a
	// key. The zero value is none.
	Uploads Object
}

var localPlaceholder = regexp.MustCompile(`\$\{([^}]*)\}?`)

// upload reads the address of an upload placeholder. The key still has its local placeholders.
func (p Placeholder) upload(stores Stores) (o Object, ok bool) {
	if p.Argument == "" {
		o = stores.Uploads
		o.Key, ok = defaultUploadKey, o.Bucket != ""
	} else {
		o, ok = p.uploaded(stores.Own)
	}
	o.Upload = true
	return o, ok
}

// uploaded reads the address of an upload placeholder that has one. Nothing is uploaded to the
// server's own store of artifacts: an address with its bucket is one of AWS or of the object store.
func (p Placeholder) uploaded(store ObjectStore) (Object, bool) {
	return p.object(ObjectStore(store.Endpoint()))
}

// checkUpload refuses an upload placeholder that cannot be resolved. Whether the server has a
// bucket for one without an address is for CheckUploads to say.
func (p Placeholder) checkUpload(store ObjectStore, sameLocal int) error {
	if strings.Contains(p.Argument, "${aws:") {
		return p.nested()
	}
	if err := p.checkLocal(sameLocal); err != nil || p.Argument == "" {
		return err
	}
	o, ok := p.uploaded(store)
	switch n := len(o.Key) + longestLocals(o.Key); {
	case !ok && strings.Contains(o.Bucket, "${"): // refusal 8
		return fault.New(fault.Invalid, "InvalidJobDocument: document: placeholder "+
			"${aws:iot:%s:…}: ${…} is allowed in the key only, not in the bucket", p.Kind)
	case !ok:
		return p.addressProblem()
	case n > MaxKeyBytes: // R-PRE-27
		return fault.New(fault.Invalid, "document: placeholder ${aws:iot:%s:…}: "+
			"the key may become %d bytes long, at most %d are allowed", p.Kind, n, MaxKeyBytes)
	}
	return nil
}

// checkLocal refuses local placeholders other than the three, and too many of one
// (R-PRE-21).
func (p Placeholder) checkLocal(most int) error {
	seen := map[string]int{}
	for _, m := range localPlaceholder.FindAllStringSubmatch(p.Argument, -1) {
		if _, known := longestLocal[m[1]]; !known { // refusal 6
			return fault.New(fault.Invalid, "InvalidJobDocument: document: "+
				"placeholder ${aws:iot:%s:…}: ${%s} is not one of "+
				"${thingName}, ${jobId} and ${executionNumber}", p.Kind, m[1])
		}
		if seen[m[1]]++; seen[m[1]] > most { // refusal 9
			return fault.New(fault.Invalid, "InvalidJobDocument: document: placeholder "+
				"${aws:iot:%s:…}: more than %d of ${%s}", p.Kind, most, m[1])
		}
	}
	return nil
}

// longestLocal is how long what a local placeholder stands for can be, in bytes: the name of a
// thing, the id of a job, a number.
var longestLocal = map[string]int{"thingName": 128, "jobId": 64, "executionNumber": 19}

// longestLocals is by how much a key can grow when its local placeholders are replaced.
func longestLocals(key string) (more int) {
	for _, m := range localPlaceholder.FindAllStringSubmatch(key, -1) {
		more += longestLocal[m[1]] - len(m[0])
	}
	return more
}

// replaceLocals puts the names of an execution into a key (R-PRE-21, R-PRE-25).
func (d Delivery) replaceLocals(key string) string {
	return strings.NewReplacer("${thingName}", d.Thing, "${jobId}", d.JobID,
		"${executionNumber}", strconv.FormatInt(d.Number, 10)).Replace(key)
}

// CheckUploads refuses an upload without an address on a server that has no bucket for it
// (R-PRE-23).
func CheckUploads(placeholders []Placeholder, stores Stores) error {
	for _, p := range placeholders {
		if p.Kind == PresignedUpload && p.Argument == "" && stores.Uploads.Bucket == "" {
			return fault.New(fault.Invalid, "document: placeholder %s: names no bucket, "+
				"and this server has none for uploads (--s3-upload-bucket)", p)
		}
	}
	return nil
}

// DefaultUploads is the bucket in --s3-upload-bucket: in the server's own store, or else on the
// host of AWS in a region. ok is false for what cannot be the name of a bucket.
func DefaultUploads(bucket string, own ObjectStore, region string) (o Object, ok bool) {
	o = inBucket(bucket, own, region)
	return o, bucketName.MatchString(bucket)
}

// inBucket is an object of a bucket that is named without a host: in the server's own store, or
// else on the host of AWS in a region. Its key is for the caller to set.
func inBucket(bucket string, own ObjectStore, region string) Object {
	if endpoint := own.Endpoint(); endpoint != "" {
		return Object{Endpoint: endpoint, Bucket: bucket}
	}
	suffix := ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") { // R-CON-7
		suffix += ".cn"
	}
	return Object{Endpoint: "https://s3." + region + suffix, Region: region, Bucket: bucket}
}

// Objects are what the placeholders of a document name, each once. They were checked before.
func Objects(placeholders []Placeholder, stores Stores) (objects []Object) {
	seen := map[Object]bool{}
	for _, p := range placeholders {
		if o, ok := p.named(stores); ok && !seen[o] {
			seen[o] = true
			objects = append(objects, o)
		}
	}
	return objects
}

// named is what a placeholder of any kind for presigned URLs names.
func (p Placeholder) named(stores Stores) (o Object, ok bool) {
	if p.Kind == PresignedUpload {
		return p.upload(stores)
	}
	return p.object(stores.Own)
}
