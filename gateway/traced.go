package gateway

import (
	"context"
	"net/http"
	"strings"

	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/broker"
)

// Traces follows requests (R-OBS-12). What each begins has to be ended with how the request was
// refused, empty when it was not.
type Traces interface {
	HTTP(r *http.Request, operation, requestID string) (context.Context, func(exception string))
	MQTT(ctx context.Context, operation, topic string, connection uint64) (
		context.Context, func(code string))
}

// serveTraced serves a request that may be followed. Probes and scrapes are not: they would be most
// of what there is.
func (h *HTTP) serveTraced(w http.ResponseWriter, r *http.Request) {
	if h.Traces == nil || r.URL.Path == metricsPath || h.health(r.URL.Path) != nil {
		h.route(w, r)
		return
	}
	ctx, end := h.Traces.HTTP(r, h.operationOf(r), w.Header().Get(requestIDHeader))
	defer func() { end(w.Header().Get("x-amzn-ErrorType")) }()
	h.route(w, r.WithContext(ctx))
}

// operationOf is the name of the operation that a request asks for, by what it says of itself; empty
// for none.
func (h *HTTP) operationOf(r *http.Request) string {
	path := r.URL.EscapedPath()
	signed := r.Header.Get("Authorization") + r.URL.RawQuery
	if clientCertificate(r.TLS) != nil || strings.Contains(signed, serviceDevice) {
		return h.Device.Operation(r.Method, path)
	}
	return h.Control.Operation(r.Method, path)
}

// TracedService has requests over MQTT followed.
func TracedService(next broker.ServiceFunc, t Traces) broker.ServiceFunc {
	return func(ctx context.Context, peer *broker.Peer, r broker.Request) broker.Reply {
		operation := device.OperationOf(r.Topic)
		if operation == "" {
			return next(ctx, peer, r)
		}
		ctx, end := t.MQTT(ctx, operation, r.Topic, peer.Connection)
		reply := next(ctx, peer, r)
		refused := ""
		if strings.HasSuffix(reply.Topic, "/rejected") {
			refused = "rejected"
		}
		end(refused)
		return reply
	}
}
