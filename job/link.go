package job

import "strings"

// A document may be given by a link, documentSource (R-DOC-2). A link to an S3 object has one of
// the styles that placeholders may have, percent-encoded as URLs are, or is s3://bucket/key with
// the key as it is (R-DOC-11). Other links are a matter of the server's settings.

// LinkedObject reads a link to an S3 object. ok is false for every other link. own is the server's
// own store, region the server's: a link that begins with s3:// names neither.
func LinkedObject(link string, own ObjectStore, region string) (o Object, ok bool) {
	rest, short := strings.CutPrefix(link, "s3://")
	if !short {
		return Placeholder{PresignedURLv2, link}.object(own)
	}
	bucket, key, _ := strings.Cut(rest, "/")
	o = inBucket(bucket, own, region)
	o.Key, o.Artifact = key, own.isArtifacts(bucket)
	return o, bucketName.MatchString(bucket) && key != "" && len(key) <= MaxKeyBytes
}
