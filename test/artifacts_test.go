package test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/drover-iot/drover/test/testserver"
)

// trusting is a client that trusts the server's CA, with a certificate of its own or without.
func (s *server) trusting(own ...tls.Certificate) *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must[[]byte](s.t)(os.ReadFile(s.CA)))
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: own}}}
}

// s3 is the second-generation SDK's client of the store of artifacts.
func (s *server) s3(endpoint string) *s3.Client {
	return s3.New(s3.Options{
		Region: s.Region, BaseEndpoint: &endpoint, UsePathStyle: true, RetryMaxAttempts: 1, HTTPClient: s.trusting(),
		Credentials: credentials.NewStaticCredentialsProvider(s.AccessKeyID, s.SecretAccessKey, ""),
	})
}

// random returns bytes that no compression makes shorter.
func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// objects is how many files the store of artifacts has.
func (s *server) objects() int {
	return len(must[[]os.DirEntry](s.t)(os.ReadDir(filepath.Join(s.Dir, "artifacts", "objects"))))
}

// The stock aws command line puts, lists, gets and removes artifacts at the endpoint of aws iot,
// over HTTP and HTTPS: small ones, one in parts, and from a pipe.
func TestArtifactsWithAWS(t *testing.T) { // R-ART-10, R-ART-11
	t.Parallel()
	stock := must[string](t)(filepath.Abs("../.tools/aws/bin/aws"))
	s, home := serve(t), t.TempDir()
	content := map[string][]byte{"small.txt": []byte("hello"), "empty": nil, "fw 2+4%é.bin": random(20 << 20)}
	for name, body := range content {
		if err := os.WriteFile(filepath.Join(home, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for scheme, endpoint := range map[string]string{"http": s.HTTP, "https": s.HTTPS} {
		c := commandLine{t: t, program: []string{stock}, env: append(s.environment(home), "AWS_ENDPOINT_URL="+endpoint, "AWS_CA_BUNDLE="+s.CA), dir: home}
		at := "s3://artifacts/" + scheme + "/"
		for name, body := range content {
			c.ok("s3", "cp", name, at+name, "--no-progress")
			c.ok("s3", "cp", at+name, "back", "--no-progress")
			if got := must[[]byte](t)(os.ReadFile(filepath.Join(home, "back"))); !bytes.Equal(got, body) {
				t.Errorf("%s %s came back with %d bytes, want %d", scheme, name, len(got), len(body))
			}
			if list := c.ok("s3", "ls", at); !strings.Contains(list, fmt.Sprintf("%d %s\n", len(body), name)) {
				t.Errorf("%s has no %s:\n%s", at, name, list)
			}
		}
		piped := commandLine{t: t, program: []string{"sh", "-c", `"$0" s3 cp - "$1" < small.txt && "$0" s3 cp "$1" -`, stock}, env: c.env, dir: home}
		if got := piped.ok(at + "piped"); got != "hello" {
			t.Errorf("%s through a pipe: %q", scheme, got)
		}
		if got := c.ok("s3", "ls", "s3://artifacts"); !strings.Contains(got, "PRE "+scheme+"/") {
			t.Errorf("the bucket: %s", got)
		}
		c.ok("s3", "rm", at, "--recursive")
		if got := c.ok("s3", "ls"); !strings.Contains(got, "artifacts") || s.objects() != 0 {
			t.Errorf("afterwards: buckets %s; %d files", got, s.objects())
		}
		_, problem, status := c.run("s3", "ls", "s3://another")
		if status == 0 || !strings.Contains(problem, "NoSuchBucket") {
			t.Errorf("another bucket: %d %s", status, problem)
		}
		_, problem, status = c.run("s3api", "get-object-tagging", "--bucket", "artifacts", "--key", "k")
		if status == 0 || !strings.Contains(problem, "NotImplemented") {
			t.Errorf("a call that is not offered: %d %s", status, problem)
		}
	}
}

// The SDK's checksums in headers, and in the trailer of a body that it cannot read twice; a wrong
// one stores nothing; deletion of many, upload in parts, and its end.
func TestArtifactsWithSDK(t *testing.T) { // R-ART-11, R-ART-15
	t.Parallel()
	s := serve(t)
	bucket, key, body := aws.String("artifacts"), aws.String("a/fw.bin"), random(300_000)
	for _, endpoint := range []string{s.HTTP, s.HTTPS} {
		client := s.s3(endpoint)
		for _, algorithm := range []types.ChecksumAlgorithm{"", "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
			in := &s3.PutObjectInput{Bucket: bucket, Key: key, Body: bytes.NewReader(body), ChecksumAlgorithm: algorithm}
			if endpoint == s.HTTPS {
				in.Body, in.ContentLength = struct{ io.Reader }{in.Body}, aws.Int64(int64(len(body)))
			}
			put, err := client.PutObject(t.Context(), in)
			sum := sha256.Sum256(body)
			if want := `"` + hex.EncodeToString(sum[:]) + `"`; err != nil || aws.ToString(put.ETag) != want {
				t.Errorf("%s %s: %v, %v, want the ETag %s", endpoint, algorithm, put, err, want)
			}
			got := must[*s3.GetObjectOutput](t)(client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: key}))
			if text := must[[]byte](t)(io.ReadAll(got.Body)); !bytes.Equal(text, body) {
				t.Errorf("%s %s: other bytes came back", endpoint, algorithm)
			}
		}
		must[*s3.DeleteObjectsOutput](t)(client.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{
			Bucket: bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: key}, {Key: aws.String("none")}}}}))
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: bytes.NewReader(body), ChecksumCRC32: aws.String("AAAAAA==")})
		if got := s3Code(err); got != "XAmzContentChecksumMismatch" || s.objects() != 0 {
			t.Errorf("a wrong checksum: %v; %d files", err, s.objects())
		}
		upload := must[*s3.CreateMultipartUploadOutput](t)(client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key}))
		part := func(n int32, text string) types.CompletedPart {
			out := must[*s3.UploadPartOutput](t)(client.UploadPart(t.Context(), &s3.UploadPartInput{
				Bucket: bucket, Key: key, UploadId: upload.UploadId, PartNumber: &n, Body: strings.NewReader(text)}))
			return types.CompletedPart{PartNumber: &n, ETag: out.ETag}
		}
		two, one := part(2, "two"), part(1, "one")
		complete := func(parts ...types.CompletedPart) error {
			_, err := client.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: key, UploadId: upload.UploadId,
				MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
			return err
		}
		if err := complete(two, one); s3Code(err) != "InvalidPartOrder" {
			t.Errorf("parts in another order: %v", err)
		}
		if err := complete(one, types.CompletedPart{PartNumber: two.PartNumber, ETag: one.ETag}); s3Code(err) != "InvalidPart" {
			t.Errorf("a part with the ETag of another: %v", err)
		}
		must[*s3.AbortMultipartUploadOutput](t)(client.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: bucket, Key: key, UploadId: upload.UploadId}))
		if err := complete(one, two); s3Code(err) != "NoSuchUpload" || s.objects() != 0 {
			t.Errorf("after the end: %v; %d files", err, s.objects())
		}
	}
}

// s3Code is the code of an error of the SDK.
func s3Code(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Sprint(err)
	}
	return api.ErrorCode()
}

// A body whose chunks are signed is stored when each signature is right, and not otherwise.
func TestArtifactInSignedChunks(t *testing.T) { // R-ART-11
	t.Parallel()
	s := serve(t)
	const payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	keys := aws.Credentials{AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey}
	put := func(changed string) int {
		chunks := []string{"first chunk", "second", ""}
		r := must[*http.Request](t)(http.NewRequest("PUT", s.HTTP+"/artifacts/k", nil))
		r.Header.Set("X-Amz-Content-Sha256", payload)
		r.Header.Set("X-Amz-Decoded-Content-Length", "17")
		now := time.Now()
		if err := v4.NewSigner().SignHTTP(context.Background(), keys, r, payload, "s3", s.Region, now); err != nil {
			t.Fatal(err)
		}
		_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
		chain := v4.NewStreamSigner(keys, "s3", s.Region, must[[]byte](t)(hex.DecodeString(signature)))
		body := ""
		for _, chunk := range chunks {
			sum := must[[]byte](t)(chain.GetSignature(context.Background(), nil, []byte(chunk), now))
			if chunk == "second" {
				chunk = changed
			}
			body += fmt.Sprintf("%x;chunk-signature=%x\r\n%s\r\n", len(chunk), sum, chunk)
		}
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		answer := must[*http.Response](t)(http.DefaultClient.Do(r))
		answer.Body.Close()
		return answer.StatusCode
	}
	if status := put("secone"); status != 403 || s.objects() != 0 {
		t.Errorf("a changed chunk: %d, %d files", status, s.objects())
	}
	if status := put("second"); status != 200 || s.objects() != 1 {
		t.Errorf("as signed: %d, %d files", status, s.objects())
	}
}

// A job on the server's own artifact, without a role: its device gets a URL over MQTT, downloads
// over HTTPS, loses the connection and resumes. The URL is good for nothing else, and not for long.
func TestArtifactDownload(t *testing.T) { // R-ART-13, R-ART-14
	t.Parallel()
	s := serve(t)
	s.fleet("g", 1)
	body, client := random(3<<20), s.s3(s.HTTP)
	for _, key := range []string{"fw 2+4.bin", "other"} {
		must[*s3.PutObjectOutput](t)(client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String("artifacts"), Key: &key, Body: bytes.NewReader(body)}))
	}
	in := newInbox(t)
	d := must[*v3](t)(connect3(t, s.MQTT, "t0001", nil, in))
	d.subscribe("$aws/things/t0001/jobs/notify-next")
	urls := map[string]string{}
	for id, placeholder := range map[string]string{
		"s3":  "s3-presigned-url:s3://artifacts/fw 2+4.bin",
		"v2":  "s3-presigned-url-v2:https://artifacts.s3.eu-west-1.amazonaws.com/fw%202%2B4.bin",
		"aws": "s3-presigned-url-v1:https://s3.amazonaws.com/artifacts/fw 2+4.bin",
	} {
		s.create(id, "g", func(in *iot.CreateJobInput) { in.Document = aws.String(`{"from":"${aws:iot:` + placeholder + `}"}`) })
		text, _ := at(s.askFor("iot-jobs-data", "GET", "/things/t0001/jobs/"+id, ""), "execution.jobDocument").(string)
		var document struct{ From string }
		if err := json.Unmarshal([]byte(text), &document); err != nil {
			t.Fatalf("%s: %q: %v", id, text, err)
		}
		urls[id] = document.From
	}
	urls["mqtt"], _ = in.expect("/notify-next").at("execution.jobDocument.from").(string)
	s.Policy("wide", testserver.WidePolicy)
	device := s.trusting(s.Identify("t0001", "wide").Pair)
	for way, address := range urls {
		if !strings.HasPrefix(address, "https://localhost:") || !strings.Contains(address, "/artifacts/fw%202%2B4.bin?") {
			t.Errorf("%s: %s", way, address)
		}
		for from, c := range map[string]*http.Client{"certificate": device, "none": s.trusting()} {
			if got := resume(t, c, address); !bytes.Equal(got, body) {
				t.Errorf("%s, %s: %d bytes, want %d", way, from, len(got), len(body))
			}
		}
	}
	s.refuseURLs(urls["mqtt"])
	if s.objects() != 2 {
		t.Errorf("%d objects, want 2", s.objects())
	}
}

// resume downloads a URL, breaks off in the middle, and asks for the rest.
func resume(t *testing.T, c *http.Client, address string) []byte {
	t.Helper()
	answer := must[*http.Response](t)(c.Get(address))
	first := must[[]byte](t)(io.ReadAll(io.LimitReader(answer.Body, 1_000_000)))
	answer.Body.Close()
	r := must[*http.Request](t)(http.NewRequest("GET", address, nil))
	r.Header.Set("Range", fmt.Sprintf("bytes=%d-", len(first)))
	r.Header.Set("If-Range", answer.Header.Get("ETag"))
	rest := must[*http.Response](t)(c.Do(r))
	defer rest.Body.Close()
	if rest.StatusCode != 206 {
		t.Errorf("the rest: %d", rest.StatusCode)
	}
	return append(first, must[[]byte](t)(io.ReadAll(rest.Body))...)
}

// refuseURLs makes requests that a URL of an artifact, and the key that signed it, are not for.
func (s *server) refuseURLs(address string) {
	s.t.Helper()
	own := madeKey(s.t, keys(s.Server, "urls"))
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	sign := func(method, target, service string, age time.Duration) string {
		r := must[*http.Request](s.t)(http.NewRequest(method, s.HTTP+target, nil))
		query := r.URL.Query()
		query.Set("X-Amz-Expires", "60")
		r.URL.RawQuery = query.Encode()
		signed, _, err := signer.PresignHTTP(context.Background(), own, r, "UNSIGNED-PAYLOAD", service, s.Region, time.Now().Add(-age))
		if err != nil {
			s.t.Fatal(err)
		}
		return signed
	}
	signature := must[*url.URL](s.t)(url.Parse(address)).Query().Get("X-Amz-Signature")
	for _, tt := range []struct{ what, method, address, want string }{
		{"as it should be", "GET", sign("GET", "/artifacts/other", "s3", 0), "200"},
		{"and HEAD", "HEAD", sign("HEAD", "/artifacts/other", "s3", 0), "200"},
		{"a changed key", "GET", strings.Replace(address, "fw%202%2B4.bin", "other", 1), "403 SignatureDoesNotMatch"},
		{"a wrong signature", "GET", strings.Replace(address, signature, strings.Repeat("0", 64), 1), "403 SignatureDoesNotMatch"},
		{"a longer life", "GET", strings.Replace(address, "Expires=3600", "Expires=36000", 1), "403 SignatureDoesNotMatch"},
		{"another method", "DELETE", address, "403 SignatureDoesNotMatch"},
		{"expired", "GET", sign("GET", "/artifacts/other", "s3", time.Hour), "403 AccessDenied"},
		{"a DELETE", "DELETE", sign("DELETE", "/artifacts/other", "s3", 0), "403 AccessDenied"},
		{"a PUT", "PUT", sign("PUT", "/artifacts/other", "s3", 0), "403 AccessDenied"},
		{"a list", "GET", sign("GET", "/artifacts?list-type=2", "s3", 0), "403 AccessDenied"},
		{"no such object", "GET", sign("GET", "/artifacts/none", "s3", 0), "404 NoSuchKey"},
		{"operations of the API", "GET", sign("GET", "/things", "iot", 0), "403"},
		{"version 2", "GET", s.HTTP + "/artifacts/other?AWSAccessKeyId=x&Signature=y&Expires=1", "403 version 2"},
		{"a header", "GET", s.HTTP + "/artifacts/other", "403 AccessDenied"},
	} {
		r := must[*http.Request](s.t)(http.NewRequest(tt.method, tt.address, nil))
		if r.URL.RawQuery == "" {
			r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
			if err := signer.SignHTTP(context.Background(), own, r, "UNSIGNED-PAYLOAD", "s3", s.Region, time.Now()); err != nil {
				s.t.Fatal(err)
			}
		}
		answer := must[*http.Response](s.t)(s.trusting().Do(r))
		text := string(must[[]byte](s.t)(io.ReadAll(answer.Body)))
		answer.Body.Close()
		status, code, _ := strings.Cut(tt.want, " ")
		if fmt.Sprint(answer.StatusCode) != status || !strings.Contains(text, code) {
			s.t.Errorf("%s: %d %s, want %s", tt.what, answer.StatusCode, text, tt.want)
		}
	}
}

// A server that is killed while uploads arrive has, when it starts again, what it had acknowledged
// and nothing of the rest.
func TestArtifactsAfterKill(t *testing.T) { // R-ART-15
	t.Parallel()
	s := serve(t)
	bucket, client, body := aws.String("artifacts"), s.s3(s.HTTP), random(1<<20)
	must[*s3.PutObjectOutput](t)(client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("whole"), Body: bytes.NewReader(body)}))
	reader, writer := io.Pipe()
	torn := make(chan error, 1)
	go func() { torn <- s.putRaw("/artifacts/whole", reader, int64(len(body))) }()
	if _, err := writer.Write(body[:len(body)/2]); err != nil {
		t.Fatal(err)
	}
	eventually(t, "half a body is on its way", func() bool { return s.objects() == 2 })
	s.Kill()
	writer.CloseWithError(io.ErrClosedPipe)
	if err := <-torn; err == nil {
		t.Error("half an upload was acknowledged")
	}
	s.Start()
	client = s.s3(s.HTTP)
	got := must[*s3.GetObjectOutput](t)(client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("whole")}))
	if text := must[[]byte](t)(io.ReadAll(got.Body)); !bytes.Equal(text, body) || s.objects() != 1 {
		t.Errorf("%d bytes, want %d; %d files", len(text), len(body), s.objects())
	}
}

// putRaw puts an object whose body is not signed.
func (s *server) putRaw(target string, body io.Reader, size int64) error {
	r := must[*http.Request](s.t)(http.NewRequest("PUT", s.HTTP+target, body))
	r.ContentLength = size
	const payload = "UNSIGNED-PAYLOAD"
	r.Header.Set("X-Amz-Content-Sha256", payload)
	keys := aws.Credentials{AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey}
	if err := v4.NewSigner().SignHTTP(context.Background(), keys, r, payload, "s3", s.Region, time.Now()); err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return errors.New(answer.Status)
	}
	return nil
}

// A hundred downloads at once of one large object take little memory. Its clients read a part and
// wait, so that all of them are under way.
func TestArtifactMemory(t *testing.T) { // R-ART-14
	t.Parallel()
	s := serve(t)
	const size, bound = 128 << 20, 96 << 20 // the program itself takes up to 60
	sparse := must[*os.File](t)(os.Create(filepath.Join(t.TempDir(), "large")))
	defer sparse.Close()
	if err := sparse.Truncate(size); err != nil {
		t.Fatal(err)
	}
	if err := s.putRaw("/artifacts/large", sparse, size); err != nil {
		t.Fatal(err)
	}
	out := must[*v4.PresignedHTTPRequest](t)(s3.NewPresignClient(s.s3(s.HTTPS)).PresignGetObject(t.Context(),
		&s3.GetObjectInput{Bucket: aws.String("artifacts"), Key: aws.String("large")}))
	client := s.trusting()
	var answers []*http.Response
	for range 100 {
		answer := must[*http.Response](t)(client.Get(out.URL))
		defer answer.Body.Close()
		if n, err := io.CopyN(io.Discard, answer.Body, 1<<20); err != nil || answer.ContentLength != size {
			t.Fatalf("%s: %d bytes of %d: %v", answer.Status, n, answer.ContentLength, err)
		}
		answers = append(answers, answer)
	}
	for _, answer := range answers {
		if _, err := io.CopyN(io.Discard, answer.Body, 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	if _, most := s.Memory(); most > bound && !testserver.Race {
		t.Errorf("%d MiB of memory, at most %d are allowed", most>>20, bound>>20)
	}
}
