package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func fetcher() *Fetcher {
	return &Fetcher{
		Client: http.DefaultClient, Idle: 5 * time.Second, Patience: time.Second,
		Pause: time.Millisecond, Log: slog.New(slog.DiscardHandler),
	}
}

// content is n bytes that look like nothing.
func content(n int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// store serves content, and ends each connection after some bytes.
type store struct {
	content []byte
	etag    string
	cut     int // bytes of a connection; 0: all
	ranges  bool
	asked   []string // the ranges
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := r.Header.Get("Range")
	s.asked = append(s.asked, asked)
	if s.etag != "" {
		w.Header().Set("ETag", s.etag)
	}
	if !s.ranges {
		r.Header.Del("Range")
	}
	if s.cut > 0 {
		w = &cutting{ResponseWriter: w, left: s.cut}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.content))
}

// cutting ends the connection after some bytes.
type cutting struct {
	http.ResponseWriter
	left int
}

func (c *cutting) Write(b []byte) (int, error) {
	if len(b) > c.left {
		_, _ = c.ResponseWriter.Write(b[:c.left])
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	c.left -= len(b)
	return c.ResponseWriter.Write(b)
}

// A connection that ends is made again, and goes on, for as long as each brings something.
func TestResume(t *testing.T) { // R-AGT-12
	t.Parallel()
	want := content(1 << 20)
	for _, tt := range []struct {
		name        string
		store       *store
		sum         bool
		wantResumed bool
	}{
		{"ETag", &store{etag: `"a"`, cut: 300_000, ranges: true}, false, true},
		{"weak ETag and a sum", &store{etag: `W/"a"`, cut: 300_000, ranges: true}, true, true},
		{"in one", &store{etag: `"a"`}, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.store.content = want
			server := httptest.NewServer(tt.store)
			defer server.Close()
			r := Request{URL: server.URL + "/fw?sig=secret", Path: filepath.Join(t.TempDir(), "fw")}
			if tt.sum {
				r.SHA256 = strings.ToUpper(sumOf(want))
			}
			var last int64
			r.Progress = func(have, all int64) {
				if have < last && tt.wantResumed || all != int64(len(want)) {
					t.Errorf("progress %d of %d after %d", have, all, last)
				}
				last = have
			}
			if err := fetcher().File(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(r.Path)
			if !bytes.Equal(got, want) {
				t.Errorf("another content, %v", err)
			}
			if resumed := len(tt.store.asked) > 3 && tt.store.asked[1] != ""; resumed != tt.wantResumed {
				t.Errorf("asked for %v", tt.store.asked)
			}
			left, err := filepath.Glob(r.Path + ".*")
			if len(left) != 0 || err != nil {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// What an earlier process has left is used when the content is the same, and no further than it was
// on stable storage.
func TestResumeAfterRestart(t *testing.T) { // R-AGT-12
	t.Parallel()
	want, before := content(6<<20), content(6<<20-1)
	for _, tt := range []struct {
		name  string
		spoil func(part string) error
		etag  string // of what is served the second time
		want  string // what is asked for then
	}{
		{"stopped", func(string) error { return nil }, `"a"`, "bytes=5000000-"},
		{"a power cut", func(part string) error {
			// Only the first sync was noted, and what came after it is anything.
			err := os.WriteFile(part+".json", fmt.Appendf(nil, `{"validator": "\"a\"", "bytes": %d}`, 4<<20), 0o600)
			f, opened := os.OpenFile(part, os.O_RDWR, 0)
			_, written := f.WriteAt(make([]byte, 100), 4<<20+7)
			return errors.Join(err, opened, written, f.Close())
		}, `"a"`, "bytes=4194304-"},
		{"another content", func(string) error { return nil }, `"b"`, "bytes=5000000-"},
		{"damaged", func(part string) error { return os.WriteFile(part+".json", []byte("{"), 0o600) }, `"a"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &store{content: want, etag: `"a"`, cut: 5_000_000, ranges: true}
			if tt.etag != `"a"` {
				s.content = before
			}
			server := httptest.NewServer(s)
			defer server.Close()
			path := filepath.Join(t.TempDir(), "fw")
			f := fetcher()
			ctx, cancel := context.WithCancel(t.Context())
			f.Pause = time.Hour // the first attempt is the only one
			got := make(chan error)
			go func() {
				got <- f.File(ctx, Request{URL: server.URL, Path: path, Progress: func(have, _ int64) {
					if have == 5_000_000 {
						cancel()
					}
				}})
			}()
			if err := <-got; !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if err := tt.spoil(path + ".part"); err != nil {
				t.Fatal(err)
			}
			*s = store{content: want, etag: tt.etag, ranges: true}
			if err := fetcher().File(t.Context(), Request{URL: server.URL, Path: path}); err != nil {
				t.Fatal(err)
			}
			if b, err := os.ReadFile(path); !bytes.Equal(b, want) {
				t.Errorf("another content, %v", err)
			}
			if len(s.asked) != 1 || s.asked[0] != tt.want {
				t.Errorf("asked for %v, want %s", s.asked, tt.want)
			}
		})
	}
}

// A file with another SHA-256 is fetched once more from the beginning, and never gets its name.
func TestOtherSum(t *testing.T) { // R-AGT-13
	t.Parallel()
	s := &store{content: content(1000), etag: `"a"`, ranges: true}
	server := httptest.NewServer(s)
	defer server.Close()
	r := Request{URL: server.URL, Path: filepath.Join(t.TempDir(), "fw"), SHA256: sumOf(content(999))}
	err := fetcher().File(t.Context(), r)
	if err == nil || !strings.Contains(err.Error(), "SHA-256 "+sumOf(s.content)) || len(s.asked) != 2 {
		t.Errorf("got %v, asked %v", err, s.asked)
	}
	left, err := filepath.Glob(filepath.Dir(r.Path) + "/*")
	if len(left) != 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A URL that has expired is asked for again.
func TestRenew(t *testing.T) { // R-AGT-14
	t.Parallel()
	want := content(1000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "sig=new" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = w.Write(want)
	}))
	defer server.Close()
	r := Request{URL: server.URL + "?sig=old-secret", Path: filepath.Join(t.TempDir(), "fw")}
	if err := fetcher().File(t.Context(), r); err == nil || !strings.Contains(err.Error(), "403") ||
		strings.Contains(err.Error(), "secret") {
		t.Errorf("without a new one: got %v", err)
	}
	renewals := 0
	r.Renew = func(context.Context) (string, error) { renewals++; return server.URL + "?sig=new", nil }
	if err := fetcher().File(t.Context(), r); err != nil || renewals != 1 {
		t.Errorf("got %v after %d renewals", err, renewals)
	}
	r.Renew = func(context.Context) (string, error) { renewals++; return server.URL + "?sig=old", nil }
	if err := fetcher().File(t.Context(), r); err == nil || renewals != 2 {
		t.Errorf("refused again: got %v after %d renewals", err, renewals)
	}
}

// What another attempt cannot mend is an error at once; the rest is tried until patience ends.
func TestFailures(t *testing.T) { // R-AGT-12
	t.Parallel()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch r.URL.Path {
		case "/503":
			if asked == 3 {
				_, _ = io.WriteString(w, "late")
				return
			}
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/silent":
			_, _ = io.WriteString(w, "a")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	folder := t.TempDir()
	f := fetcher()
	for _, tt := range []struct {
		url, path, want string
		asked           int
		change          func()
	}{
		{server.URL + "/none?sig=secret", "a", "404", 1, nil},
		{server.URL + "/503", "b", "", 3, nil},
		{"://?secret", "c", "missing protocol scheme", 0, nil},
		{server.URL, ".", "is a folder", 0, nil},
		{server.URL, "none/a", "no such file or directory", 0, nil},
		{server.URL + "/silent", "d", "nothing came for 50ms", -1, func() { f.Idle, f.Patience = 50*time.Millisecond, 0 }},
	} {
		asked = 0
		if tt.change != nil {
			tt.change()
		}
		err := f.File(t.Context(), Request{URL: tt.url, Path: filepath.Join(folder, tt.path)})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %s", tt.url, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("says too much: %v", err)
		}
		if tt.asked >= 0 && asked != tt.asked {
			t.Errorf("%s: asked %d times, want %d", tt.url, asked, tt.asked)
		}
	}
}
