package control

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/schema"
)

// Handler serves one control plane over HTTP.
type Handler struct {
	plane  *Plane
	router *schema.Router
	rates  map[string]*rates.Limit // by operation
	log    *slog.Logger
}

// NewHandler returns a handler for a plane.
func NewHandler(p *Plane, log *slog.Logger) *Handler {
	h := &Handler{
		plane:  p,
		router: schema.NewRouter(&iot.Service),
		rates:  map[string]*rates.Limit{},
		log:    log,
	}
	for _, op := range iot.Service.Operations {
		h.rates[op.OperationName()] = rates.PerSecond(p.Rate)
	}
	p.Bind(h.router)
	return h
}

// Unavailable returns the operations that are described but have no handler yet.
func (h *Handler) Unavailable() []string { return h.router.Unhandled() }

// Serve answers one request of a caller that is allowed to make it.
func (h *Handler) Serve(ctx context.Context, w http.ResponseWriter, r *http.Request, body []byte) {
	match, err := h.router.Match(r.Method, r.URL.EscapedPath())
	var out []byte
	if err == nil {
		out, err = h.answer(ctx, &match, r, body)
	}
	if err == nil {
		header := w.Header()
		header.Set("Content-Type", "application/json")
		_, _ = w.Write(out) // the caller may be gone
		return
	}
	h.Refuse(ctx, w, match.Description, err)
}

func (h *Handler) answer(
	ctx context.Context, match *schema.Match, r *http.Request, body []byte,
) ([]byte, error) {
	if !h.rates[match.Name].Admits() {
		return nil, fault.New(fault.Throttled, "%s is called too often; try again in a moment", match.Name)
	}
	call, err := match.Decode(schema.Parts{
		RawQuery: r.URL.RawQuery,
		Header:   r.Header,
		Body:     body,
	}, schema.Decoding{})
	if err != nil {
		return nil, err
	}
	return call.Do(ctx)
}

// refusal is the body of an error (R-ERR-3, R-ERR-4).
type refusal struct {
	Message     string  `json:"message"`
	ResourceID  *string `json:"resourceId"`
	ResourceArn *string `json:"resourceArn"`
}

// Refuse answers an error; op is nil when no operation was matched (R-ERR-2).
func (h *Handler) Refuse(
	ctx context.Context, w http.ResponseWriter, op *schema.Description, err error,
) {
	body := refusal{Message: api.Message(err)}
	if f := fault.Of(err); f != nil {
		body.ResourceID = optional(f.ResourceID)
		if f.ResourceName != "" {
			body.ResourceArn = new(h.plane.arn(ctx, f.ResourceKind, f.ResourceName))
		}
	} else {
		name := ""
		if op != nil {
			name = op.Name
		}
		h.log.Error("control request", "op", name, "err", err)
	}
	a := api.OnControl(op, err)
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("x-amzn-ErrorType", string(a.Exception))
	w.WriteHeader(a.Status)
	_, _ = w.Write(schema.Append(nil, body))
}
