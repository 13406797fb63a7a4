// Package console is the web console: a page of scripts that calls the public API and what is below
// /_drover/, from the browser of an operator. The files are in web/, and there is no build step:
// what is checked in is what the browser loads. This package serves them and knows nothing of jobs.
// Start reading at Handler; of the page, at web/app.js.
package console

import (
	"net/http"
	"strings"
)

// Prefix is the path below which the files of the page are. The page itself is at "/".
const Prefix = "/_drover/console/web/"

// Handler serves the page and its files, to anybody: they hold nothing of the server (R-WEB-60).
type Handler struct {
	files  map[string]file // by path of the URL
	policy string          // the content security policy
}

// New returns the handler. An error means that the binary was built from damaged files.
func New() (*Handler, error) {
	files, err := load()
	if err != nil {
		return nil, err
	}
	policy, err := securityPolicy(files["/"].text)
	return &Handler{files, policy}, err
}

// Serves reports whether a request is for the page or one of its files. GET / with a signature is a
// request for S3, and one that is unsigned was never anybody's.
func (h *Handler) Serves(r *http.Request) bool {
	return r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, Prefix)
}

// ServeHTTP serves one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.secure(w.Header())
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	f, exists := h.files[r.URL.Path]
	if !exists {
		http.Error(w, "the console has no such file", http.StatusNotFound)
		return
	}
	f.serve(w, r)
}
