package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/drover-iot/drover/internal/fault"
)

// S3 differs from all other services. Its requests are signed with the path as it is sent, escaped
// once. And its bodies are too large to be hashed before they are sent, so what is signed in place
// of the hash is declared in X-Amz-Content-Sha256: the hash, or that the body is not covered, or
// that it comes in chunks which are signed one by one (aws-chunked). So the signature of a request
// is known to be right before anything of its body is read.

// S3 is the service name of S3 in signatures.
const S3 = "s3"

// Payload is what the signature of a request for S3 has in place of the hash of the body: the hash,
// in hexadecimal, or one of these.
type Payload string

// The payloads that are no hash.
const (
	Unsigned        Payload = "UNSIGNED-PAYLOAD"
	UnsignedTrailer Payload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	SignedChunks    Payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	SignedTrailer   Payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
)

// InChunks reports whether the body is in the form aws-chunked.
func (p Payload) InChunks() bool { return strings.HasPrefix(string(p), "STREAMING-") }

// HasTrailer reports whether headers follow the last chunk.
func (p Payload) HasTrailer() bool { return p == UnsignedTrailer || p == SignedTrailer }

// IsHash reports whether the payload is the hash of the body.
func (p Payload) IsHash() bool { return len(p) == hex.EncodedLen(sha256.Size) }

// Presigned reports whether the signature is in the query.
func (s Signature) Presigned() bool { return s.presigned }

// Payload returns what a request for S3 was signed with. A presigned one need not declare it: its
// body is not covered. The fault is BadSignature.
func (s Signature) Payload(r *http.Request) (Payload, error) {
	header, member := r.Header.Get(hashName), r.URL.Query().Get(hashName)
	declared := header
	if s.presigned && declared == "" {
		declared = member
	}
	switch p := Payload(declared); {
	case header != "" && member != "" && header != member:
		return "", fault.New(fault.BadSignature, "%s is given twice, and differs", hashName)
	case s.presigned && p == "":
		return Unsigned, nil
	case p.IsHash(), p == Unsigned, p == UnsignedTrailer, p == SignedChunks, p == SignedTrailer:
		return p, nil
	}
	return "", fault.New(fault.BadSignature, "%s must be the hash of the body, %s, %s, %s or %s",
		hashName, Unsigned, UnsignedTrailer, SignedChunks, SignedTrailer)
}

// signing sets how the signer treats the path.
func (s Signature) signing(o *v4.SignerOptions) {
	o.DisableURIPathEscaping = s.Service == S3
}

// Chunks checks the signatures of the chunks of a body, in order. Each covers the one before it, and
// the first that of the request.
type Chunks struct {
	key         []byte
	time, scope string
	last        string // the signature before the next one
}

// Chunks returns the check of the chunks of a request that was verified with this secret.
func (s Signature) Chunks(secret string) *Chunks {
	key := []byte("AWS4" + secret)
	for _, text := range []string{s.Date, s.Region, s.Service, "aws4_request"} {
		key = mac(key, text)
	}
	scope := strings.Join([]string{s.Date, s.Region, s.Service, "aws4_request"}, "/")
	return &Chunks{key: key, time: s.time, scope: scope, last: s.value}
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// Check checks the signature of the next chunk, whose bytes were hashed with SHA-256. The fault is
// BadSignature.
func (c *Chunks) Check(sum hash.Hash, signature string) error {
	return c.check("AWS4-HMAC-SHA256-PAYLOAD", Hash(nil)+"\n"+hex.EncodeToString(sum.Sum(nil)), signature)
}

// CheckTrailer checks the signature of the headers behind the last chunk, which are a line each, as
// in "x-amz-checksum-crc32:wEV6Yw==\n". The fault is BadSignature.
func (c *Chunks) CheckTrailer(lines, signature string) error {
	return c.check("AWS4-HMAC-SHA256-TRAILER", Hash([]byte(lines)), signature)
}

func (c *Chunks) check(kind, hashes, signature string) error {
	text := strings.Join([]string{kind, c.time, c.scope, c.last, hashes}, "\n")
	want := hex.EncodeToString(mac(c.key, text))
	if subtle.ConstantTimeCompare([]byte(want), []byte(signature)) != 1 {
		return fault.New(fault.BadSignature, "the signature of a chunk of the body does not match")
	}
	c.last = want
	return nil
}
