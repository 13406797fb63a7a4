package gateway

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/drover-iot/drover/control"
	"github.com/drover-iot/drover/device/https"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/internal/sigv4"
)

// The two planes share paths: GET /things/{thing}/jobs lists executions for an operator, and is
// GetPendingJobExecutions for a device. So a request is not routed by its path but by its
// credentials (R-WIRE-5). The caller is found out first, then its plane answers.

// maxBody is the largest request body that is read, in bytes. The device plane has a lower limit of
// its own.
const maxBody = 1 << 20

// serverPath is the prefix of the paths that belong to the server itself and to no plane.
const serverPath = "/_drover/"

// HTTP is the handler of every HTTP listener, with TLS and without.
type HTTP struct {
	Control *control.Handler
	Device  *https.Handler
	// Server serves the paths below /_drover/. It checks its callers itself, see
	// OperatorAuth.AllowLocal.
	Server    http.Handler
	Operators *OperatorAuth
	Devices   *DeviceAuth
	Log       *slog.Logger
}

// ServeHTTP serves one request. The body is read first, because a signature covers it.
func (h *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now() // real time: it only goes into the log
	requestID := ids.Random{}.UUID()
	w.Header().Set("x-amzn-RequestId", requestID)
	if strings.HasPrefix(r.URL.Path, serverPath) {
		h.Server.ServeHTTP(w, r)
		return
	}
	body, err := ReadBody(w, r, maxBody)
	switch leaf := clientCertificate(r.TLS); {
	case err != nil:
		signature, _ := sigv4.Parse(r) // an error does not matter: it only names the plane
		h.refuse(w, r, planeOf(leaf != nil, signature.Service, r.Host), err)
	case leaf != nil:
		h.Device.Serve(w, r, body, h.Devices.ForRequest(r, leaf))
	default:
		h.serveSigned(w, r, body)
	}
	h.Log.Debug("http request", "method", r.Method, "path", r.URL.Path, "request", requestID,
		"took", time.Since(started))
}

// serveSigned serves a caller without a certificate. An operator key may call every operation of
// both planes.
func (h *HTTP) serveSigned(w http.ResponseWriter, r *http.Request, body []byte) {
	signature, err := h.Operators.Verify(r, body)
	to := planeOf(false, signature.Service, r.Host)
	switch {
	case err != nil:
		h.refuse(w, r, to, err)
	case to == devicePlane:
		h.Device.Serve(w, r, body, func(string, string) error { return nil })
	default:
		ctx := r.Context()
		if answering := h.Operators.Scope; answering.Relaxed {
			answering.Region = signature.Region
			ctx = control.WithScope(ctx, answering)
		}
		h.Control.Serve(ctx, w, r, body)
	}
}

// refuse has a plane answer an error. The device plane looks at the path first, so that an unknown
// one is answered as such.
func (h *HTTP) refuse(w http.ResponseWriter, r *http.Request, by plane, err error) {
	if by == devicePlane {
		h.Device.Serve(w, r, nil, func(string, string) error { return err })
		return
	}
	h.Control.Refuse(r.Context(), w, nil, err)
}

// ReadBody reads a request body of at most limit bytes. Faults: TooLarge; Invalid when it cannot be
// read, for instance because the caller is gone.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, fault.New(fault.TooLarge, "the body has more than %d bytes", limit)
	case err != nil:
		return nil, fault.New(fault.Invalid, "the body could not be read")
	}
	return body, nil
}

// plane is one of the two sets of operations that share the HTTP listeners.
type plane byte

const (
	controlPlane plane = iota // for operators
	devicePlane               // for devices
)

// planeOf says which plane a request is for (R-WIRE-5). A client certificate means the device plane
// and wins over a signature (R-HTTP-32). Otherwise the service in the signature's scope decides. A
// request without any is refused, and the host that it was sent to says in which form: that of the
// device plane for jobs.iot.us-east-1.amazonaws.com, that of the control plane for localhost.
func planeOf(certificate bool, service, host string) plane {
	switch {
	case certificate,
		service == serviceDevice,
		service == "" && strings.Contains(host, "jobs.iot."):
		return devicePlane
	}
	return controlPlane
}
