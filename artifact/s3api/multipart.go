package s3api

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"github.com/drover-iot/drover/artifact"
)

// maxParts is the highest number of a part, as S3 has it.
const maxParts = 10_000

// createdUpload is the answer of CreateMultipartUpload.
type createdUpload struct {
	XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ InitiateMultipartUploadResult"`
	Bucket   string
	Key      string
	UploadID string `xml:"UploadId"`
}

// createUpload answers CreateMultipartUpload. The headers of the object come with it, not with the
// parts.
func (h *Handler) createUpload(w http.ResponseWriter, r request) error {
	headers, err := writeHeaders(r)
	if err != nil {
		return err
	}
	id, err := h.Store.CreateUpload(r.Context(), r.key, headers)
	if err != nil {
		return err
	}
	writeXML(w, http.StatusOK, createdUpload{Bucket: h.Bucket, Key: r.key, UploadID: id})
	return nil
}

// uploadPart answers UploadPart. A part with the number of an earlier one takes its place, so a
// client may send one again.
func (h *Handler) uploadPart(w http.ResponseWriter, r request) error {
	query := r.URL.Query()
	number, err := strconv.Atoi(query.Get("partNumber"))
	if err != nil || number < 1 || number > maxParts {
		return fail("InvalidArgument", "partNumber must be a number from 1 to %d", maxParts)
	}
	body, checks, err := h.body(w, r, maxBody)
	if err != nil {
		return err
	}
	etag, err := h.Store.PutPart(r.Context(), r.key, query.Get("uploadId"), number, body)
	if err != nil {
		return err
	}
	writeStored(w, etag, checks)
	return nil
}

// completion is the body of CompleteMultipartUpload. Checksums of parts, which it may hold too,
// were checked when the parts came.
type completion struct {
	XMLName xml.Name `xml:"CompleteMultipartUpload"`
	Parts   []struct {
		PartNumber int
		ETag       string
	} `xml:"Part"`
}

// completed is the answer of CompleteMultipartUpload.
type completed struct {
	XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CompleteMultipartUploadResult"`
	Location string
	Bucket   string
	Key      string
	ETag     string
}

// completeUpload answers CompleteMultipartUpload. The parts have been checked when they came.
func (h *Handler) completeUpload(w http.ResponseWriter, r request) error {
	if _, err := writeHeaders(r); err != nil {
		return err
	}
	var asked completion
	if err := h.document(w, withoutChecksums(r), &asked); err != nil {
		return err
	}
	if len(asked.Parts) > maxParts {
		return fail("MalformedXML", "%d parts, at most %d are allowed", len(asked.Parts), maxParts)
	}
	var parts []artifact.PartName
	for _, p := range asked.Parts {
		parts = append(parts, artifact.PartName{
			Number: p.PartNumber,
			ETag:   strings.Trim(p.ETag, `"`),
		})
	}
	made, err := h.Store.Complete(r.Context(), r.key, r.URL.Query().Get("uploadId"), parts)
	if err != nil {
		return err
	}
	h.Log.Info("artifact stored", "key", r.key, "size", made.Size, "etag", made.ETag)
	writeXML(w, http.StatusOK, completed{
		Location: "/" + h.Bucket + "/" + r.key,
		Bucket:   h.Bucket,
		Key:      r.key,
		ETag:     quoted(made.ETag),
	})
	return nil
}

// withoutChecksums is a request to complete an upload without the checksum of the whole object,
// which is no checksum of its body. It is not compared: each part was checked by its own.
func withoutChecksums(r request) request {
	r.Request = r.Clone(r.Context())
	for name := range r.Header {
		if strings.HasPrefix(name, checksumPrefix) {
			r.Header.Del(name)
		}
	}
	return r
}

// abortUpload answers AbortMultipartUpload.
func (h *Handler) abortUpload(w http.ResponseWriter, r request) error {
	if err := h.Store.Abort(r.Context(), r.key, r.URL.Query().Get("uploadId")); err != nil {
		return err
	}
	extendWrite(w, 0)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// partList is the answer of ListParts, with which a client finds out where an upload goes on.
type partList struct {
	XMLName              xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListPartsResult"`
	Bucket, Key          string
	UploadID             string `xml:"UploadId"`
	MaxParts             int
	IsTruncated          bool
	NextPartNumberMarker int          `xml:",omitempty"`
	Parts                []listedPart `xml:"Part"`
}

type listedPart struct {
	PartNumber         int
	LastModified, ETag string
	Size               int64
}

// listParts answers ListParts, from behind the part that the marker names.
func (h *Handler) listParts(w http.ResponseWriter, r request) error {
	query := r.URL.Query()
	limit, err := pageSize(query.Get("max-parts"))
	if err != nil {
		return err
	}
	after := 0
	if text := query.Get("part-number-marker"); text != "" {
		if after, err = strconv.Atoi(text); err != nil {
			return fail("InvalidArgument", "part-number-marker must be a number")
		}
	}
	id := query.Get("uploadId")
	found, err := h.Store.Parts(r.Context(), r.key, id, after, limit+1)
	if err != nil {
		return err
	}
	list := partList{Bucket: h.Bucket, Key: r.key, UploadID: id, MaxParts: limit}
	for _, p := range found[:min(len(found), limit)] {
		list.Parts = append(list.Parts, listedPart{
			PartNumber:   p.Number,
			LastModified: text(p.Modified),
			ETag:         quoted(p.ETag),
			Size:         p.Size,
		})
	}
	if len(found) > limit && limit > 0 {
		list.IsTruncated, list.NextPartNumberMarker = true, found[limit-1].Number
	}
	writeXML(w, http.StatusOK, list)
	return nil
}
