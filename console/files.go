package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
)

//go:embed web
var web embed.FS

// page is the name of the file that is served at "/".
const page = "web/index.html"

// file is one file of the page, compressed once.
type file struct {
	text        []byte
	compressed  []byte // by gzip
	contentType string
	tag         string // the ETag: a quoted hash of text
	cache       string // the header Cache-Control
}

// contentTypes are those of the files, by the ends of their names. A file of another kind is an error.
var contentTypes = map[string]string{
	".html":    "text/html; charset=utf-8",
	".css":     "text/css; charset=utf-8",
	".js":      "text/javascript; charset=utf-8",
	".svg":     "image/svg+xml",
	".LICENSE": "text/plain; charset=utf-8",
}

// load returns the files by the paths of their URLs. The address of each but the page has a hash of
// all of them in it, so a browser may keep them for ever, and a server that was upgraded has new ones.
func load() (map[string]file, error) {
	texts, names, err := read()
	if err != nil {
		return nil, err
	}
	hash := sha256.New()
	for _, name := range names {
		fmt.Fprintf(hash, "%s %d\n%s", name, len(texts[name]), texts[name])
	}
	below := Prefix + hex.EncodeToString(hash.Sum(nil))[:16] + "/"
	files := map[string]file{}
	for _, name := range names {
		url := below + strings.TrimPrefix(name, "web/")
		text := texts[name]
		if name == page {
			url, text = "/", completePage(text, below, texts)
		}
		if files[url], err = newFile(name, text); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// read returns the texts of the files by their names, and the names in order.
func read() (texts map[string][]byte, names []string, err error) {
	texts = map[string][]byte{}
	err = fs.WalkDir(web, "web", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
			texts[name], err = web.ReadFile(name)
		}
		return err
	})
	return texts, names, err
}

// first are the modules that are asked for at once: those of the pages that are opened first.
var first = []string{"web/app.js", "web/pages/jobs.js", "web/pages/job.js"}

// completePage puts the address of the files into the page, and has the browser ask for the first
// modules and for all that they import at once: otherwise it would find out by and by which there are.
func completePage(text []byte, below string, texts map[string][]byte) []byte {
	var preloads strings.Builder
	for _, name := range slices.Sorted(maps.Keys(imported(texts, first))) {
		fmt.Fprintf(&preloads, "<link rel=\"modulepreload\" href=\"%s\">\n",
			below+strings.TrimPrefix(name, "web/"))
	}
	text = bytes.Replace(text, []byte("<!-- modules -->\n"), []byte(preloads.String()), 1)
	return bytes.ReplaceAll(text, []byte(`"web/`), []byte(`"`+below))
}

// imports finds what a module imports: files, and the names of libraries.
var imports = regexp.MustCompile(`(?m)^(?:import|export) .* from '([^']+)'`)

// libraries are the files of the names in the import map that modules import at their beginning.
var libraries = map[string]string{
	"preact":       "web/lib/preact.js",
	"preact/hooks": "web/lib/preact-hooks.js",
	"htm":          "web/lib/htm.js",
}

// imported are modules, what they import, and what that imports.
func imported(texts map[string][]byte, modules []string) map[string]bool {
	found := map[string]bool{}
	var follow func(name string)
	follow = func(name string) {
		if found[name] {
			return
		}
		found[name] = true
		for _, match := range imports.FindAllSubmatch(texts[name], -1) {
			if library, named := libraries[string(match[1])]; named {
				found[library] = true
			} else {
				follow(path.Join(path.Dir(name), string(match[1])))
			}
		}
	}
	for _, name := range modules {
		follow(name)
	}
	return found
}

// newFile prepares one file.
func newFile(name string, text []byte) (f file, err error) {
	kind, known := contentTypes[path.Ext(name)]
	if !known {
		return f, fmt.Errorf("%s: a file of the console has one of the known endings", name)
	}
	var compressed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		return f, err
	}
	if _, err := writer.Write(text); err != nil {
		return f, err
	}
	if err := writer.Close(); err != nil {
		return f, err
	}
	hash := sha256.Sum256(text)
	cache := "public, max-age=31536000, immutable"
	if name == page {
		cache = "no-cache" // may be stored, and is asked for again
	}
	return file{
		text:        text,
		compressed:  compressed.Bytes(),
		contentType: kind,
		tag:         `"` + hex.EncodeToString(hash[:12]) + `"`,
		cache:       cache,
	}, nil
}

// serve answers a GET or HEAD request with the file (R-WEB-62).
func (f file) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", f.contentType)
	header.Set("Cache-Control", f.cache)
	header.Set("ETag", f.tag)
	header.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("If-None-Match"), f.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.text
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		body = f.compressed
	}
	header.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the browser may be gone
	}
}
