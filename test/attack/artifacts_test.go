package attack

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/drover-iot/drover/test/testserver"
)

// artifacts is the SDK's client of a server's store of artifacts.
func artifacts(s *testserver.Server) *s3.Client {
	return s3.New(s3.Options{
		Region: s.Region, BaseEndpoint: &s.HTTP, UsePathStyle: true, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(s.AccessKeyID, s.SecretAccessKey, ""),
	})
}

// objects are the files of the store of artifacts.
func objects(t *testing.T, s *testserver.Server) int {
	t.Helper()
	return len(must[[]os.DirEntry](t)(os.ReadDir(filepath.Join(s.Dir, "artifacts", "objects"))))
}

// An artifact for which there is no room is refused, at once and for what it is: nothing of it is
// left, what was there is served, the log says why, and when there is room again it is stored. It
// needs root, for a disk of its own.
func TestArtifactsOnFullDisk(t *testing.T) { // R-ART-15, R-WEB-42
	if scale(0, 1) == 0 {
		t.Skip("needs root, for a file system of 64 MB: runs with make attack")
	}
	t.Parallel()
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Fatalf("mount: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", disk).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	s := testserver.New(t)
	s.Dir = filepath.Join(disk, "data")
	s.Start()
	client, bucket := artifacts(s), aws.String("artifacts")
	body := make([]byte, 24<<20)
	rand.Read(body)
	put := func(key string) error {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader(body)})
		return err
	}
	if err := put("first"); err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, body, 0o600); err != nil {
		t.Fatal(err)
	}
	check := func(what string, err error) {
		t.Helper()
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != "StorageFull" || objects(t, s) != 1 {
			t.Errorf("%s: %v; %d files, want 1", what, err, objects(t, s))
		}
	}
	check("a new object", put("second"))
	check("in place of the old one", put("first"))
	upload, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("parts")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: bucket, Key: aws.String("parts"), UploadId: upload.UploadId,
		PartNumber: aws.Int32(1), Body: bytes.NewReader(body)})
	check("a part", err)
	sum := sha256.Sum256(body)
	plain := send(t, s, request{
		method: "PUT", path: "/_drover/artifacts/second", body: string(body),
		header: http.Header{"X-Amz-Content-Sha256": {hex.EncodeToString(sum[:])}},
	})
	if plain.status != http.StatusInsufficientStorage || !strings.Contains(plain.body, "disk of the server is full") || objects(t, s) != 1 {
		t.Errorf("without the form of S3: %d %s; %d files, want 1", plain.status, plain.body, objects(t, s))
	}
	if !strings.Contains(s.Output.String(), "the disk is full") {
		t.Errorf("the log does not say it:\n%s", s.Output)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := put("second"); err != nil {
		t.Errorf("with room again: %v", err)
	}
	s.Kill()
	s.Start()
	client = artifacts(s)
	for _, key := range []string{"first", "second"} {
		got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: &key})
		if err != nil {
			t.Fatalf("%s was acknowledged: %v", key, err)
		}
		if text := must[[]byte](t)(io.ReadAll(got.Body)); !bytes.Equal(text, body) {
			t.Errorf("%s has %d bytes, want %d", key, len(text), len(body))
		}
	}
}

// A hundred clients download one large object to the end, at the same time, in less than 64 MiB of
// the server's memory.
func TestManyDownloads(t *testing.T) { // R-ART-14
	t.Parallel()
	s := testserver.Serve(t)
	size := int64(scale(4<<20, 1<<30))
	file := must[*os.File](t)(os.Create(filepath.Join(t.TempDir(), "sparse")))
	defer file.Close()
	if err := file.Truncate(size); err != nil {
		t.Fatal(err)
	}
	in := &s3.PutObjectInput{Bucket: aws.String("artifacts"), Key: aws.String("large"), Body: file}
	if _, err := artifacts(s).PutObject(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	out, err := s3.NewPresignClient(artifacts(s)).PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: in.Bucket, Key: in.Key})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			answer, err := http.Get(out.URL)
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close()
			if n, err := io.Copy(io.Discard, answer.Body); n != size || err != nil {
				t.Errorf("%s: %d bytes, want %d: %v", answer.Status, n, size, err)
			}
		})
	}
	all.Wait()
	if _, most := s.Memory(); most > 64<<20 && !testserver.Race {
		t.Errorf("%d MiB of memory, at most 64 are allowed", most>>20)
	}
}
