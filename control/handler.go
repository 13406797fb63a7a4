package control

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/notoffered"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
)

// A request goes through six steps. The operation is found by method and path; its caller is asked
// whether it may call that; the request is counted against the rate of that operation; it is decoded and checked by the description in
// api/iot or api/drover; the method that is bound to the operation is called; and its response is written. An
// error of any step is written as the exception that it stands for.

// Handler serves one control plane over HTTP. It may be called concurrently.
type Handler struct {
	plane  *Plane
	router *schema.Router
	rates  map[string]*rates.Limit // by the name of the operation
	limits atomic.Pointer[schema.Limits]
	log    *slog.Logger
	// Answered is called with each request that was answered: its operation, empty when none was
	// found or its caller is not known, the exception, empty for none, and how long it took from when
	// its body was read. May be nil.
	Answered func(op string, refused schema.Exception, took time.Duration)
}

// requestIDHeader is the header of an answer with the id of its request, which the gateway has set.
const requestIDHeader = "x-amzn-RequestId"

// services are those whose operations the control plane answers.
var services = []*schema.Service{&iot.Service, &drover.Service}

// NewHandler returns a handler for a plane. It logs faults of the server to log.
func NewHandler(p *Plane, log *slog.Logger) *Handler {
	h := &Handler{
		plane:  p,
		router: schema.NewRouter(services...),
		rates:  map[string]*rates.Limit{},
		log:    log,
	}
	for _, service := range services {
		for _, op := range service.Operations {
			h.rates[op.OperationName()] = rates.PerSecond(p.Rate)
		}
	}
	h.limits.Store(&schema.Limits{})
	p.Bind(h.router)
	h.router.CheckBound()
	return h
}

// SetRate changes how often a second each operation may be called; 0 is any number.
func (h *Handler) SetRate(perSecond float64) {
	for _, limit := range h.rates {
		limit.Set(perSecond)
	}
}

// SetLimits changes the limits that members of requests are judged by.
func (h *Handler) SetLimits(limits job.Limits) {
	other := limitsOf(limits.Complete())
	h.limits.Store(&other)
}

// Knows reports whether an operation has a path, as it was sent, with some method.
func (h *Handler) Knows(rawPath string) bool {
	_, err := h.router.Match(http.MethodGet, rawPath)
	return !fault.Is(err, fault.UnknownOperation)
}

// Operation is the name of the operation of a method and a path, as it was sent; empty for none.
func (h *Handler) Operation(method, rawPath string) string {
	match, err := h.router.Match(method, rawPath)
	if err != nil {
		return ""
	}
	return match.Name
}

// Authorize says whether the caller of a request may call an operation; its error is the answer.
type Authorize func(op *schema.Description) error

// Serve answers one request. The caller has read the body and knows who has made the request.
func (h *Handler) Serve(
	ctx context.Context, w http.ResponseWriter, r *http.Request, body []byte, may Authorize,
) {
	began := clock.Now()
	ctx = store.ForOperator(ctx)
	match, err := h.router.Match(r.Method, r.URL.EscapedPath())
	var out []byte
	if err == nil {
		err = may(match.Description) // before it is counted: it may use up no rate of others
	}
	if err == nil {
		out, err = h.answer(ctx, &match, r, body)
	}
	if err == nil {
		header := w.Header()
		header.Set("Content-Type", "application/json")
		_, _ = w.Write(out) // the caller may be gone
		h.answered(match.Description, "", began)
		return
	}
	err = notoffered.Refusal(err, r.Method, r.URL.EscapedPath(), notoffered.Control)
	h.answered(match.Description, h.refuse(ctx, w, match.Description, err), began)
}

// answered reports a request that was answered to who counts them.
func (h *Handler) answered(op *schema.Description, refused schema.Exception, began time.Time) {
	if h.Answered == nil {
		return
	}
	name := ""
	if op != nil {
		name = op.Name
	}
	h.Answered(name, refused, clock.Now().Sub(began))
}

// answer calls the operation that was found and returns the body of its response. One that is
// called too often is refused before its body is decoded (R-LIM-50).
func (h *Handler) answer(
	ctx context.Context, match *schema.Match, r *http.Request, body []byte,
) ([]byte, error) {
	if !h.rates[match.Name].Allow() {
		return nil, fault.New(fault.Throttled,
			"%s is called too often; try again in a moment", match.Name)
	}
	call, err := match.Decode(schema.Parts{
		RawQuery: r.URL.RawQuery,
		Header:   r.Header,
		Body:     body,
	}, schema.Decoding{Limits: *h.limits.Load()})
	if err != nil {
		return nil, err
	}
	return call.Do(h.withAudited(ctx, call))
}

// refusal is the body of an exception (R-ERR-3, R-ERR-4). The id and the ARN are those of a
// resource that exists already; nil for every other error.
type refusal struct {
	Message     string  `json:"message"`
	ResourceID  *string `json:"resourceId"`
	ResourceArn *string `json:"resourceArn"`
}

// Refuse answers a request that is not served, mostly because of its caller. op is nil when its
// operation was not looked for.
func (h *Handler) Refuse(
	ctx context.Context, w http.ResponseWriter, op *schema.Description, err error,
) {
	h.answered(op, h.refuse(ctx, w, op, err), clock.Now())
}

// refuse writes the exception that an error stands for, and returns it. op is nil when no operation
// was found (R-ERR-2). An error that is no fault is one of the server: it is logged whole, with the
// id of the request, and the caller reads no more than that it happened.
func (h *Handler) refuse(
	ctx context.Context, w http.ResponseWriter, op *schema.Description, err error,
) schema.Exception {
	body := refusal{Message: api.Message(err)}
	if f := fault.Of(err); f != nil {
		body.ResourceID = optional(f.ResourceID)
		if f.ResourceName != "" {
			body.ResourceArn = new(h.plane.arn(ctx, f.ResourceKind, f.ResourceName))
		}
	} else if ctx.Err() == nil { // else the caller has gone, and no longer waits for an answer
		name := ""
		if op != nil {
			name = op.Name
		}
		h.log.Error("control request", "op", name, "request", w.Header().Get(requestIDHeader), "err", err)
	}
	a := api.OnControl(op, err)
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("x-amzn-ErrorType", string(a.Exception))
	w.WriteHeader(a.Status)
	_, _ = w.Write(schema.Append(nil, body))
	return a.Exception
}
