package test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A page is a page of the console in a browser: it has a session, and calls as its scripts do.
type page struct {
	*server
	base   string
	client *http.Client
}

// signIn opens a page at a listener, with a session of the first key.
func (s *server) signIn(base string) page {
	s.t.Helper()
	p := page{s, base, s.trusting()}
	p.client.Jar = must[*cookiejar.Jar](s.t)(cookiejar.New(nil))
	pair := must[[]byte](s.t)(json.Marshal(map[string]string{
		"accessKeyId": s.AccessKeyID, "secretAccessKey": s.SecretAccessKey,
	}))
	if got := p.ask("POST", "/_drover/console/session", bytes.NewReader(pair)); got.status != 200 {
		s.t.Fatalf("sign in: %d %s", got.status, got.text)
	}
	return p
}

// told is an answer to a page.
type told struct {
	status int
	header http.Header
	text   []byte
}

// ask makes a call of a script, with headers as names and values.
func (p page) ask(method, path string, body io.Reader, header ...string) told {
	p.t.Helper()
	r := must[*http.Request](p.t)(http.NewRequestWithContext(p.t.Context(), method, p.base+path, body))
	for name, value := range map[string]string{"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin", "Origin": p.base} {
		r.Header.Set(name, value)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer := must[*http.Response](p.t)(p.client.Do(r))
	defer answer.Body.Close()
	return told{answer.StatusCode, answer.Header, must[[]byte](p.t)(io.ReadAll(answer.Body))}
}

// A page uploads a file of some megabytes and lists it; a device
// gets it by S3's calls, and the page as a file to save. What S3 has stored the page sees, too. The
// audit log has who has uploaded and removed it.
func TestPlainArtifacts(t *testing.T) { // R-WEB-40, R-WEB-41, R-WEB-42, R-WEB-43, R-WEB-45
	t.Parallel()
	s := serve(t)
	body, bucket := random(8<<20), aws.String("artifacts")
	hash := sha256.Sum256(body)
	sum := hex.EncodeToString(hash[:])
	for _, base := range []string{s.HTTP, s.HTTPS} {
		p, client := s.signIn(base), s.s3(base)
		const path = "/_drover/artifacts/fw%2Fpumps%202.html"
		put := p.ask("PUT", path, bytes.NewReader(body), "Content-Type", "text/html")
		wantText(t, string(put.text), `"key":"fw/pumps 2.html"`, `"sha256":"`+sum+`"`, fmt.Sprint(`"size":`, len(body)))

		list := p.ask("GET", "/_drover/artifacts?prefix=fw/", http.NoBody)
		wantText(t, string(list.text), `{"bucket":"artifacts","artifacts":[{"key":"fw/pumps 2.html"`, sum)
		got := must[*s3.GetObjectOutput](t)(client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("fw/pumps 2.html")}))
		if text := must[[]byte](t)(io.ReadAll(got.Body)); !bytes.Equal(text, body) {
			t.Errorf("%s: S3 has %d other bytes", base, len(text))
		}

		file := p.ask("GET", path, http.NoBody)
		header := file.header
		if file.status != 200 || !bytes.Equal(file.text, body) ||
			header.Get("Content-Disposition") != `attachment; filename="pumps 2.html"` ||
			header.Get("Content-Type") != "application/octet-stream" ||
			header.Get("Content-Security-Policy") != "sandbox" || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d, %d bytes, %v", base, file.status, len(file.text), header)
		}
		part := p.ask("GET", path, http.NoBody, "Range", "bytes=4194304-4194313")
		if part.status != 206 || !bytes.Equal(part.text, body[4<<20:4<<20+10]) {
			t.Errorf("%s: a range: %d %x", base, part.status, part.text)
		}

		must[*s3.PutObjectOutput](t)(client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("by-s3"), Body: bytes.NewReader(body[:5])}))
		if theirs := p.ask("GET", "/_drover/artifacts/by-s3", http.NoBody); !bytes.Equal(theirs.text, body[:5]) {
			t.Errorf("%s: what S3 has stored: %d %s", base, theirs.status, theirs.text)
		}
		for _, path := range []string{path, "/_drover/artifacts/by-s3"} {
			if gone := p.ask("DELETE", path, http.NoBody); gone.status != 204 {
				t.Errorf("%s: remove %s: %d %s", base, path, gone.status, gone.text)
			}
		}
		if s.objects() != 0 {
			t.Errorf("%s: %d files are left", base, s.objects())
		}
		var log struct {
			Records []struct {
				Operation, Resource, AccessKeyID, RequestID string
				Before, After                               *struct {
					SHA256 string
					Size   int
				}
			}
		}
		records := p.ask("GET", "/_drover/audit?resource=artifact/fw&limit=2", http.NoBody)
		if err := json.Unmarshal(records.text, &log); err != nil || len(log.Records) != 2 {
			t.Fatalf("%s: %v %s", base, err, records.text)
		}
		removed, stored := log.Records[0], log.Records[1]
		if removed.Operation != "DeleteArtifact" || stored.Operation != "PutArtifact" || stored.RequestID == "" ||
			stored.AccessKeyID != s.AccessKeyID || stored.Resource != "artifact/fw/pumps 2.html" ||
			stored.Before != nil || stored.After.SHA256 != sum || stored.After.Size != len(body) ||
			removed.After != nil || removed.Before.SHA256 != sum {
			t.Errorf("%s: the records are %s", base, records.text)
		}
	}
}

// An upload that a page ends in the middle leaves nothing, and what was there stays.
func TestPlainArtifactTorn(t *testing.T) { // R-WEB-42
	t.Parallel()
	s := serve(t)
	p, body := s.signIn(s.HTTP), random(4<<20)
	const path = "/_drover/artifacts/fw.bin"
	if put := p.ask("PUT", path, bytes.NewReader(body)); put.status != 200 {
		t.Fatalf("%d %s", put.status, put.text)
	}
	reader, writer := io.Pipe()
	r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), "PUT", s.HTTP+path, reader))
	r.ContentLength = 8 << 20
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	ended := make(chan error, 1)
	go func() {
		answer, err := p.client.Do(r)
		if err == nil {
			answer.Body.Close()
		}
		ended <- err
	}()
	if _, err := writer.Write(random(3 << 20)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "some of the body is on disk", func() bool { return s.objects() == 2 })
	writer.CloseWithError(io.ErrClosedPipe)
	if err := <-ended; err == nil {
		t.Error("half an upload was answered")
	}
	eventually(t, "what has come is removed", func() bool { return s.objects() == 1 })
	if got := p.ask("GET", path, http.NoBody); !bytes.Equal(got.text, body) {
		t.Errorf("afterwards: %d, %d bytes", got.status, len(got.text))
	}
}

// A program uploads with a signature that has the hash of the body, as for any other operation. A
// server on which the store is off says what to use.
func TestPlainArtifactSigned(t *testing.T) { // R-WEB-40, R-WEB-46
	t.Parallel()
	s, off := serve(t), serve(t, "--artifacts", "off")
	body := random(1 << 20)
	hash := sha256.Sum256(body)
	for on, want := range map[*server]int{s: 200, off: 501} {
		r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), "PUT", on.HTTP+"/_drover/artifacts/a/fw.bin", bytes.NewReader(body)))
		sum := hex.EncodeToString(hash[:])
		r.Header.Set("X-Amz-Content-Sha256", sum)
		keys := aws.Credentials{AccessKeyID: on.AccessKeyID, SecretAccessKey: on.SecretAccessKey}
		if err := v4.NewSigner().SignHTTP(t.Context(), keys, r, sum, "iot", on.Region, time.Now()); err != nil {
			t.Fatal(err)
		}
		answer := must[*http.Response](t)(http.DefaultClient.Do(r))
		text := must[[]byte](t)(io.ReadAll(answer.Body))
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s %s, want %d", answer.Status, text, want)
		}
	}
	p := off.signIn(off.HTTP)
	wantText(t, string(p.ask("GET", "/_drover/artifacts", http.NoBody).text), "--s3-endpoint")
}
