package sigv4

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/drover-iot/drover/internal/fault"
)

// A presigned request has its signature in the query, so that a URL is all that its user needs
// (R-WIRE-26). What the Authorization header and X-Amz-Date say otherwise is in these members:
//
//	?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=KEY/DATE/REGION/SERVICE/aws4_request
//	&X-Amz-Date=20260301T120000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host
//	&X-Amz-Signature=HEX
//
// The signature covers all members of the query but itself, and the body: the SDKs leave out the
// body for S3 only.

// The members of the query.
const (
	memberAlgorithm     = "X-Amz-Algorithm"
	memberCredential    = "X-Amz-Credential"
	memberDate          = "X-Amz-Date"
	memberExpires       = "X-Amz-Expires"
	memberSignedHeaders = "X-Amz-SignedHeaders"
	memberSignature     = "X-Amz-Signature"
)

// required are the members that each presigned request has. X-Amz-Expires is not among them: not
// all SDKs set it, and without it the request can be made for as long as any other.
var required = []string{
	memberAlgorithm, memberCredential, memberDate, memberSignedHeaders, memberSignature,
}

// maxExpires is the longest time for which a presigned request can be made.
const maxExpires = 7 * 24 * time.Hour

// isPresigned reports whether a query has a signature, or a part of one.
func isPresigned(query url.Values) bool {
	return query.Has(memberAlgorithm) || query.Has(memberSignature)
}

// parseQuery reads the signature in a query, as Parse does.
func parseQuery(query url.Values) (Signature, error) {
	s := Signature{
		presigned:     true,
		signedHeaders: strings.Split(query.Get(memberSignedHeaders), ";"),
		value:         query.Get(memberSignature),
		time:          query.Get(memberDate),
	}
	s.readCredential(query.Get(memberCredential))
	for _, name := range append(required, memberExpires) {
		if len(query[name]) > 1 {
			return s, fault.New(fault.BadSignature, "the query has %s more than once", name)
		}
	}
	var missing []string
	for _, name := range required {
		if query.Get(name) == "" {
			missing = append(missing, name)
		}
	}
	switch {
	case missing != nil:
		return s, fault.New(fault.BadSignature,
			"the signature in the query is not complete: %s is missing", strings.Join(missing, ", "))
	case query.Get(memberAlgorithm) != algorithm:
		return s, fault.New(fault.BadSignature, "%s must be %s", memberAlgorithm, algorithm)
	case s.AccessKeyID == "":
		return s, fault.New(fault.BadSignature,
			"%s must be KEY/DATE/REGION/SERVICE/aws4_request", memberCredential)
	case !slices.Contains(s.signedHeaders, "host"):
		return s, fault.New(fault.BadSignature, "%s must contain host", memberSignedHeaders)
	case !query.Has(memberExpires):
		return s, nil
	}
	return s, s.readExpires(query.Get(memberExpires))
}

// readExpires reads a number of seconds.
func (s *Signature) readExpires(text string) error {
	seconds, err := strconv.ParseInt(text, 10, 32)
	s.expires = time.Duration(seconds) * time.Second
	if err != nil || s.expires < time.Second || s.expires > maxExpires {
		return fault.New(fault.BadSignature, "%s must be a number of seconds from 1 to %d",
			memberExpires, int(maxExpires.Seconds()))
	}
	return nil
}

// memberToken is a member that the SDKs for devices add after they have signed.
const memberToken = "X-Amz-Security-Token"

// VerifyConnect checks the signature of a request that opens a WebSocket for MQTT, as Verify does
// for one without a body. A session token in the query need not be covered by the signature
// (R-BRK-31).
func (s Signature) VerifyConnect(r *http.Request, secret string) error {
	err := s.Verify(r, Hash(nil), secret)
	query := r.URL.Query()
	if err == nil || !s.presigned || !query.Has(memberToken) {
		return err
	}
	query.Del(memberToken)
	bare := *r
	bare.RequestURI = r.URL.EscapedPath() + "?" + query.Encode()
	return s.Verify(&bare, Hash(nil), secret)
}

// presign returns the signed headers and the signature, in hexadecimal, that the presigned request
// should have. The signer may not turn headers into members of the query: the signed ones were
// signed as headers.
func (s Signature) presign(
	r *http.Request, hash, secret string, date time.Time,
) (headers, value string, err error) {
	again := s.signedPart(r)
	query := again.URL.Query()
	query.Del(memberSignature)
	again.URL.RawQuery = query.Encode()
	credentials := aws.Credentials{AccessKeyID: s.AccessKeyID, SecretAccessKey: secret}
	signed, _, err := v4.NewSigner(s.signing).PresignHTTP(
		context.Background(), credentials, again, hash, s.Service, s.Region, date,
		func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true })
	if err != nil {
		return "", "", err
	}
	made, err := url.Parse(signed)
	if err != nil {
		return "", "", err
	}
	members := made.Query()
	return members.Get(memberSignedHeaders), members.Get(memberSignature), nil
}
