package s3api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/artifact"
	"github.com/drover-iot/drover/internal/fault"
)

// record notes what a plain call has changed.
func (s *testService) record(_ context.Context, c PlainChange) error {
	what, of := "stored", c.After
	if of == nil {
		what, of = "removed", c.Before
	}
	s.changes = append(s.changes, fmt.Sprintf("%s %s %d %.4s", what, c.Key, of.Size, of.SHA256))
	if s.recordFails {
		return errors.New("no record can be made")
	}
	return nil
}

// plain makes a plain call, and returns its status, with the code of an error, and the answer.
func (s *testService) plain(method, target, body string, header ...string) (string, reply, string) {
	s.t.Helper()
	answer, text := s.do(method, "/plain/"+target, body, header...)
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox",
		"Cache-Control": "no-store",
	} {
		if got := answer.Header.Get(name); got != want {
			s.t.Errorf("%s %s: %s is %q, want %q", method, target, name, got, want)
		}
	}
	status := fmt.Sprint(answer.StatusCode)
	var failed plainFailure
	if json.Unmarshal([]byte(text), &failed) == nil && failed.Code != "" {
		status += " " + failed.Code
	}
	return status, answer, text
}

const helloSum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

// An artifact is stored, read in whole and in part, listed and removed, and each change is recorded.
func TestPlain(t *testing.T) { // R-WEB-40, R-WEB-41, R-WEB-42, R-WEB-45
	t.Parallel()
	s := newService(t, NewRates(0, 0))
	const key = "fw/a b%2Fc%C3%A9.html"
	status, _, text := s.plain("PUT", key, "hello", "Content-Type", "text/html")
	var stored Plain
	if err := json.Unmarshal([]byte(text), &stored); err != nil || status != "200" {
		t.Fatalf("%s %s", status, text)
	}
	want := Plain{Key: "fw/a b/cé.html", Size: 5, SHA256: helloSum, LastModified: stored.LastModified}
	if diff := cmp.Diff(want, stored); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}

	// Whatever it says that it is, a browser saves it.
	status, answer, text := s.plain("GET", key, "")
	header := answer.Header
	if status != "200" || text != "hello" || header.Get("Content-Type") != "application/octet-stream" ||
		header.Get("Content-Disposition") != "attachment; filename*=utf-8''c%C3%A9.html" ||
		header.Get("ETag") != `"`+helloSum+`"` {
		t.Errorf("%s %q %v", status, text, header)
	}
	status, answer, text = s.plain("GET", key, "", "Range", "bytes=1-2")
	if status != "206" || text != "el" || answer.Header.Get("Content-Range") != "bytes 1-2/5" {
		t.Errorf("a range: %s %q %v", status, text, answer.Header)
	}
	if status, answer, _ = s.plain("HEAD", key, ""); status != "200" || answer.ContentLength != 5 {
		t.Errorf("HEAD: %s %d", status, answer.ContentLength)
	}
	// For devices it is what it was stored as, and no page of the server either.
	answer, _ = s.do("GET", "/artifacts/"+key, "")
	if answer.Header.Get("Content-Type") != "text/html" ||
		answer.Header.Get("Content-Security-Policy") != "sandbox" {
		t.Errorf("for S3: %v", answer.Header)
	}

	if status, _, text = s.plain("DELETE", key, ""); status != "204" || text != "" {
		t.Errorf("DELETE: %s %s", status, text)
	}
	if status, _, _ = s.plain("DELETE", key, ""); status != "404 NoSuchKey" {
		t.Errorf("DELETE again: %s", status)
	}
	changes := []string{"stored fw/a b/cé.html 5 2cf2", "removed fw/a b/cé.html 5 2cf2"}
	if diff := cmp.Diff(changes, s.changes); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if n := s.files(); n != 0 {
		t.Errorf("%d files are left", n)
	}
}

// What is wrong is refused as JSON with a code, and stores nothing.
func TestPlainRefusals(t *testing.T) { // R-WEB-40, R-WEB-42, R-WEB-44
	t.Parallel()
	s := newService(t, NewRates(0, 0))
	long := strings.Repeat("k", 1025)
	for _, row := range []struct{ method, target, name, value, want string }{
		{"GET", "none", "", "", "404 NoSuchKey"},
		{"HEAD", "none", "", "", "404"},
		{"PUT", "", "", "", "405 MethodNotAllowed"},
		{"DELETE", "", "", "", "405 MethodNotAllowed"},
		{"POST", "k", "", "", "405 MethodNotAllowed"},
		{"PUT", long, "", "", "400 KeyTooLongError"},
		{"PUT", long[1:], "", "", "200"},
		{"PUT", "%FF", "", "", "400 InvalidURI"},
		{"PUT", "k", "X-Amz-Content-Sha256", helloSum, "400 XAmzContentSHA256Mismatch"},
		{"PUT", "k", "Content-Md5", "AAAAAAAAAAAAAAAAAAAAAA==", "400 BadDigest"},
		{"PUT", "k", "If-None-Match", "*", "501 NotImplemented"},
		{"GET", "?maxResults=0", "", "", "400 InvalidArgument"},
		{"GET", "?maxResults=1001", "", "", "400 InvalidArgument"},
		{"GET", "?maxResults=1000", "", "", "200"},
		{"GET", "?maxResults=x", "", "", "400 InvalidArgument"},
		{"GET", "?nextToken=*", "", "", "400 InvalidArgument"},
	} {
		header := []string{row.name, row.value}
		if row.name == "" {
			header = nil
		}
		status, _, text := s.plain(row.method, row.target, "body", header...)
		if status != row.want {
			t.Errorf("%s %.20s %s: %s %s, want %s", row.method, row.target, row.name, status, text, row.want)
		}
	}
	if n := s.files(); n != 1 {
		t.Errorf("%d files are left, want that of the one key that is short enough", n)
	}
	for _, row := range []struct {
		err  error
		want string
	}{
		{fault.New(fault.Unauthorized, "the session has ended"), "401 UnauthorizedException"},
		{fault.New(fault.NoCredentials, "not signed"), "403 MissingAuthenticationTokenException"},
		{fault.New(fault.Forbidden, "no"), "403 AccessDenied"},
		{fmt.Errorf("%w: %w", artifact.ErrFull, io.EOF), "507 StorageFull"},
		{fault.New(fault.BadSignature, "no"), "403 SignatureDoesNotMatch"},
	} {
		w := httptest.NewRecorder()
		s.RefusePlain(w, httptest.NewRequest("GET", "/", http.NoBody), row.err)
		var f plainFailure
		err := json.Unmarshal(w.Body.Bytes(), &f)
		if got := fmt.Sprint(w.Code, " ", f.Code); err != nil || got != row.want || f.Message == "" {
			t.Errorf("%v: %s %s, want %s", row.err, got, w.Body, row.want)
		}
	}
}

// A change of which no record can be made is made, and is answered as a failure of the server.
func TestPlainUnrecorded(t *testing.T) { // R-WEB-45
	t.Parallel()
	s := newService(t, NewRates(0, 0))
	s.recordFails = true
	if status, _, text := s.plain("PUT", "k", "body"); status != "500 InternalError" ||
		strings.Contains(text, "no record") {
		t.Errorf("%s %s", status, text)
	}
	if status, _, text := s.plain("GET", "k", ""); status != "200" || text != "body" {
		t.Errorf("%s %s", status, text)
	}
}

// A body whose length is not said is refused, and one that is shorter than said leaves nothing.
func TestPlainTorn(t *testing.T) { // R-WEB-42
	t.Parallel()
	s := newService(t, NewRates(0, 0))
	r, err := http.NewRequestWithContext(t.Context(), "PUT", s.URL+"/plain/k",
		io.MultiReader(strings.NewReader("body"))) // of no known length
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusLengthRequired {
		t.Errorf("no length: %s", answer.Status)
	}

	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "PUT /plain/k HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	torn, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	torn.Body.Close()
	if torn.StatusCode != http.StatusBadRequest {
		t.Errorf("torn: %s", torn.Status)
	}
	if status, _, _ := s.plain("GET", "k", ""); status != "404 NoSuchKey" || s.files() != 0 {
		t.Errorf("afterwards: %s, %d files", status, s.files())
	}
}

// A list has a page of artifacts with a prefix, by key, and says where it goes on. The SHA-256 of one
// that came in parts is what its client has said.
func TestPlainList(t *testing.T) { // R-WEB-41
	t.Parallel()
	s := newService(t, NewRates(0, 0))
	if _, _, text := s.plain("GET", "", ""); text != `{"bucket":"artifacts","artifacts":[]}` {
		t.Errorf("none: %s", text)
	}
	for _, key := range []string{"b/1", "a", "b/2", "c", "b/3"} {
		s.plain("PUT", key, "hello")
	}
	s.inParts("b/4", helloSum)
	s.inParts("b/5", "not a sum")
	got, token := []string{}, ""
	for range 4 {
		_, _, text := s.plain("GET", "?prefix=b/&maxResults=2&nextToken="+token, "")
		var page plainList
		if err := json.Unmarshal([]byte(text), &page); err != nil {
			t.Fatal(err)
		}
		for _, a := range page.Artifacts {
			got = append(got, fmt.Sprintf("%s %d %.4s", a.Key, a.Size, a.SHA256))
		}
		got = append(got, "–")
		if token = page.NextToken; token == "" {
			break
		}
	}
	want := []string{"b/1 5 2cf2", "b/2 5 2cf2", "–", "b/3 5 2cf2", "b/4 5 2cf2", "–", "b/5 5 ", "–"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// inParts stores an object in one part, whose client says what its SHA-256 is.
func (s *testService) inParts(key, sum string) {
	s.t.Helper()
	_, text := s.do("POST", "/artifacts/"+key+"?uploads", "", "X-Amz-Meta-Sha256", sum)
	_, id, _ := strings.Cut(text, "<UploadId>")
	id, _, _ = strings.Cut(id, "<")
	part, _ := s.do("PUT", "/artifacts/"+key+"?partNumber=1&uploadId="+id, "hello")
	answer, text := s.do("POST", "/artifacts/"+key+"?uploadId="+id,
		"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"+
			part.Header.Get("ETag")+"</ETag></Part></CompleteMultipartUpload>")
	if answer.StatusCode != http.StatusOK {
		s.t.Fatal(text)
	}
}

// A server without a store says what to use in its place.
func TestPlainWithoutStore(t *testing.T) { // R-WEB-46
	t.Parallel()
	w := httptest.NewRecorder()
	RefuseAllPlain(w)
	if w.Code != http.StatusNotImplemented || !strings.Contains(w.Body.String(), "--s3-endpoint") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
