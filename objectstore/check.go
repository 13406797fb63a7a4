package objectstore

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/drover-iot/drover/device/presign"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
)

// What a new job names is looked for where a mistake would show only at the devices: the bucket of
// an upload, and the version of an object (refusals 2, 3 and 5). The request is a HEAD, signed with
// the credential of the job's role. Other objects need not exist (R-PRE-11). The server's own key
// pair proves nothing, so with it nothing is asked (R-PRE-26).

// regionHeader is in S3's answers about a bucket.
const regionHeader = "X-Amz-Bucket-Region"

// Ready says why URLs cannot be signed for a role now; nil when they can. It does no I/O.
func (c *Client) Ready(role string) error {
	_, err := c.roles.Credential(role)
	return err
}

// Prepare returns once a role has a credential, or cannot have one.
func (c *Client) Prepare(ctx context.Context, role string) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	_, _ = c.roles.Obtain(ctx, role) // what is wrong with it shows at the delivery (R-PRE-12)
}

// Check refuses a new job whose role has no credential, or that names what its role does not reach.
// One of which no store has to be asked does not wait for others that are slow.
func (c *Client) Check(ctx context.Context, role string, objects []job.Object) error {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	credential, err := c.roles.Obtain(ctx, role)
	if err != nil {
		return invalidRole("%v", err)
	}
	asks := func(o job.Object) bool { return o.Upload || o.Version != "" }
	if c.roles.SignedByOwnKey(role) || // whatever a store says to it means nothing
		!slices.ContainsFunc(objects, asks) {
		return nil
	}
	ctx, end, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	for _, o := range objects {
		switch {
		case o.Upload:
			err = c.checkBucket(ctx, o, credential)
		case o.Version != "":
			err = c.checkVersion(ctx, o, credential)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// invalidRole is the fault of a role that cannot be used (refusal 2).
func invalidRole(format string, args ...any) error {
	return fault.New(fault.Invalid,
		"InvalidRole: presignedUrlConfig.roleArn: "+format, args...)
}

// checkBucket refuses an upload to a bucket that does not exist, or is in another region than the
// URL is signed for (R-PRE-24). S3 sends whoever asks in the wrong region to the right one, or says
// in a header which it is; a URL for the wrong region would not work.
func (c *Client) checkBucket(ctx context.Context, o job.Object, by *presign.Credential) error {
	bucket := o
	bucket.Key = ""
	status, header, err := c.head(ctx, bucket, by)
	if err != nil {
		return invalidRole("bucket %s cannot be reached: %v", o.Bucket, cause(err))
	}
	is, signed := header.Get(regionHeader), c.signer.RegionOf(o)
	elsewhere := c.signer.Store.Endpoint() == "" && is != "" && is != signed
	switch {
	case status == http.StatusNotFound:
		return fault.New(fault.Invalid, "document: upload bucket %s does not exist", o.Bucket)
	case elsewhere || status/100 == 3:
		return fault.New(fault.Invalid, "document: upload bucket %s is in another region than %s%s",
			o.Bucket, signed, inRegion(is))
	case status/100 != 2:
		return invalidRole("bucket %s cannot be used: %v", o.Bucket, statusProblem(status))
	}
	return nil
}

// inRegion names the region of a bucket where it is known.
func inRegion(region string) string {
	if region == "" {
		return ""
	}
	return ": in " + region
}

// checkVersion refuses a version of an object that does not exist. S3 answers 404 to a version that
// is not there, 400 to what is no version id, and 405 to a version that marks a deletion.
func (c *Client) checkVersion(ctx context.Context, o job.Object, by *presign.Credential) error {
	status, _, err := c.head(ctx, o, by)
	if err != nil {
		return invalidRole("bucket %s cannot be reached: %v", o.Bucket, cause(err))
	}
	gone := []int{http.StatusNotFound, http.StatusBadRequest, http.StatusMethodNotAllowed}
	switch {
	case slices.Contains(gone, status):
		return fault.New(fault.Invalid, "document: %s in bucket %s has no version %s",
			o.Key, o.Bucket, o.Version)
	case status/100 != 2:
		return invalidRole("bucket %s cannot be used: %v", o.Bucket, statusProblem(status))
	}
	return nil
}

// head asks a store about an object, or about a bucket when the object has no key.
func (c *Client) head(
	ctx context.Context, o job.Object, by *presign.Credential,
) (status int, header http.Header, err error) {
	address, err := c.signer.URL(http.MethodHead, o, by, time.Minute)
	if err != nil {
		return 0, nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return 0, nil, fmt.Errorf("address of bucket %s: %w", o.Bucket, err)
	}
	answer, err := c.stores.Do(request)
	if err != nil {
		return 0, nil, err
	}
	return answer.StatusCode, answer.Header, answer.Body.Close() // a HEAD has no body
}
