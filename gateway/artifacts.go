package gateway

import (
	"context"
	"net/http"
	"strings"

	"github.com/drover-iot/drover/artifact/s3api"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/sigv4"
	"github.com/drover-iot/drover/registry/audit"
)

// Requests that are signed for the service s3 are for the store of artifacts (R-WIRE-5). A device
// downloads by a URL that has its signature in the query, and that is who calls, whether or not the
// device has shown its certificate too. The signature covers the hash of the body or says that it
// does not, so it is verified before anything of the body is read (R-WIRE-29).

// Artifacts is the store of artifacts, as the HTTP listeners have it.
type Artifacts struct {
	Handler *s3api.Handler
	// URLKey is the key pair of the server that signs the URLs in job documents. It may be used in
	// URLs, to read objects.
	URLKey Key
	// Record records what a plain call has changed in the audit log (R-WEB-45); nil records nothing.
	Record func(context.Context, audit.Entry) error
}

// isForS3 reports whether a request has a signature for S3. Most requests are told apart without
// their signature being read.
func isForS3(r *http.Request) bool {
	if !strings.Contains(r.Header.Get("Authorization"), "/"+sigv4.S3+"/") &&
		!strings.Contains(r.URL.RawQuery, "X-Amz-Credential=") {
		return isVersion2(r)
	}
	s, _ := sigv4.Parse(r) // what is wrong with it is found by those who serve it
	return s.Service == sigv4.S3
}

// isVersion2 reports whether a request has a signature of version 2 in its query, which only S3
// ever had, and which the aws command line still makes by default for URLs of us-east-1.
func isVersion2(r *http.Request) bool {
	return strings.Contains(r.URL.RawQuery, "AWSAccessKeyId=")
}

// serveArtifacts serves a request that is signed for S3. Its time limits are those of s3api.
func (h *HTTP) serveArtifacts(w http.ResponseWriter, r *http.Request) {
	if h.Artifacts == nil {
		HangUp(w, r)
		s3api.RefuseAll(w, r)
		return
	}
	caller, err := h.Operators.beginS3(r, h.Artifacts.URLKey)
	if err != nil {
		h.Artifacts.Handler.Refuse(w, r, err)
		return
	}
	markIdentified(r)
	h.Artifacts.Handler.Serve(w, r, caller)
}

// beginS3 checks a request for S3, all but its body. Faults: UnknownKey, BadSignature, Expired;
// Forbidden when the server's own key is used for anything but a URL, and when the key's role does
// not allow it.
func (a *OperatorAuth) beginS3(r *http.Request, own Key) (c s3api.Caller, err error) {
	s, err := sigv4.Parse(r)
	if fault.Is(err, fault.NoCredentials) {
		return c, fault.New(fault.BadSignature, "signature version 2 is not offered; "+
			"sign with version 4 (aws configure set s3.signature_version s3v4)")
	}
	if err != nil {
		return c, err
	}
	if err := a.checkRegion(s); err != nil {
		return c, err
	}
	key := own
	if c.ReadOnly = s.AccessKeyID == own.AccessKeyID; !c.ReadOnly {
		if key, err = a.Keys.Find(s.AccessKeyID); err != nil {
			return c, err
		}
	}
	secret := key.SecretAccessKey
	if c.ReadOnly && !s.Presigned() {
		return c, fault.New(fault.Forbidden, "this key is for URLs only")
	}
	if err := s.CheckHead(r, clock.Now()); err != nil {
		return c, err
	}
	if c.Payload, err = s.Payload(r); err != nil {
		return c, err
	}
	if err := s.Verify(r, string(c.Payload), secret); err != nil {
		return c, err
	}
	c.Chunks = s.Chunks(secret)
	if c.ReadOnly {
		return c, nil
	}
	return c, key.may(r.Method+" of an artifact", roleOfArtifacts(r.Method))
}
