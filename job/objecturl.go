package job

import (
	"net/url"
	"regexp"
	"strings"
)

// The address in a placeholder for a presigned URL names an S3 object: its bucket in the path or in
// the host, with or without a region (R-PRE-6). It is checked when the document comes in, so that a
// typing error is found by the operator and not by the devices. Whether there is such an object is
// not checked (R-PRE-11).

// object is what an address names. version is empty without one.
type object struct{ bucket, key, version string }

var (
	// objectHost is the host of an address, with the bucket where it is part of the host:
	// s3.amazonaws.com, s3.eu-west-1.amazonaws.com, b.s3-eu-west-1.amazonaws.com.
	objectHost = regexp.MustCompile(
		`^(?:(.+)\.)?s3(?:[.-][a-z]{2}(?:-[a-z]+)+-\d+)?\.amazonaws\.com(?:\.cn)?$`)
	bucketName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]*$`)
)

// parseObject reads an address. The kinds of version 1 have everything after the bucket as the key,
// as it is (R-PRE-7, R-PRE-9); version 2 has bucket and key percent-encoded, and may select a
// version of the object (R-PRE-8). ok is false for anything that is no address of an S3 object.
func parseObject(kind, address string) (o object, ok bool) {
	rest, https := strings.CutPrefix(address, "https://")
	host, path, _ := strings.Cut(rest, "/")
	m := objectHost.FindStringSubmatch(strings.ToLower(host))
	if !https || m == nil {
		return o, false
	}
	if o.bucket, o.key = m[1], path; o.bucket == "" {
		o.bucket, o.key, _ = strings.Cut(path, "/")
	}
	if kind == PresignedURLv2 {
		var err1, err2 error
		o.bucket, err1 = url.PathUnescape(o.bucket)
		o.key, err2 = url.PathUnescape(o.key)
		versioned := false
		if o.key, o.version, versioned = strings.Cut(o.key, "?versionId="); err1 != nil ||
			err2 != nil || versioned && o.version == "" {
			return o, false
		}
	}
	return o, o.key != "" && bucketName.MatchString(o.bucket)
}
