package test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/test/objectstore"
	"github.com/drover-iot/drover/test/testserver"
)

// artifactLine calls drover artifact on the bucket artifacts of a store, in an empty folder.
func artifactLine(t *testing.T, address string) commandLine {
	folder := t.TempDir()
	return commandLine{
		t:       t,
		program: []string{testserver.Binary, "artifact"},
		env: []string{"HOME=" + folder, "AWS_ENDPOINT_URL=" + address, "AWS_DEFAULT_REGION=" + objectstore.Region,
			"AWS_ACCESS_KEY_ID=" + storeKey, "AWS_SECRET_ACCESS_KEY=" + storeSecret},
		dir: folder,
	}
}

// write writes a file into the folder of the command line.
func (c commandLine) write(name, content string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(content), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// read reads a file of that folder.
func (c commandLine) read(name string) string {
	c.t.Helper()
	return string(must[[]byte](c.t)(os.ReadFile(filepath.Join(c.dir, name))))
}

// A session with drover artifact: what is printed for people and for programs, and how calls end.
func TestArtifactCommand(t *testing.T) { // R-ART-12
	t.Parallel()
	o := objectstore.Serve(t, storeKey, storeSecret, "artifacts")
	c := artifactLine(t, o.URL)
	const sum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" // of hello
	c.write("hello ü.txt", "hello")
	for _, tt := range []struct{ line, out string }{
		{"put|hello ü.txt", "s3://artifacts/hello ü.txt  5 bytes  sha256 " + sum + "\n"},
		{"put|--quiet|hello ü.txt|a/b", "s3://artifacts/a/b  5 bytes  sha256 " + sum + "\n"},
		{"get|a/b|--quiet", "b  5 bytes  sha256 " + sum + "\n"},
		{"get|hello ü.txt|copy", "copy  5 bytes  sha256 " + sum + "\n"},
		{"list|nothing", ""},
		{"list|nothing|--output|json", "{\n    \"artifacts\": []\n}\n"},
		{"remove|a/b", "removed s3://artifacts/a/b\n"},
	} {
		if out := c.ok(strings.Split(tt.line, "|")...); out != tt.out {
			t.Errorf("%s: %q, want %q", tt.line, out, tt.out)
		}
	}
	if c.read("b") != "hello" || c.read("copy") != "hello" {
		t.Errorf("fetched %q and %q", c.read("b"), c.read("copy"))
	}
	if out := c.ok("list"); !strings.HasSuffix(out, "            5  hello ü.txt\n") || strings.Count(out, "\n") != 1 {
		t.Errorf("list: %q", out)
	}
	want := map[string]any{"bucket": "artifacts", "key": "k&<>", "size": 5.0, "sha256": sum}
	if diff := cmp.Diff(want, c.json("put", "hello ü.txt", "k&<>", "--output=json")); diff != "" {
		t.Errorf("put --output json (-want +got):\n%s", diff)
	}
	for _, tt := range []struct {
		line   string
		status int
		out    string
		err    string
	}{
		{"", 2, "", "usage: drover artifact put FILE [KEY]"}, // an empty word
		{"put", 2, "", "usage: drover artifact put FILE [KEY]"},
		{"put|hello ü.txt|", 2, "", "usage: drover artifact put FILE [KEY]"},
		{"put|a|b|c", 2, "", "usage: drover artifact put FILE [KEY]"},
		{"move|a", 2, "", `there is no "move"`},
		{"put|--fast|a", 2, "", "flag provided but not defined: -fast"},
		{"--help", 0, "NAME\n    drover artifact - ", ""},
		{"put|absent", 1, "", "drover: open absent: no such file or directory"},
		{"put|hello ü.txt|--bucket|nowhere", 1, "", "put hello ü.txt as hello ü.txt: there is no bucket nowhere at " + o.URL},
		{"get|absent", 1, "", "get absent into absent: there is no such key in bucket artifacts of " + o.URL},
		{"remove|absent|k&<>", 1, "removed s3://artifacts/k&<>", "remove absent: there is no such key"},
		{"list|--output|yaml", 1, "", "--output yaml: must be text or json"},
		{"list|--endpoint-url|http://127.0.0.1:1", 1, "", "list: no whole answer from http://127.0.0.1:1: connection refused"},
		{"list|--profile|absent", 1, "", "absent"},
	} {
		out, problem, status := c.run(strings.Split(tt.line, "|")...)
		if status != tt.status || !strings.HasPrefix(out, tt.out) || !strings.Contains(problem, tt.err) {
			t.Errorf("%s: status %d, %q, %q; want %d, %q, %q", tt.line, status, out, problem, tt.status, tt.out, tt.err)
		}
	}
	// The file of a word that looks like an option.
	c.write("--x", "")
	if out := c.ok("put", "--quiet", "--", "--x"); !strings.HasPrefix(out, "s3://artifacts/--x  0 bytes") {
		t.Errorf("behind --: %q", out)
	}
}

// gate is a way to a store on which some requests are held up until their client ends: an upload
// before it is stored, a download in the middle.
type gate struct{ *httptest.Server }

// newGate returns such a way. held says which requests are held up.
func newGate(t *testing.T, address string, held func(*http.Request) bool) *gate {
	g := &gate{}
	to := must[*url.URL](t)(url.Parse(address))
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host // it is signed
	}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !held(r) {
			proxy.ServeHTTP(w, r)
			return
		}
		if r.Method == http.MethodGet { // the answer begins, and stops in the middle
			func() {
				defer func() { _ = recover() }() // the proxy sees that it cannot go on
				proxy.ServeHTTP(&stopping{w, 100_000}, r)
			}()
		}
		_, _ = io.Copy(io.Discard, r.Body) // only then the end of the client is seen
		<-r.Context().Done()
	}))
	t.Cleanup(g.Close)
	return g
}

// stopping is an answer that stops after some bytes.
type stopping struct {
	http.ResponseWriter
	left int
}

// Write writes what is left to be written, and fails then.
func (s *stopping) Write(p []byte) (int, error) {
	n, err := s.ResponseWriter.Write(p[:min(len(p), s.left)])
	s.left -= n
	if err == nil && n < len(p) {
		_ = http.NewResponseController(s.ResponseWriter).Flush()
		err = errors.New("held up")
	}
	return n, err
}

// interrupt starts a command, sends it a signal once it is half done, and returns its status and
// what it said.
func (g *gate) interrupt(c commandLine, half func() bool, signal os.Signal, args ...string) (status int, said string) {
	c.t.Helper()
	command := exec.CommandContext(c.t.Context(), c.program[0], append(c.program[1:], args...)...)
	command.Env, command.Dir = append(c.env, "AWS_ENDPOINT_URL="+g.URL), c.dir
	var problem bytes.Buffer
	command.Stderr = &problem
	if err := command.Start(); err != nil {
		c.t.Fatal(err)
	}
	eventually(c.t, "half of "+args[0], half)
	if err := command.Process.Signal(signal); err != nil {
		c.t.Fatal(err)
	}
	_ = command.Wait() // it was interrupted
	return command.ProcessState.ExitCode(), problem.String()
}

// partsOf is how many parts an upload of a key has in the store.
func partsOf(store *s3.Client, key string) (parts int) {
	bucket := "artifacts"
	uploads, err := store.ListMultipartUploads(context.Background(), &s3.ListMultipartUploadsInput{Bucket: &bucket})
	if err != nil {
		return 0
	}
	for _, u := range uploads.Uploads {
		if *u.Key != key {
			continue
		}
		found, err := store.ListParts(context.Background(), &s3.ListPartsInput{Bucket: &bucket, Key: &key, UploadId: u.UploadId})
		if err == nil {
			parts = len(found.Parts)
		}
	}
	return parts
}

// A put and a get that are interrupted, by Ctrl-C or by kill -9, go on with what is there when they
// are called again, in the embedded store as in another. Neither leaves anything that looks whole.
func TestArtifactInterrupted(t *testing.T) { // R-ART-12
	t.Parallel()
	o, own := objectstore.Serve(t, storeKey, storeSecret, "artifacts"), serve(t)
	content := strings.Repeat("0123456789abcdefghijk", 1_000_000)
	for name, signal := range map[string]os.Signal{
		"ctrl-c": os.Interrupt, "kill": syscall.SIGKILL, "embedded ctrl-c": os.Interrupt, "embedded kill": syscall.SIGKILL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, address, store := artifactLine(t, o.URL), o.URL, o.S3
			if strings.HasPrefix(name, "embedded") {
				c.env, address, store = own.environment(c.dir), own.HTTP, own.s3(own.HTTP)
			}
			c.write("fw.bin", content)
			check := func(what string, status int, said string) {
				t.Helper()
				if signal == os.Interrupt && (status != 130 || !strings.Contains(said, "interrupted; the same command goes on where it stopped")) {
					t.Errorf("%s: status %d: %s", what, status, said)
				}
			}
			up := newGate(t, address, func(r *http.Request) bool { return r.URL.Query().Get("partNumber") == "3" })
			status, said := up.interrupt(c, func() bool { return partsOf(store, name) == 2 }, signal, "put", "fw.bin", name)
			check("put", status, said)
			if out := c.ok("list", name); out != "" {
				t.Errorf("an object of an upload that is not complete: %s", out)
			}
			_, said, _ = c.run("put", "fw.bin", name)
			if !strings.HasPrefix(said, "fw.bin: goes on at ") {
				t.Errorf("the second put begins with %q", said)
			}

			down := newGate(t, address, func(r *http.Request) bool { return r.Method == http.MethodGet })
			half := func() bool {
				part, err := os.Stat(filepath.Join(c.dir, "copy.part"))
				return err == nil && part.Size() > 0
			}
			status, said = down.interrupt(c, half, signal, "get", name, "copy")
			check("get", status, said)
			if _, err := os.Stat(filepath.Join(c.dir, "copy")); err == nil {
				t.Error("the file is there before it is whole")
			}
			_, said, _ = c.run("get", name, "copy")
			if !strings.HasPrefix(said, "copy: goes on at ") || c.read("copy") != content {
				t.Errorf("the second get begins with %q", said)
			}
		})
	}
}

// JSON is printed also where the profile asks for a format that the API's commands do not have yet.
func TestArtifactProfile(t *testing.T) {
	t.Parallel()
	o := objectstore.Serve(t, storeKey, storeSecret, "artifacts")
	c := artifactLine(t, o.URL)
	c.write("config", "[profile shop]\noutput = table\nregion = "+objectstore.Region+"\nendpoint_url = "+o.URL+
		"\naws_access_key_id = "+storeKey+"\naws_secret_access_key = "+storeSecret+"\n")
	c.env = []string{"HOME=" + c.dir, "AWS_CONFIG_FILE=" + filepath.Join(c.dir, "config")}
	c.write("fw", "1")
	var put struct{ Key string }
	if err := json.Unmarshal([]byte(c.ok("put", "fw", "--profile", "shop", "--output", "json")), &put); err != nil || put.Key != "fw" {
		t.Errorf("%+v, %v", put, err)
	}
}
