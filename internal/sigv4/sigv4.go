// Package sigv4 verifies AWS Signature Version 4 on incoming requests. The signing maths is the AWS SDK's signer: the
// request is signed once more with the secret of the key that it names, over exactly the headers that it says were
// signed, and the two signatures are compared.
package sigv4

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/drover-iot/drover/internal/fault"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
	// skew is how far the date of a signature may be from the real clock.
	skew = 15 * time.Minute
)

// Scope is what the Authorization header says about its signature.
type Scope struct {
	AccessKeyID, Date, Region, Service string
	signedHeaders                      []string
	signature                          string
}

// Parse reads the Authorization header. Faults: NoCredentials without one, BadSignature when it cannot be read.
func Parse(r *http.Request) (s Scope, err error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return s, fault.New(fault.NoCredentials, "the request is not signed: the Authorization header is missing")
	}
	rest, ok := strings.CutPrefix(header, algorithm)
	if !ok {
		return s, fault.New(fault.BadSignature, "the Authorization header must begin with %s", algorithm)
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			fields := strings.Split(value, "/")
			if len(fields) == 5 && fields[4] == "aws4_request" {
				s.AccessKeyID, s.Date, s.Region, s.Service = fields[0], fields[1], fields[2], fields[3]
			}
		case "SignedHeaders":
			s.signedHeaders = strings.Split(value, ";")
		case "Signature":
			s.signature = value
		}
	}
	if s.AccessKeyID == "" || s.signature == "" || !slices.Contains(s.signedHeaders, "host") {
		return s, fault.New(fault.BadSignature,
			"the Authorization header must hold Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders with host, and Signature")
	}
	return s, nil
}

// Verify checks the signature of a request whose body is given. Faults: Expired when its date is more than 15 minutes
// from now, BadSignature when it does not match.
func (s Scope) Verify(r *http.Request, body []byte, secret string, now time.Time) error {
	date, err := time.Parse(timeFormat, r.Header.Get("X-Amz-Date"))
	if err != nil || date.Format("20060102") != s.Date {
		return fault.New(fault.BadSignature, "X-Amz-Date must be a time like %s, of the day in the credential", timeFormat)
	}
	if d := now.Sub(date); d > skew || d < -skew {
		return fault.New(fault.Expired, "the signature was made at %s, the server's time is %s; they may differ by %s",
			date.Format(time.RFC3339), now.UTC().Format(time.RFC3339), skew)
	}
	again := s.canonical(r)
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if sent := r.Header.Get("X-Amz-Content-Sha256"); sent != "" && sent != hash {
		return fault.New(fault.BadSignature, "X-Amz-Content-Sha256 is not the hash of the body")
	}
	credentials := aws.Credentials{AccessKeyID: s.AccessKeyID, SecretAccessKey: secret}
	if err := v4.NewSigner().SignHTTP(context.Background(), credentials, again, hash, s.Service, s.Region, date); err != nil {
		return err
	}
	_, want, _ := strings.Cut(again.Header.Get("Authorization"), "Signature=")
	if subtle.ConstantTimeCompare([]byte(want), []byte(s.signature)) != 1 {
		return fault.New(fault.BadSignature, "the signature does not match: check the secret access key, and that nothing changed the request on its way")
	}
	return nil
}

// canonical is the request with the signed headers only, and with the path exactly as it was sent (R-HTTP-4).
func (s Scope) canonical(r *http.Request) *http.Request {
	path, query, _ := strings.Cut(r.RequestURI, "?")
	again := &http.Request{
		Method: r.Method, Host: r.Host, Header: http.Header{},
		URL: &url.URL{Scheme: "http", Host: r.Host, Opaque: "//" + r.Host + path, RawQuery: query},
	}
	for _, name := range s.signedHeaders {
		if name == "content-length" {
			again.ContentLength = r.ContentLength
			continue
		}
		if values := r.Header.Values(name); name != "host" && len(values) > 0 {
			again.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	return again
}
