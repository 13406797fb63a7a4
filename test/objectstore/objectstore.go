// Package objectstore runs versitygw for the tests: an S3-compatible object store, on loopback and
// on a temporary folder, that checks the signature and the age of every request. It is a program of
// its own, which scripts/setup-tests.sh installs into .tools; nothing of it is linked.
package objectstore

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Region is the one that every store is in.
const Region = "us-east-1"

// Store is a running object store, which knows one credential.
type Store struct {
	URL                          string // http://127.0.0.1:PORT
	AccessKeyID, SecretAccessKey string
	S3                           *s3.Client // with that credential

	t testing.TB
}

// Serve starts a store that accepts a credential, with one bucket, which has versions. It is ended
// when the test ends.
func Serve(t testing.TB, accessKeyID, secret, bucket string) *Store {
	t.Helper()
	program := find(t)
	root, versions, metadata := t.TempDir(), t.TempDir(), t.TempDir()
	// The program cannot say which port it was given, so one is chosen that was free a moment ago.
	for range 5 {
		address := freeAddress(t)
		command := exec.Command(program, "--port", address, "--access", accessKeyID, "--secret", secret,
			"--region", Region, "posix", "--sidecar", metadata, "--versioning-dir", versions, root)
		var printed bytes.Buffer
		command.Stdout, command.Stderr = &printed, &printed
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			_ = command.Wait() // it is killed, or ended because its port was taken
			close(ended)
		}()
		t.Cleanup(func() {
			_ = command.Process.Kill()
			<-ended
		})
		if !listens(t, address, ended) {
			t.Logf("versitygw ended: %s", &printed)
			continue
		}
		s := &Store{URL: "http://" + address, AccessKeyID: accessKeyID, SecretAccessKey: secret, t: t}
		s.S3 = Client(s.URL, accessKeyID, secret)
		s.makeBucket(bucket)
		return s
	}
	t.Fatal("versitygw did not start")
	return nil
}

// find returns the path of the program. It looks in the folders above the tests.
func find(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		program := filepath.Join(folder, ".tools", "bin", "versitygw")
		if _, err := os.Stat(program); err == nil {
			return program
		}
	}
	t.Fatal("the object store versitygw is missing: run make setup")
	return ""
}

// freeAddress is an address on loopback on which nothing listened a moment ago.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// listens waits until something listens on an address. It reports false when the process ended.
func listens(t testing.TB, address string, ended <-chan struct{}) bool {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		select {
		case <-ended:
			return false
		case <-time.After(5 * time.Millisecond): // another process, which cannot signal
		}
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return true
		}
	}
	t.Fatalf("versitygw does not listen on %s", address)
	return false
}

// Client is a client of the store at an address.
func Client(address, accessKeyID, secret string) *s3.Client {
	return s3.New(s3.Options{
		Region:       Region,
		BaseEndpoint: aws.String(address),
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(accessKeyID, secret, ""),
	})
}

// makeBucket makes a bucket that has versions of its objects.
func (s *Store) makeBucket(name string) {
	s.t.Helper()
	_, err := s.S3.CreateBucket(s.t.Context(), &s3.CreateBucketInput{Bucket: &name})
	if err == nil {
		_, err = s.S3.PutBucketVersioning(s.t.Context(), &s3.PutBucketVersioningInput{
			Bucket: &name,
			VersioningConfiguration: &types.VersioningConfiguration{
				Status: types.BucketVersioningStatusEnabled,
			},
		})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// Put stores an object and returns its version id.
func (s *Store) Put(bucket, key, content string) string {
	s.t.Helper()
	out, err := s.S3.PutObject(context.Background(), &s3.PutObjectInput{
		Bucket: &bucket,
		Key:    &key,
		Body:   strings.NewReader(content),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return aws.ToString(out.VersionId)
}
