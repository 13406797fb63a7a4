package app

import (
	"net/http"

	"github.com/drover-iot/drover/console/live"
	"github.com/drover-iot/drover/control"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/schema"
)

// livePath is where consoles are told what changes (console/live).
const livePath = "/_drover/console/live"

// joinLive makes the hub of what consoles are told, which Run starts.
func (s *Server) joinLive(plane *control.Plane) {
	sources := live.Sources{Plane: plane, Virtual: s.Virtual}
	s.live = live.NewHub(sources.Open, s.engine.Now, s.Log)
}

// withLive serves the stream of events, and has next serve all other paths below /_drover/. A stream
// is for sessions and keys that may read, as an operation is.
func (s *Server) withLive(operators *gateway.OperatorAuth, next http.Handler) http.Handler {
	stream := &live.Handler{
		Hub:    s.live,
		Allow:  func(r *http.Request) error { return operators.Authorize(r, schema.Viewer) },
		Refuse: refuseLocal,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == livePath {
			stream.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
