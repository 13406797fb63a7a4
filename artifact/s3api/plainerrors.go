package s3api

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/drover-iot/drover/internal/fault"
)

// plainFailure is how plain calls say an error: with the codes of S3, as JSON.
type plainFailure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// signedOut are the codes and statuses by which a page learns that nobody is signed in. They are
// those of operations and not of S3 (R-WEB-11).
var signedOut = map[fault.Code]struct {
	code   string
	status int
}{
	fault.Unauthorized:  {"UnauthorizedException", http.StatusUnauthorized},
	fault.NoCredentials: {"MissingAuthenticationTokenException", http.StatusForbidden},
}

// RefusePlain answers an error of a plain call, as Refuse does for S3.
func (h *Handler) RefusePlain(w http.ResponseWriter, r *http.Request, err error) {
	f := h.refusal(w, r, err)
	if refused := fault.Of(err); refused != nil {
		if out, is := signedOut[refused.Code]; is {
			writePlainFailure(w, out.status, plainFailure{out.code, f.message})
			return
		}
	}
	writePlainFailure(w, statuses[f.code], plainFailure{f.code, f.message})
}

// RefuseAllPlain answers a plain call to a server that has no store of artifacts.
func RefuseAllPlain(w http.ResponseWriter) {
	writePlainFailure(w, statuses[noStore.code], plainFailure{noStore.code, noStore.message})
}

func writePlainFailure(w http.ResponseWriter, status int, f plainFailure) {
	protect(w)
	forgetObject(w)
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, status, f)
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
