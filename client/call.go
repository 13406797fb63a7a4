package client

import (
	"context"
	"fmt"
	"iter"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/schema"
)

// planes are the services that a client can call.
var planes = []*schema.Service{&iot.Service, &jobsdata.Service, &drover.Service}

// Call makes a request for an operation of either plane, or for one that only Drover has, and
// returns the response. It tries again
// after a failure that may pass (see Attempts), and waits as long as ctx allows. A nil in is an
// empty request.
//
// When the server answers with an error, that is an *Error. Other errors wrap what went wrong on
// the way: with a context that ended, errors.Is(err, ctx.Err()).
func Call[In, Out any](
	ctx context.Context, c *Client, op schema.Op[In, Out], in *In,
) (*Out, error) {
	out := new(Out)
	if in == nil {
		in = new(In)
	}
	body, err := c.call(ctx, op, in)
	if err == nil {
		err = schema.Decode(body, out, schema.Decoding{Unchecked: true})
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op.Name, err)
	}
	return out, nil
}

// call is Call without its types: the request structure in, the body of the response out.
func (c *Client) call(ctx context.Context, op schema.Operation, in any) ([]byte, error) {
	service, err := serviceOf(op)
	if err != nil {
		return nil, err
	}
	parts, err := op.Describe().Request(in)
	if err != nil {
		return nil, err
	}
	return c.repeat(ctx, NewRequest(c.endpoint, service, parts))
}

// serviceOf finds the plane of an operation, which decides what its requests are signed for.
func serviceOf(op schema.Operation) (*schema.Service, error) {
	for _, s := range planes {
		if s.Has(op) {
			return s, nil
		}
	}
	return nil, fmt.Errorf("no service has this operation")
}

// A Lister is the response of an operation that pages: one page of a list.
type Lister[Item any] interface {
	Items() []Item
}

// All goes through the items of a list, fetching page after page as far as the loop goes (see the
// example). It begins with the page that in asks for and leaves in unchanged. An error comes with a
// zero item and ends the loop; items of earlier pages have been seen by then.
func All[In any, Out Lister[Item], Item any](
	ctx context.Context, c *Client, op schema.Op[In, Out], in *In,
) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		var none Item
		var request In
		if in != nil {
			request = *in
		}
		for more := true; more; {
			out, err := Call(ctx, c, op, &request)
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range (*out).Items() {
				if !yield(item, nil) {
					return
				}
			}
			if more, err = op.Describe().NextPage(&request, out); err != nil {
				yield(none, err)
				return
			}
		}
	}
}
