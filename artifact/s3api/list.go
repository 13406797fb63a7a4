package s3api

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"strconv"

	"github.com/aws/smithy-go/encoding/httpbinding"

	"github.com/drover-iot/drover/artifact"
)

// maxPage is how many objects, uploads or parts a page has at the most, as S3 has it.
const maxPage = 1000

// objectList is the answer of ListObjectsV2.
type objectList struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name, Prefix          string
	Delimiter             string `xml:",omitempty"`
	StartAfter            string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	MaxKeys, KeyCount     int
	IsTruncated           bool
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	Contents              []listed
	CommonPrefixes        []commonPrefix
}

// commonPrefix stands for all keys that begin with it, like a folder.
type commonPrefix struct{ Prefix string }

// listObjects answers ListObjectsV2. A continuation token is the key where the list goes on.
func (h *Handler) listObjects(w http.ResponseWriter, r request) error {
	query := r.URL.Query()
	if query.Get("list-type") != "2" {
		return fail("NotImplemented", "list-type must be 2")
	}
	limit, err := pageSize(query.Get("max-keys"))
	if err != nil {
		return err
	}
	encode, err := encoding(query.Get("encoding-type"))
	if err != nil {
		return err
	}
	q := artifact.Query{
		Prefix:    query.Get("prefix"),
		Delimiter: query.Get("delimiter"),
		Limit:     limit,
	}
	if after := query.Get("start-after"); after != "" {
		q.From = artifact.After(after)
	}
	token := query.Get("continuation-token")
	if token != "" {
		from, err := base64.URLEncoding.DecodeString(token)
		if err != nil {
			return fail("InvalidArgument", "continuation-token is not one that was answered")
		}
		q.From = string(from)
	}
	page, err := h.Store.List(r.Context(), q)
	if err != nil {
		return err
	}
	list := objectList{
		Name:              h.Bucket,
		Prefix:            encode(q.Prefix),
		Delimiter:         encode(q.Delimiter),
		StartAfter:        encode(query.Get("start-after")),
		EncodingType:      query.Get("encoding-type"),
		MaxKeys:           limit,
		KeyCount:          len(page.Objects) + len(page.Prefixes),
		IsTruncated:       page.Next != "" && limit > 0,
		ContinuationToken: token,
	}
	if list.IsTruncated {
		list.NextContinuationToken = base64.URLEncoding.EncodeToString([]byte(page.Next))
	}
	for _, info := range page.Objects {
		list.Contents = append(list.Contents, listedOf(info, encode))
	}
	for _, prefix := range page.Prefixes {
		list.CommonPrefixes = append(list.CommonPrefixes, commonPrefix{encode(prefix)})
	}
	writeXML(w, http.StatusOK, list)
	return nil
}

// pageSize reads how long a page shall be. A larger number is the largest.
func pageSize(text string) (int, error) {
	if text == "" {
		return maxPage, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fail("InvalidArgument", "%q must be a number of 0 or more", text)
	}
	return min(n, maxPage), nil
}

// encoding is how keys stand in a document: as they are, or as in an address, for those that XML
// cannot have.
func encoding(kind string) (func(string) string, error) {
	switch kind {
	case "":
		return func(key string) string { return key }, nil
	case "url":
		return func(key string) string { return httpbinding.EscapePath(key, false) }, nil
	}
	return nil, fail("InvalidArgument", "encoding-type must be url")
}

// uploadList is the answer of ListMultipartUploads.
type uploadList struct {
	XMLName     xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListMultipartUploadsResult"`
	Bucket      string
	MaxUploads  int
	IsTruncated bool
	// The last upload of a page that is not the last.
	NextKeyMarker      string `xml:",omitempty"`
	NextUploadIDMarker string `xml:"NextUploadIdMarker,omitempty"`
	EncodingType       string `xml:",omitempty"`
	Uploads            []listedUpload
}

type listedUpload struct {
	XMLName      xml.Name `xml:"Upload"`
	Key          string
	UploadID     string `xml:"UploadId"`
	Initiated    string
	StorageClass string
}

// listUploads answers ListMultipartUploads, without prefix and delimiter. The list goes on behind
// the upload that the two markers name; a key alone means behind all of its uploads.
func (h *Handler) listUploads(w http.ResponseWriter, r request) error {
	query := r.URL.Query()
	if query.Get("prefix") != "" || query.Get("delimiter") != "" {
		return fail("NotImplemented", "prefix and delimiter are not offered for uploads")
	}
	limit, err := pageSize(query.Get("max-uploads"))
	if err != nil {
		return err
	}
	encode, err := encoding(query.Get("encoding-type"))
	if err != nil {
		return err
	}
	after, id := query.Get("key-marker"), query.Get("upload-id-marker")
	if after != "" && id == "" {
		after = artifact.After(after)
	}
	// One more than asked for says whether there is another page.
	found, err := h.Store.Uploads(r.Context(), after, id, limit+1)
	if err != nil {
		return err
	}
	list := uploadList{
		Bucket:       h.Bucket,
		MaxUploads:   limit,
		EncodingType: query.Get("encoding-type"),
	}
	for _, u := range found[:min(len(found), limit)] {
		list.Uploads = append(list.Uploads, listedUpload{
			Key:          encode(u.Key),
			UploadID:     u.ID,
			Initiated:    text(u.Started),
			StorageClass: "STANDARD",
		})
	}
	if len(found) > limit && limit > 0 {
		list.IsTruncated = true
		list.NextKeyMarker, list.NextUploadIDMarker = encode(found[limit-1].Key), found[limit-1].ID
	}
	writeXML(w, http.StatusOK, list)
	return nil
}
