package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
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
}

// contentTypes are those of the files, by the ends of their names. A file of another kind is an error.
var contentTypes = map[string]string{
	".html":    "text/html; charset=utf-8",
	".css":     "text/css; charset=utf-8",
	".js":      "text/javascript; charset=utf-8",
	".svg":     "image/svg+xml",
	".LICENSE": "text/plain; charset=utf-8",
}

// load returns the files by the paths of their URLs.
func load() (map[string]file, error) {
	files := map[string]file{}
	err := fs.WalkDir(web, "web", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := web.ReadFile(name)
		if err != nil {
			return err
		}
		url := Prefix + strings.TrimPrefix(name, "web/")
		if name == page {
			url = "/"
		}
		files[url], err = newFile(name, text)
		return err
	})
	return files, err
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
	return file{
		text:        text,
		compressed:  compressed.Bytes(),
		contentType: kind,
		tag:         `"` + hex.EncodeToString(hash[:12]) + `"`,
	}, nil
}

// serve answers a GET or HEAD request with the file (R-WEB-62).
func (f file) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", f.contentType)
	header.Set("Cache-Control", "no-cache") // may be stored, and is asked for again
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
