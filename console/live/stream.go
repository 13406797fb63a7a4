package live

import (
	"net/http"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

const (
	// keepAlive is the longest time without a byte on a stream: proxies and browsers give up a
	// connection that is silent for longer. As often it is looked whether the caller may still read.
	keepAlive = 15 * time.Second
	// writeTimeout is how long a client may take to read what it is sent.
	writeTimeout = 10 * time.Second
)

// Handler answers GET with a stream of events, of the topics that the query names: one or more
// members topic.
type Handler struct {
	Hub *Hub
	// Allow says whether the caller of a request may read. It is asked when a stream begins, and
	// from then on with each keep-alive: a stream does not outlive the key or the session that it
	// was opened with.
	Allow func(*http.Request) error
	// Refuse answers an error.
	Refuse func(http.ResponseWriter, *http.Request, error)

	// keepAlive is for tests; 0 is the constant.
	keepAlive time.Duration
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s, err := h.begin(r)
	if err != nil {
		h.Refuse(w, r, err)
		return
	}
	defer h.Hub.unsubscribe(s)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would collect what it passes on
	w.WriteHeader(http.StatusOK)
	h.stream(w, r, s)
}

// begin checks the caller and subscribes to what it asks for.
func (h *Handler) begin(r *http.Request) (*subscriber, error) {
	if err := h.Allow(r); err != nil {
		return nil, err
	}
	if r.Method != http.MethodGet {
		return nil, fault.New(fault.Invalid, "the method must be GET; it is %s", r.Method)
	}
	return h.Hub.subscribe(r.URL.Query()["topic"])
}

// stream sends events until the client or the subscription ends, or the caller may not read any
// more.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, s *subscriber) {
	limits := http.NewResponseController(w)
	send := func(bytes []byte) error {
		// The limit of the server is for the whole answer, and this one does not end.
		_ = limits.SetWriteDeadline(time.Now().Add(writeTimeout)) // not supported in tests only
		if _, err := w.Write(bytes); err != nil {
			return err
		}
		return limits.Flush()
	}
	every := h.keepAlive
	if every == 0 {
		every = keepAlive
	}
	alive := time.NewTicker(every)
	defer alive.Stop()
	// A browser that loses the stream tries again after so many milliseconds.
	next := []byte("retry: 2000\n\n")
	for send(next) == nil {
		var open bool
		select {
		case <-r.Context().Done():
			return
		case <-alive.C:
			if next, open = []byte(":\n\n"), h.Allow(r) == nil; !open {
				return
			}
		case next, open = <-s.events:
			if !open {
				return
			}
		}
	}
}
