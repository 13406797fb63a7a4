package control

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"testing"
)

// A request that ends early because its client has gone is no fault of the server, and not logged as
// one (R-WIRE-27).
func TestGoneClientIsNotLogged(t *testing.T) {
	t.Parallel()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		name   string
		ctx    context.Context
		logged bool
	}{
		{"the client waits", t.Context(), true},
		{"the client has gone", gone, false},
	} {
		var log bytes.Buffer
		h := NewHandler(&Plane{}, slog.New(slog.NewTextHandler(&log, nil)))
		h.Refuse(tt.ctx, httptest.NewRecorder(), nil, errors.New("context canceled"))
		if got := log.Len() > 0; got != tt.logged {
			t.Errorf("%s: logged %q", tt.name, log.String())
		}
	}
}
