package app

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/drover-iot/drover/control"
	"github.com/drover-iot/drover/device/https"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/internal/sigv4"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/registry"
)

// maxBody is the largest request body that is read. The device plane's own limit is lower.
const maxBody = 1 << 20

// front is the door of every HTTP listener: it settles who calls, then hands the request to a plane. A client
// certificate or a signature for iot-jobs-data means the device plane, a signature for iot the control plane
// (R-WIRE-5).
type front struct {
	control *control.Handler
	device  *https.Handler
	clock   http.Handler
	gate    *gate
	keys    *Keys
	scope   registry.Scope
	log     *slog.Logger
}

// The service names in a signature's scope (R-WIRE-3, R-HTTP-2).
const (
	serviceControl       = "iot"
	serviceControlLegacy = "execute-api"
	serviceDevice        = "iot-jobs-data"
)

// ServeHTTP serves one request.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now() // real time: it only goes into the log
	requestID := ids.Random{}.UUID()
	w.Header().Set("x-amzn-RequestId", requestID)
	if strings.HasPrefix(r.URL.Path, "/_drover/") {
		f.clock.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	switch {
	case err != nil:
		f.unread(w, r, unreadable(err))
	case r.TLS != nil && len(r.TLS.PeerCertificates) > 0:
		f.certified(w, r, body, r.TLS.PeerCertificates[0])
	default:
		f.signed(w, r, body)
	}
	f.log.Debug("http request", "method", r.Method, "path", r.URL.Path, "request", requestID, "took", time.Since(started))
}

// unread refuses a request whose body could not be read, in the form of the plane that it was for.
func (f *front) unread(w http.ResponseWriter, r *http.Request, err error) {
	signature, _ := sigv4.Parse(r) // only to know the plane
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 || forDevices(r, signature) {
		f.device.Serve(w, r, nil, func(string, string) error { return err })
		return
	}
	f.control.Refuse(r.Context(), w, nil, err)
}

func unreadable(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.New(fault.TooLarge, "the body has more than %d bytes", maxBody)
	}
	return fault.New(fault.Invalid, "the body could not be read")
}

// certified serves a device that presented a certificate. The certificate wins over a signature (R-HTTP-32).
func (f *front) certified(w http.ResponseWriter, r *http.Request, body []byte, leaf *x509.Certificate) {
	certificate, err := f.gate.engine.Identity.Identify(r.Context(), tlsutil.Fingerprint(leaf.Raw), time.Now()) // real clock: validity
	f.device.Serve(w, r, body, func(operation, thing string) error {
		if err != nil {
			return err
		}
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		allowed, err := f.gate.mayCall(r.Context(), leaf, certificate.ID, host, operation, thing)
		if err == nil && !allowed {
			err = fault.New(fault.Forbidden, "the certificate's policies do not allow iotjobsdata:%s on thing %s", operation, thing)
		}
		return err
	})
}

// signed serves a caller with a signature. An operator key may call everything.
func (f *front) signed(w http.ResponseWriter, r *http.Request, body []byte) {
	signature, err := f.verify(r, body)
	if err == nil && signature.Service == serviceDevice || err != nil && forDevices(r, signature) {
		f.device.Serve(w, r, body, func(string, string) error { return err })
		return
	}
	if err != nil {
		f.control.Refuse(r.Context(), w, nil, err)
		return
	}
	ctx := r.Context()
	if f.scope.Relaxed {
		answering := f.scope
		answering.Region = signature.Region
		ctx = control.WithScope(ctx, answering)
	}
	f.control.Serve(ctx, w, r, body)
}

// forDevices reports whether a request that could not be authenticated was meant for the device plane, to refuse it in
// that plane's form.
func forDevices(r *http.Request, s sigv4.Scope) bool {
	return s.Service == serviceDevice || s.Service == "" && strings.Contains(r.Host, "jobs.iot.")
}

// verify checks the signature of a request and that it was made for this server.
func (f *front) verify(r *http.Request, body []byte) (sigv4.Scope, error) {
	s, err := sigv4.Parse(r)
	if err != nil {
		return s, err
	}
	switch s.Service {
	case serviceControl, serviceControlLegacy, serviceDevice:
	default:
		return s, fault.New(fault.BadSignature, "the signature is for service %q; sign for %s or %s", s.Service, serviceControl, serviceDevice)
	}
	if s.Region != f.scope.Region && !f.scope.Relaxed {
		return s, fault.New(fault.BadSignature, "the signature is for region %q; this server is %s", s.Region, f.scope.Region)
	}
	secret, err := f.keys.Secret(s.AccessKeyID)
	if err != nil {
		return s, err
	}
	return s, s.Verify(r, body, secret, time.Now()) // real clock: the dates of signatures
}

// serveHTTP serves a listener until ctx ends, then lets running requests finish.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 5 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		stopped <- server.Shutdown(grace)
	})
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return err
	}
	return <-stopped
}
