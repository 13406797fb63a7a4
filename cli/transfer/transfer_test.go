package transfer_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/progress"
	"github.com/drover-iot/drover/cli/transfer"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/test/objectstore"
)

// The store of these tests is a real one, which checks signatures and checksums.

// key is the credential that it knows.
var key = client.Credentials{AccessKeyID: "AKIDSTORE", SecretAccessKey: "a secret of the store"}

// newStore starts a store with a bucket.
func newStore(t *testing.T) *objectstore.Store {
	t.Helper()
	return objectstore.Serve(t, key.AccessKeyID, key.SecretAccessKey, "artifacts")
}

// open opens the bucket of a store.
func open(address string) *transfer.Store {
	return transfer.Open(transfer.Config{
		Endpoint:    address,
		Region:      objectstore.Region,
		Bucket:      "artifacts",
		Credentials: key,
	})
}

// network is a way to a store that a test can break, and that notes what was asked for.
type network struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string // method and what matters of the query and the headers
	// passes decides whether a request goes on; whole, whether its answer comes as a whole or only
	// its first half.
	passes, whole func(request string) bool
}

// newNetwork returns a way to a store on which everything passes.
func newNetwork(t *testing.T, address string) *network {
	n := &network{}
	n.set(always, always)
	to, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: func(answer *http.Response) error {
			if n.decide(answer.Request, func() func(string) bool { return n.whole }) {
				return nil
			}
			half := io.LimitReader(answer.Body, answer.ContentLength/2)
			answer.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(half, broken{}), answer.Body}
			return nil
		},
	}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		n.requests = append(n.requests, describe(r))
		n.mu.Unlock()
		if !n.decide(r, func() func(string) bool { return n.passes }) {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(n.Close)
	return n
}

func always(string) bool { return true }

// set says what passes from now on, and forgets what was asked for.
func (n *network) set(passes, whole func(string) bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.passes, n.whole, n.requests = passes, whole, nil
}

// decide asks one of the two functions.
func (n *network) decide(r *http.Request, which func() func(string) bool) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return which()(describe(r))
}

// asked are the requests of one kind since set.
func (n *network) asked(kind string) (found []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range n.requests {
		if strings.HasPrefix(r, kind) {
			found = append(found, r)
		}
	}
	return found
}

// describe is a request as tests write it: "PUT part 2", "GET bytes=100-".
func describe(r *http.Request) string {
	text := r.Method
	if part := r.URL.Query().Get("partNumber"); part != "" {
		text += " part " + part
	}
	if value := r.Header.Get("Range"); value != "" {
		text += " " + value
	}
	return text
}

// broken is the rest of an answer that is cut off.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("cut off") }

// file writes a file of random bytes, the same for the same seed, and returns its path.
func file(t *testing.T, size int, seed byte) string {
	t.Helper()
	content := make([]byte, size)
	if _, err := rand.NewChaCha8([32]byte{seed}).Read(content); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "fw.bin")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// read reads a file.
func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// fetch gets an object into a new file, and returns the content.
func fetch(t *testing.T, s *transfer.Store, key string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fetched")
	if _, err := s.Get(t.Context(), key, path, progress.None); err != nil {
		t.Fatal(err)
	}
	return read(t, path)
}

// large is a size that makes three parts.
const large = 20_000_000

// What was put is listed, comes back as it was, and is gone when it is removed, whatever its size
// and its key.
func TestRoundTrip(t *testing.T) { // R-ART-12
	t.Parallel()
	s := open(newStore(t).URL)
	for key, size := range map[string]int{
		"empty":                  0,
		"one/byte":               1,
		"a b+c%20d}é日本&=?#.bin":  1000,
		"just one part":          8 << 20,
		"a byte more than that":  8<<20 + 1,
		"pumps/north/fw-2.5.bin": large,
	} {
		path := file(t, size, 1)
		put, err := s.Put(t.Context(), path, key, progress.None)
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		copied := filepath.Join(t.TempDir(), "copy")
		got, err := s.Get(t.Context(), key, copied, progress.None)
		if diff := cmp.Diff(put, got); diff != "" || err != nil || read(t, copied) != read(t, path) {
			t.Errorf("%s: %v (-put +got):\n%s", key, err, diff)
		}
		for entry, err := range s.List(t.Context(), key[:3]) {
			if err != nil || entry.Key != key || entry.Size != int64(size) {
				t.Errorf("%s: listed %+v, %v", key, entry, err)
			}
		}
		if err := s.Remove(t.Context(), key); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		for entry, err := range s.List(t.Context(), "") {
			t.Errorf("%s: after it was removed: %+v, %v", key, entry, err)
		}
		if left, _ := filepath.Glob(copied + "?*"); left != nil {
			t.Errorf("%s: left behind: %v", key, left)
		}
	}
}

// An upload that broke off goes on with the parts that are missing. What is there already is not
// sent again.
func TestPutResumes(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, newStore(t).URL)
	s, path := open(n.URL), file(t, large, 1)
	n.set(func(r string) bool { return r != "PUT part 2" }, always)
	if _, err := s.Put(t.Context(), path, "fw", progress.None); err == nil ||
		!strings.Contains(err.Error(), "put "+path+" as fw: no whole answer from "+n.URL) {
		t.Errorf("with one part that never arrives: %v", err)
	}
	if got := s.Remove(t.Context(), "fw"); got == nil {
		t.Error("there is an object before the upload is complete")
	}
	n.set(always, always)
	if _, err := s.Put(t.Context(), path, "fw", progress.None); err != nil {
		t.Error(err)
	}
	if sent := n.asked("PUT"); len(sent) == 0 || len(sent) > 2 || sent[0] != "PUT part 2" && sent[0] != "PUT part 3" {
		t.Errorf("the second attempt sent %v", sent)
	}
	if fetch(t, s, "fw") != read(t, path) {
		t.Error("the object has another content")
	}
	n.set(always, always)
	if _, err := s.Put(t.Context(), path, "fw", progress.None); err != nil || n.asked("PUT") != nil {
		t.Errorf("what is there already: sent %v, %v", n.asked("PUT"), err)
	}
}

// The parts of another file are not used: neither when they differ, nor when the other file only
// begins with the same ones.
func TestPutAfterAnotherFile(t *testing.T) {
	t.Parallel()
	for name, same := range map[string]int{"another": 0, "the same beginning": 8 << 20} {
		n := newNetwork(t, newStore(t).URL)
		s, old, path := open(n.URL), file(t, large, 1), file(t, large, 2)
		mixed := read(t, old)[:same] + read(t, path)[same:]
		if err := os.WriteFile(path, []byte(mixed), 0o600); err != nil {
			t.Fatal(err)
		}
		n.set(func(r string) bool { return r != "PUT part 2" && r != "PUT part 3" }, always)
		if _, err := s.Put(t.Context(), old, "fw", progress.None); err == nil {
			t.Errorf("%s: the first upload did not break off", name)
		}
		n.set(always, always)
		if _, err := s.Put(t.Context(), path, "fw", progress.None); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if fetch(t, s, "fw") != mixed {
			t.Errorf("%s: the object has another content", name)
		}
	}
}

// A download that broke off goes on where it stopped, by itself for as long as each attempt brings
// something, and otherwise when it is asked for again.
func TestGetResumes(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, newStore(t).URL)
	s, path := open(n.URL), file(t, large, 1)
	if _, err := s.Put(t.Context(), path, "fw", progress.None); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy")
	n.set(func(r string) bool { return r == "GET" }, func(r string) bool { return r != "GET" })
	if _, err := s.Get(t.Context(), "fw", copied, progress.None); err == nil {
		t.Error("half a download succeeded")
	}
	if _, err := os.Stat(copied); err == nil {
		t.Error("the file is there before it is whole")
	}
	cuts := 0
	n.set(always, func(string) bool { cuts++; return cuts > 1 })
	if _, err := s.Get(t.Context(), "fw", copied, progress.None); err != nil {
		t.Error(err)
	}
	// How much of what was sent before the end of a connection arrives differs by some bytes.
	var first, second int
	if _, err := fmt.Sscanf(strings.Join(n.asked("GET"), "\n"), "GET bytes=%d-\nGET bytes=%d-", &first, &second); err != nil ||
		first < large/3 || second < large*2/3 || len(n.asked("GET")) != 2 {
		t.Errorf("requests: %v, %v", n.asked("GET"), err)
	}
	if read(t, copied) != read(t, path) {
		t.Error("the copy has another content")
	}
}

// The object has another content by the time that a download goes on: it begins anew.
func TestGetOfChangedObject(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"as large": large, "shorter": 1000, "empty": 0} {
		o := newStore(t)
		n := newNetwork(t, o.URL)
		s, path := open(n.URL), file(t, size, 2)
		if _, err := s.Put(t.Context(), file(t, large, 1), "fw", progress.None); err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(t.TempDir(), "copy")
		n.set(func(r string) bool { return r == "GET" }, func(r string) bool { return r != "GET" })
		if _, err := s.Get(t.Context(), "fw", copied, progress.None); err == nil {
			t.Error("half a download succeeded")
		}
		n.set(always, always)
		if _, err := s.Put(t.Context(), path, "fw", progress.None); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), "fw", copied, progress.None); err != nil || read(t, copied) != read(t, path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Content that is not what the object says of itself is removed, and nothing has the file's name.
func TestGetCompares(t *testing.T) {
	t.Parallel()
	o := newStore(t)
	bucket, key := "artifacts", "fw"
	if _, err := o.S3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket:   &bucket,
		Key:      &key,
		Body:     strings.NewReader("damaged"),
		Metadata: map[string]string{"sha256": strings.Repeat("0", 64)},
	}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy")
	_, err := open(o.URL).Get(t.Context(), key, path, progress.None)
	if err == nil || !strings.Contains(err.Error(), "has the SHA-256") {
		t.Errorf("damaged content: %v", err)
	}
	if left, _ := filepath.Glob(path + "*"); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

// Each failure names the file, the key, the bucket and what may be done.
func TestFailures(t *testing.T) {
	t.Parallel()
	o := newStore(t)
	path := file(t, 10, 1)
	stored := func(change func(*transfer.Config)) *transfer.Store {
		c := open(o.URL).Config
		if change != nil {
			change(&c)
		}
		return transfer.Open(c)
	}
	put := func(s *transfer.Store) error {
		_, err := s.Put(t.Context(), path, "fw", progress.None)
		return err
	}
	get := func(s *transfer.Store) error {
		_, err := s.Get(t.Context(), "fw", path+".copy", progress.None)
		return err
	}
	remove := func(s *transfer.Store) error { return s.Remove(t.Context(), "fw") }
	for _, tt := range []struct {
		do     func(*transfer.Store) error
		change func(*transfer.Config)
		want   string
	}{
		{put, func(c *transfer.Config) { c.Bucket = "nowhere" },
			"put " + path + " as fw: there is no bucket nowhere at " + o.URL},
		{put, func(c *transfer.Config) { c.Credentials.SecretAccessKey = "wrong" },
			"put " + path + " as fw: " + o.URL + " refuses the access key AKIDSTORE for bucket artifacts: 403 SignatureDoesNotMatch"},
		{put, func(c *transfer.Config) { c.Credentials.AccessKeyID = "NOBODY" }, "refuses the access key NOBODY"},
		{put, func(c *transfer.Config) { c.Endpoint = "http://127.0.0.1:1" },
			"put " + path + " as fw: no whole answer from http://127.0.0.1:1: connection refused"},
		{get, nil, "get fw into " + path + ".copy: there is no such key in bucket artifacts of " + o.URL},
		{get, func(c *transfer.Config) { c.Bucket = "nowhere" }, "there is no bucket nowhere"},
		{remove, nil, "remove fw: there is no such key in bucket artifacts"},
	} {
		if err := tt.do(stored(tt.change)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
	if left, _ := filepath.Glob(path + "?*"); left != nil {
		t.Errorf("left behind: %v", left)
	}
	if err := func() error { _, err := open(o.URL).Put(t.Context(), t.TempDir(), "fw", progress.None); return err }(); err == nil ||
		!strings.Contains(err.Error(), "is not a file") {
		t.Errorf("a folder: %v", err)
	}
}
