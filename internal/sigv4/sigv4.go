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
	timeFormat = "20060102T150405Z" // of X-Amz-Date
	dateFormat = "20060102"         // of the day in a credential
	// maxSkew is how far the date of a signature may be from the real clock, either way. A longer
	// time would let a copied request be sent again for longer.
	maxSkew = 15 * time.Minute
)

// Signature is what a request says about its signature. It proves nothing before Verify.
type Signature struct {
	// AccessKeyID names the key. Date (yyyymmdd), Region and Service are what the signature is made
	// for; together they are called the credential scope.
	AccessKeyID, Date, Region, Service string
	signedHeaders                      []string // in lower case
	value                              string   // in hexadecimal
	time                               string   // when it was made, as X-Amz-Date says
	// presigned says that the signature is in the query and not in the Authorization header.
	presigned bool
	// expires is how long a presigned request can be made; 0: not given.
	expires time.Duration
}

// Parse reads the signature of a request: from the query of a presigned one (presigned.go), or else
// from the Authorization header:
//
//	AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request,
//	SignedHeaders=host;x-amz-date, Signature=HEX
//
// Faults: NoCredentials without either, BadSignature when it cannot be read. What could be read is
// returned also then. Host must be among the signed headers: otherwise the signature of a request
// to one server could be used on another.
func Parse(r *http.Request) (s Signature, err error) {
	header := r.Header.Get("Authorization")
	if query := r.URL.Query(); isPresigned(query) {
		if s, err = parseQuery(query); header != "" {
			err = fault.New(fault.BadSignature, "the request has an Authorization header and a "+
				"signature in the query; it must have one of them")
		}
		return s, err
	}
	if header == "" {
		return s, fault.New(fault.NoCredentials, "the request is not signed: it has neither an "+
			"Authorization header nor a signature in the query")
	}
	s.time = r.Header.Get("X-Amz-Date")
	if !s.readHeader(header) {
		return s, fault.New(fault.BadSignature,
			"the Authorization header must begin with %s", algorithm)
	}
	if s.AccessKeyID == "" || s.value == "" || !slices.Contains(s.signedHeaders, "host") {
		return s, fault.New(fault.BadSignature, "the Authorization header must hold "+
			"Credential=KEY/DATE/REGION/SERVICE/aws4_request, "+
			"SignedHeaders with host, and Signature")
	}
	return s, nil
}

// readHeader reads the Authorization header. It reports false for another kind of one.
func (s *Signature) readHeader(header string) bool {
	rest, ok := strings.CutPrefix(header, algorithm)
	if !ok {
		return false
	}
	for part := range strings.SplitSeq(rest, ",") {
		s.readPart(strings.TrimSpace(part))
	}
	return true
}

// readPart reads one of the three parts of the header. Another part is ignored.
func (s *Signature) readPart(part string) {
	name, value, _ := strings.Cut(part, "=")
	switch name {
	case "Credential":
		s.readCredential(value)
	case "SignedHeaders":
		s.signedHeaders = strings.Split(value, ";")
	case "Signature":
		s.value = value
	}
}

// readCredential reads KEY/DATE/REGION/SERVICE/aws4_request. Another text is ignored.
func (s *Signature) readCredential(value string) {
	fields := strings.Split(value, "/")
	if len(fields) == 5 && fields[4] == "aws4_request" {
		s.AccessKeyID, s.Date, s.Region, s.Service = fields[0], fields[1], fields[2], fields[3]
	}
}

// A signature is checked in three steps, so that a server reads no body for a caller who cannot
// have made it: CheckHead needs neither key nor body, Verify needs the key and the hash of the
// body, and whether the body has that hash is for the caller to compare, by Hash. KnownHash is the
// hash where it is known before the body is read.

// CheckHead checks the date of the signature, and that it covers all headers that a request may be
// served by. Faults: Expired when the date is more than 15 minutes from now, or a presigned request
// has expired; BadSignature.
func (s Signature) CheckHead(r *http.Request, now time.Time) error {
	date, err := time.Parse(timeFormat, s.time)
	if err != nil || date.Format(dateFormat) != s.Date {
		return fault.New(fault.BadSignature,
			"X-Amz-Date must be a time like %s, of the day in the credential", timeFormat)
	}
	if err := s.checkTime(date, now); err != nil {
		return err
	}
	return s.checkHeaders(r)
}

// traceHeader is added to requests on their way, and is signed by nobody.
const traceHeader = "X-Amzn-Trace-Id"

// checkHeaders refuses a header that begins with X-Amz- or X-Amzn- and is not signed (R-WIRE-28).
// They are the headers that operations read, such as x-amzn-principal, so whoever repeats a request
// of somebody else could otherwise add one.
func (s Signature) checkHeaders(r *http.Request) error {
	for name := range r.Header {
		if !strings.HasPrefix(name, "X-Amz-") && !strings.HasPrefix(name, "X-Amzn-") ||
			name == traceHeader || slices.Contains(s.signedHeaders, strings.ToLower(name)) {
			continue
		}
		return fault.New(fault.BadSignature,
			"the header %s must be among the signed headers", strings.ToLower(name))
	}
	return nil
}

// hashName is the header with the hash of the body. Some SDKs put it into the query of a presigned
// request; the signature covers it in either place.
const hashName = "X-Amz-Content-Sha256"

// errHash is the answer to a body that does not have the hash that was declared.
var errHash = fault.New(fault.BadSignature, "%s is not the hash of the body", hashName)

// KnownHash returns the hash of the body, in hexadecimal, as far as it is known without the body:
// because the request declares it, or has no body. Otherwise it is empty. A declared text that is
// no hash, such as UNSIGNED-PAYLOAD, is BadSignature.
func KnownHash(r *http.Request) (string, error) {
	known := ""
	if r.ContentLength == 0 {
		known = Hash(nil)
	}
	for _, declared := range []string{r.Header.Get(hashName), r.URL.Query().Get(hashName)} {
		switch {
		case declared == "":
		case len(declared) != hex.EncodedLen(sha256.Size), known != "" && known != declared:
			return "", errHash
		default:
			known = declared
		}
	}
	return known, nil
}

// Hash is the hash of a body as signatures have it, in hexadecimal.
func Hash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// CheckBody checks that a body has the hash that KnownHash returned before.
func CheckBody(body []byte, known string) error {
	if Hash(body) != known {
		return errHash
	}
	return nil
}

// Verify checks the signature of a request whose head was checked and whose body has this hash,
// made with this secret. The fault is BadSignature. A session token is not looked at: there are no
// temporary credentials here.
func (s Signature) Verify(r *http.Request, hash, secret string) error {
	date, err := time.Parse(timeFormat, s.time)
	if err != nil {
		return err
	}
	sign := s.sign
	if s.presigned {
		sign = s.presign
	}
	headers, want, err := sign(r, hash, secret, date)
	if err != nil {
		return err
	}
	if given := strings.Join(s.signedHeaders, ";"); given != headers {
		return fault.New(fault.BadSignature,
			"the signed headers must be %s: headers that the request has, in lower case, "+
				"sorted, each once, with host and the date; they are %s", headers, given)
	}
	if subtle.ConstantTimeCompare([]byte(want), []byte(s.value)) != 1 {
		return fault.New(fault.BadSignature, "the signature does not match: "+
			"check the secret access key, and that nothing changed the request on its way")
	}
	return nil
}

// checkTime checks when the signature was made. A presigned request can be made until it expires; a
// signature of either kind may be early by the difference of two clocks.
func (s Signature) checkTime(date, now time.Time) error {
	age := now.Sub(date)
	if s.expires > 0 && age > s.expires {
		return fault.New(fault.Expired, "the request could be made until %s, the server's time is %s",
			date.Add(s.expires).Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	if age < -maxSkew || s.expires == 0 && age > maxSkew {
		return fault.New(fault.Expired,
			"the signature was made at %s, the server's time is %s; they may differ by %s",
			date.Format(time.RFC3339), now.UTC().Format(time.RFC3339), maxSkew)
	}
	return nil
}

// sign returns the signed headers and the signature, in hexadecimal, that the request should have.
func (s Signature) sign(
	r *http.Request, hash, secret string, date time.Time,
) (headers, value string, err error) {
	again := s.signedPart(r)
	credentials := aws.Credentials{AccessKeyID: s.AccessKeyID, SecretAccessKey: secret}
	err = v4.NewSigner(s.signing).SignHTTP(
		context.Background(), credentials, again, hash, s.Service, s.Region, date)
	var made Signature
	made.readHeader(again.Header.Get("Authorization"))
	return strings.Join(made.signedHeaders, ";"), made.value, err
}

// signedPart is the request with nothing but what its sender has signed. The path is the text that
// was sent, never decoded and encoded again: /jobs/$next and /jobs/%24next are the same path, but
// have different signatures (R-HTTP-4). The signer takes it from URL.Opaque as it is.
func (s Signature) signedPart(r *http.Request) *http.Request {
	path, query, _ := strings.Cut(r.RequestURI, "?")
	again := &http.Request{
		Method: r.Method,
		Host:   r.Host,
		Header: http.Header{},
		URL: &url.URL{
			Scheme:   "http",
			Host:     r.Host,
			Opaque:   "//" + r.Host + path,
			RawQuery: query,
		},
	}
	for _, name := range s.signedHeaders {
		if name == "content-length" { // net/http has it in a field
			again.ContentLength = r.ContentLength
			continue
		}
		if values := r.Header.Values(name); name != "host" && len(values) > 0 {
			again.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	return again
}
