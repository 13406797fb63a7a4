package s3api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/artifact"
	"github.com/drover-iot/drover/internal/sigv4"
)

// The console does not speak S3: its answers are XML, and a browser has no signature. So the store
// has plain paths, too (R-WEB-40): a list as JSON, and for each artifact GET, HEAD, PUT and DELETE.
// How bytes come in and go out is the same as for S3.

// PlainCaller is what is known of who makes a plain call. Package gateway has found out that it may.
type PlainCaller struct {
	// Hash is the SHA-256 that the body must have, in hexadecimal; empty for any.
	Hash string
	// Record records what the call has changed. It is called after the change.
	Record func(context.Context, PlainChange) error
}

// PlainChange is what a plain call has changed: an artifact is stored, or removed.
type PlainChange struct {
	Key           string
	Before, After *Plain // Before is nil for what is stored, After for what is removed
}

// Plain is what plain calls say of an artifact.
type Plain struct {
	Key  string `json:"key"`
	Size int64  `json:"size"`
	// SHA256 is empty when it is not known: the artifact came in parts, from a client that has not
	// said what it is.
	SHA256       string    `json:"sha256,omitempty"`
	LastModified time.Time `json:"lastModified"`
}

// plainList is the answer to a GET of the list.
type plainList struct {
	Bucket    string  `json:"bucket"`
	Artifacts []Plain `json:"artifacts"`
	NextToken string  `json:"nextToken,omitempty"`
}

const (
	// plainPage is how many artifacts a plain list has when the caller does not say it.
	plainPage = 100
	// sumHeader is the header in which clients say what the SHA-256 of an artifact is that comes in
	// parts (R-ART-12).
	sumHeader = metaPrefix + "Sha256"
)

// ServePlain answers a plain call. An empty key is the list.
func (h *Handler) ServePlain(w http.ResponseWriter, r *http.Request, key string, c PlainCaller) {
	call := request{Request: r, Caller: Caller{Payload: sigv4.Payload(c.Hash)}, key: key}
	if err := h.servePlain(w, call, c); err != nil {
		h.RefusePlain(w, r, err)
	}
}

// servePlain finds out what is asked for, and answers it. An error means that nothing was answered.
func (h *Handler) servePlain(w http.ResponseWriter, r request, c PlainCaller) error {
	protect(w)
	w.Header().Set("Cache-Control", "no-store")
	if err := checkKey(r.key); err != nil {
		return err
	}
	on := object
	if r.key == "" {
		on = bucket
	}
	for _, call := range plainCalls {
		if call.method == r.Method && call.on == on {
			return call.answer(h, w, r, c)
		}
	}
	w.Header().Set("Allow", "GET, HEAD, PUT, DELETE")
	return fail("MethodNotAllowed", "%s is not offered here", r.Method)
}

// plainCalls are the plain calls.
var plainCalls = []struct {
	method string
	on     level
	answer func(*Handler, http.ResponseWriter, request, PlainCaller) error
}{
	{"GET", bucket, (*Handler).plainList},
	{"GET", object, (*Handler).plainGet},
	{"HEAD", object, (*Handler).plainGet},
	{"PUT", object, (*Handler).plainPut},
	{"DELETE", object, (*Handler).plainDelete},
}

// plainList answers with a page of the list.
func (h *Handler) plainList(w http.ResponseWriter, r request, _ PlainCaller) error {
	query := r.URL.Query()
	limit := plainPage
	if text := query.Get("maxResults"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxPage {
			return fail("InvalidArgument", "maxResults: %q must be a number of 1 to %d", text, maxPage)
		}
		limit = n
	}
	from, err := base64.URLEncoding.DecodeString(query.Get("nextToken"))
	if err != nil {
		return fail("InvalidArgument", "nextToken is not one that was answered")
	}
	page, err := h.Store.List(r.Context(), artifact.Query{
		Prefix: query.Get("prefix"),
		From:   string(from),
		Limit:  limit,
	})
	if err != nil {
		return err
	}
	list := plainList{
		Bucket:    h.Bucket,
		Artifacts: make([]Plain, 0, len(page.Objects)),
		NextToken: base64.URLEncoding.EncodeToString([]byte(page.Next)),
	}
	for _, info := range page.Objects {
		if inParts(info) {
			whole, err := h.Store.Find(r.Context(), info.Key) // lists have no headers
			if errors.Is(err, artifact.ErrNotFound) {         // it was removed since
				continue
			}
			if err != nil {
				return err
			}
			info = whole
		}
		list.Artifacts = append(list.Artifacts, plainOf(info))
	}
	writeJSON(w, http.StatusOK, list)
	return nil
}

// inParts reports whether an object came in parts. Then its ETag is not the SHA-256 of its bytes.
func inParts(info artifact.Info) bool { return strings.Contains(info.ETag, "-") }

// plainOf is what plain calls say of an object with its headers.
func plainOf(info artifact.Info) Plain {
	sum := info.ETag
	if inParts(info) {
		sum = strings.ToLower(info.Headers[sumHeader])
		if text, err := hex.DecodeString(sum); err != nil || len(text) != sha256.Size {
			sum = ""
		}
	}
	return Plain{Key: info.Key, Size: info.Size, SHA256: sum, LastModified: info.Modified}
}

// plainGet sends an artifact as a file to be saved: never as what it says that it is, since it has
// the origin of the console (R-WEB-43).
func (h *Handler) plainGet(w http.ResponseWriter, r request, _ PlainCaller) error {
	o, err := h.Store.Open(r.Context(), r.key)
	if err != nil {
		return err
	}
	defer o.Close()
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{
		"filename": path.Base(r.key),
	}))
	return h.send(w, r, o)
}

// plainPut stores the body as an artifact. The answer is sent when it is on stable storage.
func (h *Handler) plainPut(w http.ResponseWriter, r request, c PlainCaller) error {
	if r.ContentLength < 0 {
		return fail("MissingContentLength", "the length of the body must be said in Content-Length")
	}
	headers, err := writeHeaders(r)
	if err != nil {
		return err
	}
	body, _, err := h.body(w, r, maxBody)
	if err != nil {
		return err
	}
	made, err := h.Store.Put(r.Context(), r.key, headers, body)
	if err != nil {
		return err
	}
	h.Log.Info("artifact stored", "key", r.key, "size", made.Size, "sha256", made.ETag)
	stored := plainOf(made)
	if err := record(r, c, PlainChange{Key: r.key, After: &stored}); err != nil {
		return fmt.Errorf("record that artifact %s is stored: %w", r.key, err)
	}
	writeJSON(w, http.StatusOK, stored)
	return nil
}

// plainDelete removes an artifact. That there is none is an error here: whoever removes it by hand
// has named it wrongly, or somebody else was first.
func (h *Handler) plainDelete(w http.ResponseWriter, r request, c PlainCaller) error {
	removed, err := h.Store.Remove(r.Context(), r.key)
	if err != nil {
		return err
	}
	h.Log.Info("artifact deleted", "key", r.key)
	before := plainOf(removed)
	if err := record(r, c, PlainChange{Key: r.key, Before: &before}); err != nil {
		return fmt.Errorf("record that artifact %s is removed: %w", r.key, err)
	}
	extendWrite(w, 0)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// recordTime is how long a record of what was changed may take. Its caller may be gone by then.
const recordTime = 30 * time.Second

func record(r request, c PlainCaller, change PlainChange) error {
	if c.Record == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), recordTime)
	defer cancel()
	return c.Record(ctx, change)
}
