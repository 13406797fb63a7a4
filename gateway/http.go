package gateway

import (
	"crypto/x509"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/control"
	"github.com/drover-iot/drover/device/https"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/schema"
)

// The two planes share paths: GET /things/{thing}/jobs lists executions for an operator, and is
// GetPendingJobExecutions for a device. So a request is not routed by its path but by its
// credentials (R-WIRE-5). The caller is found out first, then its plane answers.

// maxBody is the largest request body that the control plane reads, in bytes. The device plane has
// a lower limit, https.MaxBody.
const maxBody = 1 << 20

// serverPath is the prefix of the paths that are not the vendor's. Those of operations belong to the
// control plane, as all others that an operator signs for (R-STR-6); the rest belongs to the server
// itself and to no plane.
const serverPath = "/_drover/"

// requestIDHeader is the header of every answer that holds the id of its request.
const requestIDHeader = "x-amzn-RequestId"

// HTTP is the handler of every HTTP listener, with TLS and without.
type HTTP struct {
	Control *control.Handler
	Device  *https.Handler
	// Server serves the paths below /_drover/ that are no operations. It checks its callers itself,
	// see OperatorAuth.AllowLocal.
	Server http.Handler
	// Sessions has operators sign in to the console; nil when there is none.
	Sessions  *Sessions
	Operators *OperatorAuth
	Devices   *DeviceAuth
	Bodies    *Bodies
	// WebSockets opens connections for MQTT.
	WebSockets *WebSockets
	// Artifacts serves what is signed for S3; nil when there is no store of artifacts.
	Artifacts *Artifacts
	// Console serves the web page, without credentials: what it shows it asks for as everybody does.
	Console Page
	Health
	// Metrics answers Prometheus; nil when another listener does.
	Metrics *Metrics
	// Traces follows requests; nil when nobody asks for that.
	Traces Traces
	Log    *slog.Logger

	// answering is the number of requests whose caller is known and whose body has been read.
	answering atomic.Int64
}

// Page is a web page.
type Page interface {
	http.Handler
	// Serves reports whether a request that is not signed is for the page or one of its files.
	Serves(*http.Request) bool
}

// ServeHTTP serves one request, and logs it with the id that its answer carries.
func (h *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now() // real time: it only goes into the log
	requestID := ids.Random{}.UUID()
	w.Header().Set(requestIDHeader, requestID)
	h.serveTraced(w, r)
	if !h.Log.Enabled(r.Context(), slog.LevelDebug) {
		return
	}
	// The path without the query, in which there may be a signature.
	h.Log.Debug("http request", "method", r.Method, "path", r.URL.Path, "request", requestID,
		"code", w.Header().Get("x-amzn-ErrorType"), "remote", r.RemoteAddr,
		"took", time.Since(started))
}

// route finds out who answers a request. Who calls is found out before the body is read (R-WIRE-29).
func (h *HTTP) route(w http.ResponseWriter, r *http.Request) {
	if probe := h.health(r.URL.Path); probe != nil {
		serveHealth(w, r, probe)
		return
	}
	if r.URL.Path == metricsPath && h.Metrics != nil {
		h.Metrics.ServeHTTP(w, r)
		return
	}
	if h.Console != nil && !hasSignature(r) && h.Console.Serves(r) {
		h.Console.ServeHTTP(w, r)
		return
	}
	if r.URL.Path == webSocketPath {
		h.serveWebSocket(w, r)
		return
	}
	if r.URL.Path == sessionPath && h.Sessions != nil {
		h.Sessions.ServeHTTP(w, r)
		return
	}
	if isForPlain(r.URL.Path) {
		h.servePlain(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, serverPath) && !h.Control.Knows(r.URL.EscapedPath()) {
		h.Server.ServeHTTP(w, r)
		return
	}
	switch leaf := clientCertificate(r.TLS); {
	case isForS3(r):
		h.serveArtifacts(w, r)
	case leaf != nil:
		h.serveCertified(w, r, leaf)
	case HasSession(r):
		h.serveSession(w, r)
	default:
		h.serveSigned(w, r)
	}
}

// hasSignature reports whether a request claims to be signed, in its headers or in its query.
func hasSignature(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || strings.Contains(r.URL.RawQuery, "X-Amz-") ||
		isVersion2(r)
}

// serveCertified serves a device. TLS has proved that it has the key of the certificate.
func (h *HTTP) serveCertified(w http.ResponseWriter, r *http.Request, leaf *x509.Certificate) {
	certificate, err := h.Devices.identifyLeaf(r.Context(), leaf)
	if err != nil {
		h.refuse(w, r, devicePlane, err)
		return
	}
	markIdentified(r)
	release := func() {}
	defer func() { release() }()
	read := func() (body []byte, err error) {
		body, release, err = h.Bodies.read(w, r, https.MaxBody, caller{certificate.ID, true})
		return body, err
	}
	h.answer(func() { h.Device.Serve(w, r, read, h.Devices.ForRequest(r, certificate.ID, leaf)) })
}

// serveSigned serves a caller without a certificate. An operator key may call operations of both
// planes.
func (h *HTTP) serveSigned(w http.ResponseWriter, r *http.Request) {
	signed, err := h.Operators.Begin(r)
	to := planeOf(false, signed.Service, r.Host)
	if err != nil {
		if instead := notByAuthorizer(r); instead != nil {
			err = instead
		}
		h.refuse(w, r, to, err)
		return
	}
	limit := int64(maxBody)
	if to == devicePlane {
		limit = https.MaxBody
	}
	body, release, err := h.Bodies.read(w, r, limit, signed.caller())
	defer release()
	if err == nil {
		err = signed.finish(body)
	}
	if err != nil {
		h.refuse(w, r, to, err)
		return
	}
	markIdentified(r)
	h.answer(func() { h.serveOperator(w, r, to, operator{signed.key, signed.Region}, body) })
}

// serveSession serves a page of the console. A session is for the control plane (R-WEB-11).
func (h *HTTP) serveSession(w http.ResponseWriter, r *http.Request) {
	session, err := h.Operators.session(r)
	if err != nil {
		h.refuse(w, r, controlPlane, err)
		return
	}
	whose := caller{id: session.key.AccessKeyID, proven: true}
	body, release, err := h.Bodies.read(w, r, maxBody, whose)
	defer release()
	if err != nil {
		h.refuse(w, r, controlPlane, err)
		return
	}
	as := operator{session.key, h.Operators.Scope.Region}
	h.answer(func() { h.serveOperator(w, r, controlPlane, as, body) })
}

// operator is who makes a request, and the region that it is made for.
type operator struct {
	key    Key
	region string
}

// serveOperator has a plane answer an operator.
func (h *HTTP) serveOperator(
	w http.ResponseWriter, r *http.Request, by plane, as operator, body []byte,
) {
	if by == devicePlane {
		h.Device.Serve(w, r, func() ([]byte, error) { return body, nil }, as.key.mayCallFor)
		return
	}
	ctx := control.WithCaller(r.Context(), control.Caller{
		Operator:  audit.Operator{KeyID: as.key.AccessKeyID, Name: as.key.Name},
		Source:    addressOf(r),
		RequestID: w.Header().Get(requestIDHeader),
	})
	if answering := h.Operators.Scope; answering.Relaxed {
		answering.Region = as.region
		ctx = control.WithScope(ctx, answering)
	}
	h.Control.Serve(ctx, w, r, body, as.key.mayCall)
}

// answer calls f, which answers a request.
func (h *HTTP) answer(f func()) {
	h.answering.Add(1)
	defer h.answering.Add(-1)
	f()
}

// Answering reports whether a request is being answered whose caller is known and has sent all of
// it.
func (h *HTTP) Answering() bool { return h.answering.Load() > 0 }

// refuse has a plane answer an error, and ends the connection: it is of no use to a caller without
// an identity. The device plane looks at the path first, so that an unknown one is answered as
// such.
func (h *HTTP) refuse(w http.ResponseWriter, r *http.Request, by plane, err error) {
	HangUp(w, r)
	if by == devicePlane {
		h.Device.Serve(w, r, nil, func(*schema.Description, string) error { return err })
		return
	}
	h.Control.Refuse(r.Context(), w, nil, err)
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
