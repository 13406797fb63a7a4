package s3api

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/artifact"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/sigv4"
)

// testService is a handler on a store of its own, behind a real HTTP server. What package gateway
// finds out of a caller is read of headers here.
type testService struct {
	*Handler
	*httptest.Server
	t   testing.TB
	dir string
	// changes are what plain calls have recorded, and recordFails has that fail.
	changes     []string
	recordFails bool
}

func newService(t testing.TB, rates *Rates) *testService {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	s := &testService{t: t, dir: t.TempDir()}
	store, err := artifact.Open(t.Context(), s.dir, log)
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = &Handler{
		Store:  store,
		Bucket: "artifacts",
		Region: "eu-west-1",
		Rates:  rates,
		HangUp: func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") },
		Log:    log,
	}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("x-amzn-RequestId", "the-id")
		if key, plain := strings.CutPrefix(r.URL.Path, "/plain/"); plain {
			c := PlainCaller{Hash: r.Header.Get("X-Amz-Content-Sha256"), Record: s.record}
			s.ServePlain(w, r, key, c)
			return
		}
		payload := sigv4.Payload(r.Header.Get("X-Amz-Content-Sha256"))
		s.Serve(w, r, Caller{ReadOnly: r.Header.Get("Read-Only") != "", Payload: payload})
	}))
	t.Cleanup(func() {
		s.Server.Close()
		store.Close()
	})
	return s
}

// reply is an answer whose body was read.
type reply struct {
	StatusCode    int
	Header        http.Header
	ContentLength int64
}

// do makes a request. A header is a name and a value.
func (s *testService) do(method, target, body string, header ...string) (reply, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := s.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{answer.StatusCode, answer.Header, answer.ContentLength}, string(text)
}

// code is the status of an answer and, when it has one, its S3 code.
func code(answer reply, text string) string {
	var e errorBody
	if xml.Unmarshal([]byte(text), &e) != nil {
		return fmt.Sprint(answer.StatusCode)
	}
	return fmt.Sprint(answer.StatusCode, " ", e.Code)
}

// files is how many files of bytes there are.
func (s *testService) files() int {
	s.t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.dir, "objects"))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(entries)
}

// What is not offered is said so, in the form of S3, and nothing else happens.
func TestRefusals(t *testing.T) { // R-ART-11
	t.Parallel()
	s := newService(t, NewRates(0, 0))
	if answer, text := s.do("PUT", "/artifacts/k", "body"); answer.StatusCode != 200 {
		t.Fatal(text)
	}
	for _, tt := range []struct{ method, target, header, want string }{
		{"GET", "/", "", "200"},
		{"HEAD", "/artifacts", "", "200"},
		{"HEAD", "/other", "", "404"},
		{"GET", "/other/k", "", "404 NoSuchBucket"},
		{"PUT", "/other", "", "501 NotImplemented"},
		{"PUT", "/artifacts", "", "409 BucketAlreadyOwnedByYou"},
		{"DELETE", "/artifacts", "", "501 NotImplemented"},
		{"GET", "/artifacts?location", "", "200"},
		{"GET", "/artifacts?versioning", "", "501 NotImplemented"},
		{"GET", "/artifacts", "", "501 NotImplemented"},
		{"GET", "/artifacts?list-type=3", "", "501 NotImplemented"},
		{"GET", "/artifacts?list-type=2&max-keys=-1", "", "400 InvalidArgument"},
		{"GET", "/artifacts?list-type=2&encoding-type=x", "", "400 InvalidArgument"},
		{"GET", "/artifacts?list-type=2&continuation-token=*", "", "400 InvalidArgument"},
		{"GET", "/artifacts/k", "", "200"},
		{"GET", "/artifacts/k?versionId=null", "", "200"},
		{"GET", "/artifacts/k?versionId=1", "", "404 NoSuchVersion"},
		{"GET", "/artifacts/k?partNumber=1", "", "501 NotImplemented"},
		{"GET", "/artifacts/none", "", "404 NoSuchKey"},
		{"HEAD", "/artifacts/none", "", "404"},
		{"GET", "/artifacts/k?acl", "", "501 NotImplemented"},
		{"PUT", "/artifacts/k?tagging", "", "501 NotImplemented"},
		{"PUT", "/artifacts/k", "X-Amz-Copy-Source", "501 NotImplemented"},
		{"PUT", "/artifacts/k", "If-None-Match", "501 NotImplemented"},
		{"POST", "/artifacts/k", "", "501 NotImplemented"},
		{"PATCH", "/artifacts/k", "", "501 NotImplemented"},
		{"PUT", "/artifacts/%ff", "", "400 InvalidURI"},
		{"PUT", "/artifacts/" + strings.Repeat("k", 1025), "", "400 KeyTooLongError"},
		{"PUT", "/artifacts/k?uploadId=x&partNumber=0", "", "400 InvalidArgument"},
		{"PUT", "/artifacts/k?uploadId=x&partNumber=10001", "", "400 InvalidArgument"},
		{"PUT", "/artifacts/k?uploadId=x&partNumber=1", "", "404 NoSuchUpload"},
		{"DELETE", "/artifacts/k?uploadId=x", "", "404 NoSuchUpload"},
		{"GET", "/artifacts/k?uploadId=x", "", "404 NoSuchUpload"},
		{"POST", "/artifacts/k?uploadId=x", "", "400 MalformedXML"},
		{"POST", "/artifacts?delete", "", "400 MalformedXML"},
		// The key of URLs reads objects, and nothing else.
		{"GET", "/artifacts/k", "Read-Only", "200"},
		{"HEAD", "/artifacts/k", "Read-Only", "200"},
		{"GET", "/", "Read-Only", "403 AccessDenied"},
		{"GET", "/artifacts?list-type=2", "Read-Only", "403 AccessDenied"},
		{"GET", "/other/k", "Read-Only", "403 AccessDenied"},
		{"GET", "/artifacts/k?uploadId=x", "Read-Only", "403 AccessDenied"},
		{"PUT", "/artifacts/k", "Read-Only", "403 AccessDenied"},
		{"DELETE", "/artifacts/k", "Read-Only", "403 AccessDenied"},
	} {
		header := []string{}
		if tt.header != "" {
			header = []string{tt.header, "x"}
		}
		answer, text := s.do(tt.method, tt.target, "", header...)
		if got := code(answer, text); got != tt.want {
			t.Errorf("%s %s %s: %s, want %s", tt.method, tt.target, tt.header, got, tt.want)
		}
	}
	if _, text := s.do("GET", "/artifacts/k", ""); text != "body" || s.files() != 1 {
		t.Errorf("afterwards the object is %q, with %d files", text, s.files())
	}
}

// Ranges, conditions and headers of a download, over an object of two parts.
func TestDownload(t *testing.T) { // R-ART-14
	t.Parallel()
	s := newService(t, NewRates(0, 0))
	_, text := s.do("POST", "/artifacts/fw?uploads", "", "X-Amz-Meta-Board", "v2")
	var upload createdUpload
	if err := xml.Unmarshal([]byte(text), &upload); err != nil {
		t.Fatal(err)
	}
	list := "<CompleteMultipartUpload>"
	for n, part := range []string{"0123456789", "abcdef"} {
		answer, text := s.do("PUT", fmt.Sprintf("/artifacts/fw?partNumber=%d&uploadId=%s", n+1, upload.UploadID), part)
		if answer.StatusCode != 200 {
			t.Fatal(text)
		}
		list += fmt.Sprintf("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", n+1, answer.Header.Get("ETag"))
	}
	answer, text := s.do("POST", "/artifacts/fw?uploadId="+upload.UploadID, list+"</CompleteMultipartUpload>")
	if answer.StatusCode != 200 {
		t.Fatal(text)
	}
	whole, _ := s.do("HEAD", "/artifacts/fw", "")
	etag := whole.Header.Get("ETag")
	if !strings.HasSuffix(etag, `-2"`) || whole.ContentLength != 16 || whole.Header.Get("X-Amz-Meta-Board") != "v2" ||
		whole.Header.Get("Cache-Control") != "immutable" || whole.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("HEAD: %v", whole.Header)
	}
	for _, tt := range []struct{ name, value, want string }{
		{"Range", "bytes=0-3", "206 0123"},
		{"Range", "bytes=8-11", "206 89ab"},
		{"Range", "bytes=-2", "206 ef"},
		{"Range", "bytes=12-", "206 cdef"},
		{"Range", "bytes=16-", "416 InvalidRange"},
		{"If-None-Match", etag, "304 "},
		{"If-Match", `"other"`, "412 PreconditionFailed"},
		{"If-Match", etag, "200 0123456789abcdef"},
	} {
		answer, text := s.do("GET", "/artifacts/fw", "", tt.name, tt.value)
		got := fmt.Sprint(answer.StatusCode, " ", text)
		if answer.StatusCode >= 400 {
			got = code(answer, text)
		}
		if got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.name, tt.value, got, tt.want)
		}
	}
	_, text = s.do("GET", "/artifacts/fw", "", "Range", "bytes=2-4", "If-Range", `"other"`)
	if text != "0123456789abcdef" {
		t.Errorf("If-Range of another object: %q", text)
	}
	answer, text = s.do("GET", "/artifacts/fw", "", "Range", "bytes=0-1,9-10")
	if answer.StatusCode != 206 || !strings.Contains(text, "\r\n\r\n01\r\n") || !strings.Contains(text, "\r\n\r\n9a\r\n") {
		t.Errorf("two ranges: %d %q", answer.StatusCode, text)
	}
	answer, _ = s.do("GET", "/artifacts/fw?response-content-type=text/x", "")
	if got := answer.Header.Get("Content-Type"); got != "text/x" {
		t.Errorf("response-content-type: %s", got)
	}
}

// Bodies with the hashes and checksums that clients send, right and wrong. A wrong one stores
// nothing.
func TestBodies(t *testing.T) { // R-ART-11, R-ART-15
	t.Parallel()
	const body = "123456789"
	sums := map[string]string{ // the check values of the algorithms
		"Crc32":     "cbf43926",
		"Crc32c":    "e3069283",
		"Crc64nvme": "ae8b14860a799888",
		"Sha1":      "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
		"Sha256":    "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
	}
	s := newService(t, NewRates(0, 0))
	wrong := base64.StdEncoding.EncodeToString([]byte("no sum"))
	for kind, sum := range sums {
		right := base64Of(t, sum)
		name := checksumPrefix + kind
		trailer := "9\r\n" + body + "\r\n0\r\n" + name + ":%s\r\n\r\n"
		chunked := []string{"X-Amz-Content-Sha256", string(sigv4.UnsignedTrailer),
			"X-Amz-Trailer", strings.ToLower(name), "X-Amz-Decoded-Content-Length", "9"}
		for _, tt := range []struct {
			body   string
			header []string
			want   string
		}{
			{body, []string{name, right}, "200"},
			{body, []string{name, wrong}, "400 XAmzContentChecksumMismatch"},
			{body, []string{name, "*"}, "400 InvalidRequest"},
			{fmt.Sprintf(trailer, right), chunked, "200"},
			{fmt.Sprintf(trailer, wrong), chunked, "400 XAmzContentChecksumMismatch"},
			{fmt.Sprintf(trailer, "*"), chunked, "400 XAmzContentChecksumMismatch"},
			{"9\r\n" + body + "\r\n0\r\n\r\n", chunked, "400 XAmzContentChecksumMismatch"},
		} {
			answer, text := s.do("PUT", "/artifacts/k", tt.body, tt.header...)
			if got := code(answer, text); got != tt.want {
				t.Errorf("%s, %q: %s, want %s", kind, tt.body, got, tt.want)
			}
			_, stored := s.do("GET", "/artifacts/k", "")
			if exists := tt.want == "200"; (stored == body) != exists || s.files() != 0 == !exists {
				t.Errorf("%s, %q: %q is stored, %d files", kind, tt.body, stored, s.files())
			}
			s.do("DELETE", "/artifacts/k", "")
		}
	}
	for _, tt := range []struct{ name, value, want string }{
		{"X-Amz-Content-Sha256", sums["Sha256"], "200"},
		{"X-Amz-Content-Sha256", strings.Repeat("0", 64), "400 XAmzContentSHA256Mismatch"},
		{"X-Amz-Content-Sha256", strings.Repeat("x", 64), "400 InvalidRequest"},
		{"Content-Md5", "JfnnlDI7RTiF9RgfG2JNCw==", "200"},
		{"Content-Md5", "AAAAAAAAAAAAAAAAAAAAAA==", "400 BadDigest"},
		{"Content-Md5", "short", "400 InvalidDigest"},
		{"X-Amz-Checksum-Sha1024", "AA==", "501 NotImplemented"},
		{"X-Amz-Meta-Long", strings.Repeat("x", 2049), "400 MetadataTooLarge"},
	} {
		answer, text := s.do("PUT", "/artifacts/k", body, tt.name, tt.value)
		if got := code(answer, text); got != tt.want || (s.files() == 1) != (tt.want == "200") {
			t.Errorf("%s %s: %s, want %s; %d files", tt.name, tt.value, got, tt.want, s.files())
		}
		s.do("DELETE", "/artifacts/k", "")
	}
}

// base64Of is the base64 text of bytes in hexadecimal.
func base64Of(t *testing.T, hex string) string {
	t.Helper()
	var b []byte
	if _, err := fmt.Sscanf(hex, "%x", &b); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// Lists, pages and batch deletions, as documents.
func TestLists(t *testing.T) { // R-ART-11
	t.Parallel()
	s := newService(t, NewRates(0, 0))
	for _, key := range []string{"a%20b", "d/1", "d/2", "z%01"} {
		s.do("PUT", "/artifacts/"+key, "x")
	}
	var got []string
	for token := ""; ; {
		_, text := s.do("GET", "/artifacts?list-type=2&max-keys=1&delimiter=/&encoding-type=url"+token, "")
		var list objectList
		if err := xml.Unmarshal([]byte(text), &list); err != nil {
			t.Fatal(err)
		}
		for _, o := range list.Contents {
			got = append(got, o.Key)
		}
		for _, p := range list.CommonPrefixes {
			got = append(got, p.Prefix)
		}
		if !list.IsTruncated {
			break
		}
		token = "&continuation-token=" + list.NextContinuationToken
	}
	if diff := cmp.Diff([]string{"a%20b", "d/", "z%01"}, got); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	_, text := s.do("POST", "/artifacts?delete", "<Delete><Object><Key>d/1</Key></Object><Object><Key>none</Key></Object></Delete>")
	if !strings.Contains(text, "<Key>d/1</Key>") || !strings.Contains(text, "<Key>none</Key>") || s.files() != 3 {
		t.Errorf("deleted %s; %d files", text, s.files())
	}
	_, text = s.do("GET", "/artifacts?list-type=2&start-after=a%20b", "")
	if strings.Contains(text, "<Key>a b</Key>") || !strings.Contains(text, "<Key>d/2</Key>") {
		t.Errorf("start-after: %s", text)
	}
	s.do("POST", "/artifacts/u1?uploads", "")
	_, text = s.do("POST", "/artifacts/u2?uploads", "")
	var upload createdUpload
	var uploads uploadList
	var parts partList
	if err := xml.Unmarshal([]byte(text), &upload); err != nil {
		t.Fatal(err)
	}
	s.do("PUT", "/artifacts/u2?partNumber=3&uploadId="+upload.UploadID, "three")
	_, text = s.do("GET", "/artifacts?uploads&max-uploads=1", "")
	if err := xml.Unmarshal([]byte(text), &uploads); err != nil || !uploads.IsTruncated || uploads.NextKeyMarker != "u1" {
		t.Errorf("uploads: %v: %s", err, text)
	}
	_, text = s.do("GET", "/artifacts/u2?max-parts=10&uploadId="+upload.UploadID, "")
	if err := xml.Unmarshal([]byte(text), &parts); err != nil || len(parts.Parts) != 1 || parts.Parts[0].Size != 5 {
		t.Errorf("parts: %v: %s", err, text)
	}
}

// FuzzChunked decodes what anybody may send in the form aws-chunked: it ends, and what it lets
// through is what the chunks hold.
func FuzzChunked(f *testing.F) { // R-ART-11
	for _, body := range []string{
		"3\r\nabc\r\n0\r\n\r\n", "3;chunk-signature=00\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n",
		"ffffffffffffffff\r\n", "-1\r\n", "+1\r\na\r\n0\r\n\r\n", "\r\n", "0", "2\r\nabc\r\n0\r\n\r\n",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c := newChunked(bytes.NewReader(body), sigv4.UnsignedTrailer, nil)
		got, err := io.ReadAll(c)
		if len(got) > len(body) {
			t.Errorf("%d bytes of %d", len(got), len(body))
		}
		if err == nil && !bytes.Contains(body, []byte("0")) {
			t.Errorf("%q has no last chunk", body)
		}
	})
}

// A caller who is refused before Serve learns the name of its request, too.
func TestRefuse(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	w := httptest.NewRecorder()
	w.Header().Set("x-amzn-RequestId", "another-id")
	s.Refuse(w, httptest.NewRequest("GET", "/artifacts/k", nil), fault.New(fault.UnknownKey, "no"))
	if w.Code != http.StatusForbidden || w.Header().Get("x-amz-request-id") != "another-id" ||
		!strings.Contains(w.Body.String(), "<RequestId>another-id</RequestId>") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

// The headers of users come back in small letters, as from S3.
func TestMetadataNames(t *testing.T) { // R-ART-11
	t.Parallel()
	s := newService(t, NewRates(0, 0))
	s.do("PUT", "/artifacts/k", "x", "X-Amz-Meta-Board", "v2")
	for _, method := range []string{"GET", "HEAD"} {
		w := httptest.NewRecorder()
		s.Serve(w, httptest.NewRequest(method, "/artifacts/k", nil), Caller{})
		if got := w.Header()[strings.ToLower("X-Amz-Meta-Board")]; len(got) != 1 || got[0] != "v2" {
			t.Errorf("%s: %v", method, w.Header())
		}
	}
}
