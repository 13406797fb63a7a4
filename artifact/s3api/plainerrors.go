package s3api

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// plainFailure is how plain calls say an error: with the codes of S3, as JSON.
type plainFailure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// RefusePlain answers an error of a plain call, as Refuse does for S3.
func (h *Handler) RefusePlain(w http.ResponseWriter, r *http.Request, err error) {
	writePlainFailure(w, h.refusal(w, r, err))
}

// RefuseAllPlain answers a plain call to a server that has no store of artifacts.
func RefuseAllPlain(w http.ResponseWriter) { writePlainFailure(w, &noStore) }

func writePlainFailure(w http.ResponseWriter, f *failure) {
	protect(w)
	forgetObject(w)
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, statuses[f.code], plainFailure{f.code, f.message})
}

// writeJSON answers with a JSON text. net/http sends no body for a HEAD.
func writeJSON(w http.ResponseWriter, status int, body any) {
	extendWrite(w, 0)
	text, err := json.Marshal(body)
	if err != nil { // all of them are structs of this package, which can be written
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", fmt.Sprint(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client may be gone
}
