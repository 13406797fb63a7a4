package sigv4

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

// s3Request is a request as S3 clients sign it: the path as it is sent, and this payload.
func s3Request(t *testing.T, path string, payload Payload, presign bool) *http.Request {
	t.Helper()
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	credentials := aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}
	r := &http.Request{
		Method: "PUT",
		Host:   "localhost:8080",
		Header: http.Header{},
		URL:    &url.URL{Scheme: "http", Host: "localhost:8080", Opaque: "//localhost:8080" + path},
	}
	got := httptest.NewRequest("PUT", path, nil)
	got.Host, got.Header = r.Host, r.Header
	if presign {
		signed, header, err := signer.PresignHTTP(context.Background(), credentials, r, string(payload), S3, "us-east-1", noon)
		if err != nil {
			t.Fatal(err)
		}
		return receive("PUT", signed, "", header)
	}
	r.Header.Set(hashName, string(payload))
	if err := signer.SignHTTP(context.Background(), credentials, r, string(payload), S3, "us-east-1", noon); err != nil {
		t.Fatal(err)
	}
	return got
}

// What S3 clients sign is accepted: the path escaped once, the payload that is declared, in the
// header or, by default unsigned, in the query.
func TestS3(t *testing.T) { // R-ART-11
	t.Parallel()
	for _, path := range []string{"/artifacts/fw.bin", "/artifacts/a%20b%2Bc%25%C3%A9%7D.bin", "/artifacts///x/./k"} {
		for _, payload := range []Payload{Payload(Hash([]byte("x"))), Unsigned, UnsignedTrailer, SignedChunks, SignedTrailer} {
			for _, presign := range []bool{false, true} {
				if presign && payload != Unsigned {
					continue
				}
				r := s3Request(t, path, payload, presign)
				s, err := Parse(r)
				if err != nil {
					t.Fatal(err)
				}
				got, err := s.Payload(r)
				if err != nil || got != payload || s.Presigned() != presign {
					t.Errorf("%s %s: payload %s, %v", path, payload, got, err)
				}
				if err := s.CheckHead(r, noon); err != nil {
					t.Errorf("%s %s: %v", path, payload, err)
				}
				if err := s.Verify(r, string(got), secret); err != nil {
					t.Errorf("%s %s presigned %v: %v", path, payload, presign, err)
				}
				if err := s.Verify(r, string(got), "another"); !fault.Is(err, fault.BadSignature) {
					t.Errorf("%s with another secret: %v", path, err)
				}
			}
		}
	}
}

// A payload that is none, none at all in a signed header, and two that differ are refused.
func TestS3Payload(t *testing.T) { // R-ART-11
	t.Parallel()
	for _, tt := range []struct {
		presigned            bool
		header, query, wants string
	}{
		{false, "", "", ""},
		{false, "", "UNSIGNED-PAYLOAD", ""},
		{false, "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "", ""},
		{false, "abc", "", ""},
		{false, "UNSIGNED-PAYLOAD", Hash(nil), ""},
		{false, Hash(nil), "", Hash(nil)},
		{true, "", "", "UNSIGNED-PAYLOAD"},
		{true, "", Hash(nil), Hash(nil)},
		{true, Hash(nil), "", Hash(nil)},
	} {
		r := httptest.NewRequest("GET", "/?"+url.Values{hashName: {tt.query}}.Encode(), nil)
		r.Header.Set(hashName, tt.header)
		got, err := Signature{Service: S3, presigned: tt.presigned}.Payload(r)
		if string(got) != tt.wants || (err == nil) != (tt.wants != "") {
			t.Errorf("%+v: %q, %v", tt, got, err)
		}
	}
}

// The example of the S3 documentation: a body of 66560 bytes in chunks of 64 KiB, each with its
// signature, chained from that of the request.
func TestChunks(t *testing.T) { // R-ART-11
	t.Parallel()
	s := Signature{
		Date:    "20130524",
		Region:  "us-east-1",
		Service: S3,
		time:    "20130524T000000Z",
		value:   "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
	}
	chunks := s.Chunks("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
	for _, tt := range []struct {
		size      int
		signature string
	}{
		{65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"},
		{1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"},
		{0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"},
	} {
		sum := sha256.New()
		sum.Write([]byte(strings.Repeat("a", tt.size)))
		if err := chunks.Check(sum, strings.Repeat("0", 64)); !fault.Is(err, fault.BadSignature) {
			t.Errorf("%d bytes with another signature: %v", tt.size, err)
		}
		if err := chunks.Check(sum, tt.signature); err != nil {
			t.Errorf("%d bytes: %v", tt.size, err)
		}
	}
}

// The example of the S3 documentation with a checksum behind the last chunk.
func TestTrailer(t *testing.T) { // R-ART-11
	t.Parallel()
	s := Signature{
		Date:    "20130524",
		Region:  "us-east-1",
		Service: S3,
		time:    "20130524T000000Z",
		value:   "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
	}
	chunks := s.Chunks("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
	var got []string
	for _, size := range []int{65536, 1024, 0} {
		sum := sha256.New()
		sum.Write([]byte(strings.Repeat("a", size)))
		_ = chunks.Check(sum, []string{
			65536: "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
			1024:  "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
			0:     "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
		}[size])
		got = append(got, chunks.last[:8])
	}
	if diff := cmp.Diff([]string{"b474d886", "1c1344b1", "2ca2aba2"}, got); diff != "" {
		t.Errorf("chunks (-want +got):\n%s", diff)
	}
	const signature = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"
	if err := chunks.CheckTrailer("x-amz-checksum-crc32c:sOO8/Q==\n", signature); err != nil {
		t.Error(err)
	}
}
