package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/drover-iot/drover/artifact/s3api"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry/audit"
)

// The store of artifacts for the console, and for programs that speak no S3 (R-WEB-40). A caller has
// a session or has signed, as for an operation; that a program is on this machine is not enough. All
// is found out before the body is read, which may be gigabytes.

// artifactsPath is the path of the list of artifacts; each of them is below it, by its key.
const artifactsPath = serverPath + "artifacts"

// isForPlain reports whether a path is that of the list or of an artifact.
func isForPlain(path string) bool {
	return path == artifactsPath || strings.HasPrefix(path, artifactsPath+"/")
}

// servePlain serves the list and artifacts. Its time limits are those of s3api.
func (h *HTTP) servePlain(w http.ResponseWriter, r *http.Request) {
	if h.Artifacts == nil {
		HangUp(w, r)
		s3api.RefuseAllPlain(w)
		return
	}
	key, hash, err := h.Operators.beginPlain(r)
	if err != nil {
		h.Artifacts.Handler.RefusePlain(w, r, err)
		return
	}
	record := func(ctx context.Context, c s3api.PlainChange) error {
		if h.Artifacts.Record == nil {
			return nil
		}
		return h.Artifacts.Record(ctx, audit.Entry{
			Operator:  audit.Operator{KeyID: key.AccessKeyID, Name: key.Name},
			Source:    addressOf(r),
			Operation: operationOf(c),
			Resource:  "artifact/" + c.Key,
			RequestID: w.Header().Get(requestIDHeader),
			Before:    recordOf(c.Before),
			After:     recordOf(c.After),
		})
	}
	name := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, artifactsPath), "/")
	h.Artifacts.Handler.ServePlain(w, r, name, s3api.PlainCaller{Hash: hash, Record: record})
}

// beginPlain checks a request for an artifact or the list, all but its body. hash is the SHA-256
// that the signature says of the body; a session says none. Faults: those of Begin and of session,
// and Forbidden when the key's role does not allow it.
func (a *OperatorAuth) beginPlain(r *http.Request) (key Key, hash string, err error) {
	if HasSession(r) {
		s, err := a.session(r)
		if err != nil {
			return key, "", err
		}
		key = s.key
	} else {
		s, err := a.Begin(r)
		if err != nil {
			return key, "", err
		}
		if s.hash == "" { // the signature cannot be verified before all of the body is read
			return key, "", fault.New(fault.BadSignature,
				"sign the request with the hash of its body in x-amz-content-sha256")
		}
		key, hash = s.key, s.hash
	}
	markIdentified(r)
	return key, hash, key.may(r.Method+" of an artifact", roleOfArtifacts(r.Method))
}

// operationOf is what the record of a change is called.
func operationOf(c s3api.PlainChange) string {
	if c.After == nil {
		return "DeleteArtifact"
	}
	return "PutArtifact"
}

// recordOf is what a record says of an artifact; nothing for nil.
func recordOf(p *s3api.Plain) []byte {
	if p == nil {
		return nil
	}
	text, err := json.Marshal(struct {
		SHA256 string `json:"sha256,omitempty"`
		Size   int64  `json:"size"`
	}{p.SHA256, p.Size})
	if err != nil { // texts and numbers can be written
		panic(err)
	}
	return text
}
