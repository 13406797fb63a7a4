// Package s3api answers the object calls of S3 from an artifact.Store, so that every S3 client can
// put artifacts there and devices download them (R-ART-11). It has one bucket, in path style.
//
// Who calls was found out before, by package gateway; Caller is what is left of that. Bodies are
// streamed in both directions and never in memory as a whole. A client may take as long as it likes
// for them, as long as bytes flow (progress.go).
//
// Start with handler.go, the table of the calls. object.go, multipart.go and list.go answer them;
// body.go, chunked.go and checksum.go read what clients send, download.go sends what they ask for.
// plain.go has the same store for the console, which does not speak S3.
package s3api
