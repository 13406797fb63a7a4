package control

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"github.com/drover-iot/drover/internal/fault"
)

// DefaultPage is the page size when a request names none; it is the largest (R-WIRE-22).
const DefaultPage = 250

// Pages seals page tokens: opaque to clients, authenticated, bound to the operation and its filters, and without expiry
// (R-WIRE-23). Its text fits the alphabet of markers (R-ID-3).
type Pages struct {
	// Key authenticates tokens. It is kept with the data, so that tokens survive a restart.
	Key []byte
}

type sealed struct {
	Cursor json.RawMessage
	Bound  []byte // hash of the operation and its filters
}

// seal returns the token of the page after the cursor.
func (p Pages) seal(operation string, filters, cursor any) string {
	inner, err := json.Marshal(cursor)
	if err != nil {
		panic(err) // cursors are plain structures
	}
	body, err := json.Marshal(sealed{Cursor: inner, Bound: bound(operation, filters)})
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(append(p.mac(body), body...))
}

// open reads a token into the cursor. A malformed token, or one of other filters, is Invalid.
func (p Pages) open(token, operation string, filters, cursor any) error {
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(raw) < macSize || !hmac.Equal(raw[:macSize], p.mac(raw[macSize:])) {
		return fault.New(fault.Invalid, "nextToken: not a token of this server")
	}
	var s sealed
	if err := json.Unmarshal(raw[macSize:], &s); err != nil {
		return fault.New(fault.Invalid, "nextToken: not a token of this server")
	}
	if !hmac.Equal(s.Bound, bound(operation, filters)) {
		return fault.New(fault.Invalid, "nextToken: made by a request with other filters")
	}
	if err := json.Unmarshal(s.Cursor, cursor); err != nil {
		return fault.New(fault.Invalid, "nextToken: not a token of this server")
	}
	return nil
}

const macSize = 16

func (p Pages) mac(body []byte) []byte {
	m := hmac.New(sha256.New, p.Key)
	m.Write(body)
	return m.Sum(nil)[:macSize]
}

func bound(operation string, filters any) []byte {
	body, err := json.Marshal(filters)
	if err != nil {
		panic(err) // filters are plain structures
	}
	sum := sha256.Sum256(append([]byte(operation+"\n"), body...))
	return sum[:8]
}

// page is one request for a page of a list: which operation with which filters, from where, how many.
type page[Cursor any] struct {
	pages     Pages
	operation string
	filters   any
	after     *Cursor // nil for the first page
	size      int
}

// openPage reads the token and the size of a request for a page.
func openPage[Cursor any, T ~string, S ~int32](p Pages, operation string, filters any, token *T, size *S) (page[Cursor], error) {
	request := page[Cursor]{pages: p, operation: operation, filters: filters, size: DefaultPage}
	if size != nil {
		request.size = int(*size)
	}
	if token == nil || *token == "" {
		return request, nil
	}
	request.after = new(Cursor)
	return request, p.open(string(*token), operation, filters, request.after)
}

// limit is how many items to ask for: one more than the page shows, to know whether another follows.
func (r page[Cursor]) limit() int { return r.size + 1 }

// from is the cursor to resume after, the zero one for the first page.
func (r page[Cursor]) from() Cursor { return value(r.after) }

// cut drops the item beyond the page and returns the token of the next page, nil on the last.
func cut[Cursor, Item any](r page[Cursor], items []Item, at func(Item) Cursor) ([]Item, *string) {
	if len(items) <= r.size {
		return items, nil
	}
	items = items[:r.size]
	return items, r.goOn(at(items[len(items)-1]))
}

// goOn returns the token of a page that goes on at a place.
func (r page[Cursor]) goOn(at Cursor) *string {
	return new(r.pages.seal(r.operation, r.filters, at))
}

// convert turns the items of a page into their form in the answer; never nil, so that an empty list is shown.
func convert[From, To any](items []From, each func(From) To) []To {
	out := make([]To, len(items))
	for i, item := range items {
		out[i] = each(item)
	}
	return out
}
