package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

// below is the path of a file of the page.
func (h *Handler) below(t *testing.T, name string) string {
	t.Helper()
	for url := range h.files {
		if strings.HasPrefix(url, Prefix) && strings.HasSuffix(url, "/"+name) {
			return url
		}
	}
	t.Fatalf("there is no file %s", name)
	return ""
}

func newHandler(t *testing.T) *Handler {
	t.Helper()
	h, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// ask sends a request with a header or without.
func ask(h http.Handler, method, path, header, value string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	if header != "" {
		r.Header.Set(header, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// R-WEB-61: the policy names the import map by its hash, and allows nothing else that is inline.
func TestSecurityPolicy(t *testing.T) {
	t.Parallel()
	h := newHandler(t)
	answer := ask(h, "GET", "/", "", "")
	text := answer.Body.Bytes()
	policy := answer.Header().Get("Content-Security-Policy")
	scripts := regexp.MustCompile(`(?s)<script[^>]*>(.*?)</script>`).FindAllSubmatch(text, -1)
	var inline int
	for _, script := range scripts {
		if len(script[1]) == 0 {
			continue
		}
		inline++
		hash := sha256.Sum256(script[1])
		if want := "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"; !strings.Contains(policy, want) {
			t.Errorf("the policy %q does not allow the script %s", policy, script[1])
		}
	}
	if inline != 1 {
		t.Errorf("%d scripts stand in the page, want the import map only", inline)
	}
	for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy %q lacks %s", policy, part)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy %q allows what is unsafe", policy)
	}
	for _, path := range []string{"/", h.below(t, "app.js"), Prefix + "nothing.js"} {
		header := ask(h, "GET", path, "", "").Header()
		for name, want := range map[string]string{
			"Content-Security-Policy":    policy,
			"X-Content-Type-Options":     "nosniff",
			"X-Frame-Options":            "DENY",
			"Referrer-Policy":            "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

// R-WEB-62: compressed, with a tag, and asked for again.
func TestFilesAreCompressedAndTagged(t *testing.T) {
	t.Parallel()
	h := newHandler(t)
	app := h.below(t, "app.js")
	plain := ask(h, "GET", app, "", "")
	want := plain.Body.Bytes()
	packed := ask(h, "GET", app, "Accept-Encoding", "br, gzip")
	if got := packed.Header().Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding is %q", got)
	}
	unpacked, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(unpacked); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the compressed file differs: %v", err)
	}
	tag := plain.Header().Get("ETag")
	again := ask(h, "GET", app, "If-None-Match", tag)
	if again.Code != http.StatusNotModified || len(again.Body.Bytes()) != 0 {
		t.Errorf("with its own tag the file is answered with %d", again.Code)
	}
	if got := ask(h, "GET", app, "If-None-Match", `"other"`).Code; got != 200 {
		t.Errorf("with another tag the file is answered with %d", got)
	}
	if got := plain.Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("Cache-Control of a file is %q", got)
	}
	if got := ask(h, "GET", "/", "", "").Header().Get("Cache-Control"); got != "no-cache" {
		t.Errorf("Cache-Control of the page is %q", got)
	}
	head := ask(h, "HEAD", "/", "", "")
	if len(head.Body.Bytes()) != 0 || head.Header().Get("Content-Length") == "" {
		t.Error("HEAD has a body or no length")
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	h := newHandler(t)
	for _, row := range []struct {
		method, path string
		status       int
	}{
		{"POST", "/", 405},
		{"GET", Prefix, 404},
		{"GET", Prefix + "../policy.go", 404},
		{"GET", Prefix + "index.html", 404}, // the page has one address
	} {
		if got := ask(h, row.method, row.path, "", "").Code; got != row.status {
			t.Errorf("%s %s: %d, want %d", row.method, row.path, got, row.status)
		}
	}
}

// named finds the files that a script names, and the names of the import map that it imports.
var named = regexp.MustCompile(`['"](\.{1,2}/[^'"]+\.js)['"]|from ['"]([a-z/]+)['"]`)

// Every file that the page or a script names is there (R-WEB-60).
func TestNoFileIsMissing(t *testing.T) {
	t.Parallel()
	h := newHandler(t)
	page := string(h.files["/"].text)
	var found int
	for _, match := range regexp.MustCompile(`"(/_drover/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		found++
		if _, exists := h.files[match[1]]; !exists {
			t.Errorf("the page names %s, which does not exist", match[1])
		}
	}
	for url, f := range h.files {
		if path.Ext(url) != ".js" || strings.Contains(url, "/lib/") {
			continue
		}
		for _, match := range named.FindAllSubmatch(f.text, -1) {
			file, name := string(match[1]), string(match[2])
			found++
			if _, exists := h.files[path.Join(path.Dir(url), file)]; file != "" && !exists {
				t.Errorf("%s imports %s, which does not exist", url, file)
			}
			if name != "" && !strings.Contains(page, `"`+name+`":`) {
				t.Errorf("%s imports %s, which the import map does not have", url, name)
			}
		}
	}
	for _, name := range []string{"app.js", "lib/preact-hooks.js", "job/overview.js", "parts/status.js"} {
		if !strings.Contains(page, `<link rel="modulepreload" href="`+h.below(t, name)+`">`) {
			t.Errorf("%s is not asked for at once", name)
		}
	}
	if found < 20 {
		t.Errorf("only %d names of files found", found)
	}
}

// R-WEB-60: the page asks no other host, and no script is made from text.
func TestFilesNameNoOtherHost(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`https?://[a-z]|\beval\(|new Function|innerHTML`)
	for url, f := range newHandler(t).files {
		if strings.Contains(url, "/lib/") {
			continue
		}
		text := strings.ReplaceAll(string(f.text), "http://www.w3.org/2000/svg", "")
		if found := forbidden.FindString(text); found != "" {
			t.Errorf("%s has %q", url, found)
		}
	}
}
