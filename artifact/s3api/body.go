package s3api

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/drover-iot/drover/artifact"
)

const (
	// maxBody is the largest body of an object or a part, in bytes, as S3 has it.
	maxBody = 5 << 30
	// maxDocument is the largest XML document that is read: the list of 10,000 parts.
	maxDocument = 4 << 20
)

// body returns the body of a request, decoded. It ends with an error unless it is as long as the
// headers say, with the signatures and checksums that they promise. checks are those that the
// answer repeats.
func (h *Handler) body(
	w http.ResponseWriter, r request, limit int64,
) (body io.Reader, checks []check, err error) {
	size := r.ContentLength
	body = &incoming{r.Body, http.NewResponseController(w), &h.moved.received}
	if checks, err = headerChecks(r.Header); err != nil {
		return nil, nil, err
	}
	if r.Payload.IsHash() {
		c, err := hashCheck(string(r.Payload))
		if err != nil {
			return nil, nil, err
		}
		checks = append(checks, c)
	}
	if r.Payload.InChunks() {
		decoded := newChunked(body, r.Payload, r.Chunks)
		more, err := trailerChecks(r.Header.Get("X-Amz-Trailer"), decoded)
		if err != nil {
			return nil, nil, err
		}
		body, checks = decoded, append(checks, more...)
		if size, err = decodedLength(r.Header); err != nil {
			return nil, nil, err
		}
	}
	if size > limit {
		return nil, nil, tooLarge(limit)
	}
	return &checked{&sized{body, size, limit, 0}, checks}, checks, nil
}

// decodedLength is the length of a body without its chunks, -1 when it is not said.
func decodedLength(header http.Header) (int64, error) {
	text := header.Get("X-Amz-Decoded-Content-Length")
	if text == "" {
		return -1, nil
	}
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil || size < 0 {
		return 0, fail("InvalidRequest", "x-amz-decoded-content-length must be a number of bytes")
	}
	return size, nil
}

// trailerChecks are the checks that a trailer will bring, by the names that are promised.
func trailerChecks(promised string, body *chunked) (checks []check, err error) {
	for name := range strings.SplitSeq(promised, ",") {
		if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); name == "" {
			continue
		}
		c, err := newCheck(name, func() []byte {
			value, err := base64.StdEncoding.DecodeString(body.trailer.Get(name))
			if err != nil {
				return nil // equals no checksum
			}
			return value
		})
		if err != nil {
			return nil, err
		}
		checks = append(checks, c)
	}
	return checks, nil
}

// sized is a body that must have a size, or a limit when that is -1.
type sized struct {
	from        io.Reader
	size, limit int64
	read        int64 // so far
}

func (s *sized) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	s.read += int64(n)
	switch {
	case s.read > s.limit:
		return n, tooLarge(s.limit)
	case s.size >= 0 && s.read > s.size,
		errors.Is(err, io.EOF) && s.size >= 0 && s.read < s.size:
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

// tooLarge is the failure of a body that is longer than it may be.
func tooLarge(limit int64) error {
	return fail("EntityTooLarge", "the body has more than %d bytes", limit)
}

// document reads a body that is an XML document.
func (h *Handler) document(w http.ResponseWriter, r request, into any) error {
	body, _, err := h.body(w, r, maxDocument)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if err := xml.Unmarshal(text, into); err != nil {
		return fail("MalformedXML", "the body is not the XML document of this call: %v", err)
	}
	return nil
}

// storedHeaders are the headers that are stored with an object, besides those of users, which begin
// with X-Amz-Meta-.
var storedHeaders = []string{
	"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type",
	"Expires",
}

const (
	metaPrefix = "X-Amz-Meta-"
	// maxMeta is how long the headers of users may be together, in bytes, as S3 has it.
	maxMeta = 2048
)

// objectHeaders are the headers of a request that are stored with the object.
func objectHeaders(header http.Header) (map[string]string, error) {
	stored, size := map[string]string{}, 0
	for _, name := range storedHeaders {
		if value := header.Get(name); value != "" {
			stored[name] = value
		}
	}
	for name, values := range header {
		if strings.HasPrefix(name, metaPrefix) {
			stored[name] = strings.Join(values, ",")
			size += len(name) - len(metaPrefix) + len(stored[name])
		}
	}
	if size > maxMeta {
		return nil, fail("MetadataTooLarge", "the x-amz-meta- headers have %d bytes, at most %d "+
			"are allowed", size, maxMeta)
	}
	// The form in which the body came is no property of the object.
	var encodings []string
	for encoding := range strings.SplitSeq(stored["Content-Encoding"], ",") {
		if encoding = strings.TrimSpace(encoding); encoding != "" && encoding != "aws-chunked" {
			encodings = append(encodings, encoding)
		}
	}
	delete(stored, "Content-Encoding")
	if len(encodings) > 0 {
		stored["Content-Encoding"] = strings.Join(encodings, ",")
	}
	return stored, nil
}

// repeat writes the checksums that were checked into the headers of the answer, and the ETag.
func repeat(w http.ResponseWriter, etag string, checks []check) {
	for _, c := range checks {
		if strings.HasPrefix(c.name, checksumPrefix) {
			w.Header().Set(c.name, base64.StdEncoding.EncodeToString(c.want()))
		}
	}
	w.Header().Set("ETag", quoted(etag))
}

// quoted is an ETag as headers and documents have it.
func quoted(etag string) string { return `"` + etag + `"` }

// writeStored answers a call that has stored a body.
func writeStored(w http.ResponseWriter, etag string, checks []check) {
	extendWrite(w, 0)
	repeat(w, etag, checks)
	w.WriteHeader(http.StatusOK)
}

var _ io.ReadSeeker = (*artifact.Object)(nil)
