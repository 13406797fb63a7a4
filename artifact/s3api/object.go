package s3api

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/artifact"
)

// putObject answers PutObject. The answer is sent when the object is on stable storage.
func (h *Handler) putObject(w http.ResponseWriter, r request) error {
	headers, err := writeHeaders(r)
	if err != nil {
		return err
	}
	body, checks, err := h.body(w, r, maxBody)
	if err != nil {
		return err
	}
	made, err := h.Store.Put(r.Context(), r.key, headers, body)
	if err != nil {
		return err
	}
	h.Log.Info("artifact stored", "key", r.key, "size", made.Size, "sha256", made.ETag)
	writeStored(w, made.ETag, checks)
	return nil
}

// writeHeaders are the headers that are stored with the object of a request. A condition on what is
// replaced is refused: to ignore it would replace what the caller wants to be kept.
func writeHeaders(r request) (map[string]string, error) {
	for _, name := range []string{"If-Match", "If-None-Match"} {
		if r.Header.Get(name) != "" {
			return nil, fail("NotImplemented", "%s is not offered for what is written", name)
		}
	}
	return objectHeaders(r.Header)
}

// getObject answers GetObject and HeadObject. Ranges and conditions are those of net/http
// (R-ART-14).
func (h *Handler) getObject(w http.ResponseWriter, r request) error {
	query := r.URL.Query()
	if query.Has("partNumber") {
		return fail("NotImplemented", "a part of an object is not offered; ask for a range")
	}
	o, err := h.Store.Open(r.Context(), r.key)
	if err != nil {
		return err
	}
	defer o.Close()
	header := w.Header()
	header.Set("Content-Type", "binary/octet-stream")
	header.Set("Cache-Control", "immutable")
	for name, value := range o.Headers {
		if strings.HasPrefix(name, metaPrefix) {
			name = strings.ToLower(name) // as S3 has it: some clients show the name as it came
		}
		header[name] = []string{value}
	}
	for _, name := range storedHeaders {
		if value := query.Get("response-" + strings.ToLower(name)); value != "" {
			header.Set(name, value)
		}
	}
	return h.send(w, r, o)
}

// send sends an object, after the headers that say what it is were set.
func (h *Handler) send(w http.ResponseWriter, r request, o *artifact.Object) error {
	noReadLimit(w)
	header := w.Header()
	header.Set("ETag", quoted(o.ETag))
	if header.Get("Content-Encoding") != "" { // otherwise net/http says how long it is
		header.Set("Content-Length", strconv.FormatInt(o.Size, 10))
	}
	d := &download{
		ResponseWriter: w,
		request:        r.Request,
		rates:          h.Rates.begin(addressOf(r.Request)),
		next:           leastChunk,
		sent:           &h.moved.sent,
	}
	defer d.rates.end()
	http.ServeContent(d, r.Request, "", o.Modified, o)
	switch d.refused {
	case http.StatusPreconditionFailed:
		return fail("PreconditionFailed", "the object is not the one that the conditions name")
	case http.StatusRequestedRangeNotSatisfiable:
		return fail("InvalidRange", "the range is not within the %d bytes of the object", o.Size)
	}
	return nil
}

// deleteObject answers DeleteObject. That there is no such object is no error in S3.
func (h *Handler) deleteObject(w http.ResponseWriter, r request) error {
	if err := h.Store.Delete(r.Context(), r.key); err != nil {
		return err
	}
	h.Log.Info("artifact deleted", "key", r.key)
	extendWrite(w, 0)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// maxDeleted is how many objects one DeleteObjects names at the most, as S3 has it.
const maxDeleted = 1000

// deletion is the body of DeleteObjects. A quiet one is answered with errors only.
type deletion struct {
	XMLName xml.Name `xml:"Delete"`
	Quiet   bool
	Objects []struct{ Key, VersionID string } `xml:"Object"`
}

// deleted is the answer of DeleteObjects.
type deleted struct {
	XMLName xml.Name        `xml:"http://s3.amazonaws.com/doc/2006-03-01/ DeleteResult"`
	Deleted []deletedObject `xml:"Deleted"`
	Errors  []deleteError   `xml:"Error"`
}

type deletedObject struct{ Key string }

type deleteError struct{ Key, Code, Message string }

// deleteObjects answers DeleteObjects. Each object is deleted by itself, so that one that cannot be
// does not keep the others.
func (h *Handler) deleteObjects(w http.ResponseWriter, r request) error {
	var asked deletion
	if err := h.document(w, r, &asked); err != nil {
		return err
	}
	if len(asked.Objects) == 0 || len(asked.Objects) > maxDeleted {
		return fail("MalformedXML", "%d objects are named, it must be 1 to %d",
			len(asked.Objects), maxDeleted)
	}
	var done deleted
	for _, o := range asked.Objects {
		if err := h.Store.Delete(r.Context(), o.Key); err != nil {
			h.Log.Error("delete artifact", "key", o.Key, "err", err)
			done.Errors = append(done.Errors, deleteError{o.Key, "InternalError", "not deleted"})
			continue
		}
		h.Log.Info("artifact deleted", "key", o.Key)
		if !asked.Quiet {
			done.Deleted = append(done.Deleted, deletedObject{o.Key})
		}
	}
	writeXML(w, http.StatusOK, done)
	return nil
}

// listed is an object in a list. Clients expect a storage class, and there is one only.
type listed struct {
	Key, LastModified, ETag string
	Size                    int64
	StorageClass            string
}

func listedOf(info artifact.Info, encode func(string) string) listed {
	return listed{
		Key:          encode(info.Key),
		LastModified: text(info.Modified),
		ETag:         quoted(info.ETag),
		Size:         info.Size,
		StorageClass: "STANDARD",
	}
}

// text is a time as documents have it.
func text(t time.Time) string { return t.UTC().Format(timeForm) }
