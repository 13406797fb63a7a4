package sigv4

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/drover-iot/drover/internal/fault"
)

const (
	keyID  = "AKIAEXAMPLE"
	secret = "a secret"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// request is a request as a server gets it, signed by the AWS signer at noon. The sender adds the
// headers before it signs.
func request(t *testing.T, method, target, body string, header http.Header) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, "http://localhost:8080"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	sum := sha256.Sum256([]byte(body))
	err = v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{
		AccessKeyID:     keyID,
		SecretAccessKey: secret,
	}, r, hex.EncodeToString(sum[:]), "iot", "us-east-1", noon)
	if err != nil {
		t.Fatal(err)
	}
	got := httptest.NewRequest(method, target, strings.NewReader(body))
	got.Host, got.Header, got.ContentLength = r.URL.Host, r.Header, r.ContentLength
	return got
}

// What the Authorization header says, and what is wrong with one that cannot be read.
func TestParse(t *testing.T) {
	t.Parallel()
	const credential = "Credential=K/20260301/us-east-1/iot/aws4_request"
	whole := Signature{
		AccessKeyID:   "K",
		Date:          "20260301",
		Region:        "us-east-1",
		Service:       "iot",
		signedHeaders: []string{"host", "x-amz-date"},
		value:         "ab",
	}
	for _, row := range []struct {
		name, header string
		want         Signature
		fault        fault.Code
	}{
		{
			"as SDKs write it",
			"AWS4-HMAC-SHA256 " + credential + ", SignedHeaders=host;x-amz-date, Signature=ab",
			whole, "",
		},
		{
			"without spaces, in another order",
			"AWS4-HMAC-SHA256 Signature=ab,SignedHeaders=host;x-amz-date," + credential, whole, "",
		},
		{"R-ERR-9 none", "", Signature{}, fault.NoCredentials},
		{"another algorithm", "Bearer abc", Signature{}, fault.BadSignature},
		{"nothing more", "AWS4-HMAC-SHA256", Signature{}, fault.BadSignature},
		{
			"no signature", "AWS4-HMAC-SHA256 " + credential + ", SignedHeaders=host",
			Signature{
				AccessKeyID:   "K",
				Date:          "20260301",
				Region:        "us-east-1",
				Service:       "iot",
				signedHeaders: []string{"host"},
			}, fault.BadSignature,
		},
		{
			"host is not signed",
			"AWS4-HMAC-SHA256 Signature=ab, SignedHeaders=x-amz-date, " + credential,
			Signature{
				AccessKeyID:   "K",
				Date:          "20260301",
				Region:        "us-east-1",
				Service:       "iot",
				signedHeaders: []string{"x-amz-date"},
				value:         "ab",
			}, fault.BadSignature,
		},
		{
			"a credential of four fields",
			"AWS4-HMAC-SHA256 Credential=K/20260301/iot/aws4_request, " +
				"SignedHeaders=host, Signature=ab",
			Signature{signedHeaders: []string{"host"}, value: "ab"}, fault.BadSignature,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("GET", "/jobs", nil)
			r.Header.Set("Authorization", row.header)
			got, err := Parse(r)
			all := cmp.AllowUnexported(Signature{})
			if diff := cmp.Diff(row.want, got, all, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if row.fault == "" && err != nil || row.fault != "" && !fault.Is(err, row.fault) {
				t.Errorf("got %v, want %q", err, row.fault)
			}
		})
	}
}

// What the AWS signer has signed verifies, however its path and query are written; whatever is
// changed afterwards does not.
func TestVerify(t *testing.T) {
	t.Parallel()
	const body = `{"a":1}`
	for _, row := range []struct {
		name, target string
		header       http.Header
		change       func(*http.Request)
		body         string
		want         fault.Code
	}{
		{name: "a plain path", target: "/jobs", body: body},
		{name: "no body", target: "/jobs"},
		{name: "a query", target: "/jobs?maxResults=5&status=IN_PROGRESS", body: body},
		{name: "R-HTTP-4 $next as it is", target: "/things/pump/jobs/$next", body: body},
		{name: "R-HTTP-4 $next encoded", target: "/things/pump/jobs/%24next", body: body},
		{name: "a colon encoded", target: "/things/a%3Ab/jobs", body: body},
		{
			name: "a header of the sender's", target: "/jobs", body: body,
			header: http.Header{"X-Trace": {"a  b", "c"}},
		},
		{
			name: "a session token", target: "/jobs", body: body,
			header: http.Header{"X-Amz-Security-Token": {"token"}},
		},
		{
			name: "the hash of the body", target: "/jobs", body: body,
			header: http.Header{"X-Amz-Content-Sha256": {sha(body)}},
		},
		{
			name: "a header that is not signed", target: "/jobs", body: body,
			change: func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.1") },
		},
		{
			name: "the hash of another body", target: "/jobs", body: body, want: fault.BadSignature,
			header: http.Header{"X-Amz-Content-Sha256": {sha("{}")}},
		},
		{
			name: "another path", target: "/jobs/a", body: body, want: fault.BadSignature,
			change: func(r *http.Request) { r.RequestURI = "/jobs/b" },
		},
		{
			name: "R-HTTP-4 the path encoded again", target: "/jobs/$next", body: body,
			change: func(r *http.Request) { r.RequestURI = "/jobs/%24next" },
			want:   fault.BadSignature,
		},
		{
			name: "another query", target: "/jobs?a=1", body: body, want: fault.BadSignature,
			change: func(r *http.Request) { r.RequestURI = "/jobs?a=2" },
		},
		{
			name: "another method", target: "/jobs", body: body, want: fault.BadSignature,
			change: func(r *http.Request) { r.Method = "DELETE" },
		},
		{
			name: "another host", target: "/jobs", body: body, want: fault.BadSignature,
			change: func(r *http.Request) { r.Host = "example.org" },
		},
		{
			name: "a signed header changed", target: "/jobs", body: body, want: fault.BadSignature,
			header: http.Header{"X-Trace": {"a"}},
			change: func(r *http.Request) { r.Header.Set("X-Trace", "b") },
		},
		{
			name: "another list of signed headers", target: "/jobs", body: body, want: fault.BadSignature,
			change: func(r *http.Request) {
				text := r.Header.Get("Authorization")
				r.Header.Set("Authorization", strings.Replace(text, "Headers=", "Headers=accept;", 1))
			},
		},
		{
			name: "no date", target: "/jobs", body: body, want: fault.BadSignature,
			change: func(r *http.Request) { r.Header.Del("X-Amz-Date") },
		},
		{
			name: "the date of another day", target: "/jobs", body: body, want: fault.BadSignature,
			change: func(r *http.Request) { r.Header.Set("X-Amz-Date", "20260302T000000Z") },
		},
		{
			name: "another time of the day", target: "/jobs", body: body, want: fault.BadSignature,
			change: func(r *http.Request) { r.Header.Set("X-Amz-Date", "20260301T120001Z") },
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := request(t, "POST", row.target, row.body, row.header)
			if row.change != nil {
				row.change(r)
			}
			verify(t, r, row.body, secret, noon, row.want)
		})
	}
	verify(t, request(t, "POST", "/jobs", body, nil), "{}", secret, noon, fault.BadSignature)
	verify(t, request(t, "POST", "/jobs", body, nil), body, "another", noon, fault.BadSignature)
}

// A signature may be 15 minutes from the server's time, either way, and not a second more.
func TestSkew(t *testing.T) { // R-ERR-6
	t.Parallel()
	for after, want := range map[time.Duration]fault.Code{
		0:                             "",
		15 * time.Minute:              "",
		15*time.Minute + time.Second:  fault.Expired,
		-15 * time.Minute:             "",
		-15*time.Minute - time.Second: fault.Expired,
	} {
		verify(t, request(t, "GET", "/jobs", "", nil), "", secret, noon.Add(after), want)
	}
}

// verify parses and verifies a request, and compares the fault; "" means none.
func verify(
	t *testing.T, r *http.Request, body, secret string, now time.Time, want fault.Code,
) {
	t.Helper()
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	err = whole(s, r, []byte(body), secret, now)
	if want == "" && err != nil || want != "" && !fault.Is(err, want) {
		t.Errorf("%s %s at %s: got %v, want %q", r.Method, r.RequestURI, now, err, want)
	}
}

// whole is all steps, in the order in which a server takes them.
func whole(s Signature, r *http.Request, body []byte, secret string, now time.Time) error {
	if err := s.CheckHead(r, now); err != nil {
		return err
	}
	known, err := KnownHash(r)
	if err != nil {
		return err
	}
	if known == "" {
		return s.Verify(r, Hash(body), secret)
	}
	if err := s.Verify(r, known, secret); err != nil {
		return err
	}
	return CheckBody(body, known)
}

// A header that an operation may read must be signed, in the Authorization header or in the query.
// What proxies add on the way need not be.
func TestUnsignedHeaders(t *testing.T) { // R-WIRE-28
	t.Parallel()
	for name, want := range map[string]fault.Code{
		"x-amzn-principal":     fault.BadSignature,
		"x-amzn-iot-policy":    fault.BadSignature,
		"X-Amz-Anything":       fault.BadSignature,
		"X-Amz-Content-Sha256": fault.BadSignature,
		"X-Amzn-Trace-Id":      "",
		"X-Forwarded-For":      "",
		"Content-Type":         "",
	} {
		for way, r := range map[string]*http.Request{
			"header": request(t, "GET", "/jobs", "", nil),
			"query":  presigned(t, "GET", "/jobs", "", "", nil),
		} {
			r.Header.Set(name, sha(""))
			s, err := Parse(r)
			if err == nil {
				err = whole(s, r, nil, secret, noon)
			}
			if want == "" && err != nil || want != "" && !fault.Is(err, want) {
				t.Errorf("%s, signed in the %s: got %v, want %q", name, way, err, want)
			}
		}
	}
}

// The hash is known before the body is read when the request declares one, or has no body.
func TestKnownHash(t *testing.T) { // R-WIRE-29
	t.Parallel()
	for _, row := range []struct {
		name, header, query string
		length              int64
		want                string
		fault               fault.Code
	}{
		{name: "no body", want: sha("")},
		{name: "a body", length: 2},
		{name: "a body of unknown length", length: -1},
		{name: "declared", header: sha("{}"), length: 2, want: sha("{}")},
		{name: "declared in the query", query: sha("{}"), length: 2, want: sha("{}")},
		{name: "declared twice", header: sha("{}"), query: sha("{}"), length: 2, want: sha("{}")},
		{
			name: "two that differ", header: sha("{}"), query: sha("[]"), length: 2,
			fault: fault.BadSignature,
		},
		{name: "declared, but no body", header: sha("{}"), fault: fault.BadSignature},
		{name: "no hash", header: "UNSIGNED-PAYLOAD", length: 2, fault: fault.BadSignature},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("PUT", "/jobs?X-Amz-Content-Sha256="+row.query, nil)
			r.ContentLength = row.length
			r.Header.Set("X-Amz-Content-Sha256", row.header)
			got, err := KnownHash(r)
			if got != row.want || row.fault == "" && err != nil ||
				row.fault != "" && !fault.Is(err, row.fault) {
				t.Errorf("got %q, %v, want %q, %q", got, err, row.want, row.fault)
			}
		})
	}
}

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
