package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/drover-iot/drover/device/presign"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
)

// The document behind a link is read once, when a job or a template is created (R-DOC-3): from S3
// or the server's own store with the default credential (R-DOC-12), or over https from a host that
// is listed. Slow hosts hold up nobody but the operator who named them: a request has five seconds,
// and there are at most sixteen at a time.

const (
	requestLimit = 5 * time.Second // R-DOC-13
	maxRequests  = 16
)

// Client asks object stores and other hosts for the requests of operators. Its methods may be
// called concurrently.
type Client struct {
	roles  *Roles
	signer *presign.Signer
	hosts  Hosts
	stores *http.Client // for S3 and the server's own store
	listed *http.Client // for the hosts that are listed
	places chan struct{}

	// artifact opens an object of the server's own store of artifacts.
	artifact func(ctx context.Context, key string) (io.ReadCloser, error)
}

// NewClient returns a client. Links to other hosts than object stores are read from hosts only.
// Redirects of object stores are not followed: the signature is for one host. artifact opens an
// object of the server's own store of artifacts; nil on a server that has none.
func NewClient(
	roles *Roles, signer *presign.Signer, hosts Hosts,
	artifact func(ctx context.Context, key string) (io.ReadCloser, error),
) *Client {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{
		roles:  roles,
		signer: signer,
		hosts:  hosts,
		stores: &http.Client{Transport: transport(), CheckRedirect: stay},
		listed: hosts.client(),
		places: make(chan struct{}, maxRequests),

		artifact: artifact,
	}
}

// begin gives a request its time and one of the places. What it waits for a place is a part of its
// time, so that no request of an operator takes longer than the limit.
func (c *Client) begin(ctx context.Context) (_ context.Context, end func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	select {
	case c.places <- struct{}{}:
		return ctx, func() { <-c.places; cancel() }, nil
	case <-ctx.Done():
		cancel()
		return nil, nil, fault.New(fault.Throttled,
			"too many requests wait for object stores and documents; try again in a moment")
	}
}

// Document reads the job document behind a link, which may have so many bytes.
func (c *Client) Document(
	ctx context.Context, link string, most int,
) (text string, err error) {
	ctx, end, err := c.begin(ctx)
	if err != nil {
		return "", err
	}
	defer end()
	if text, err = c.read(ctx, link, most); err != nil {
		return "", fault.New(fault.Invalid, "documentSource: %q: %v", link, cause(err))
	}
	return text, nil
}

// read reads what a link leads to. A larger document is recognized by one byte more than it may
// have.
func (c *Client) read(ctx context.Context, link string, most int) (string, error) {
	from, err := c.open(ctx, link)
	if err != nil {
		return "", err
	}
	defer from.Close()
	body, err := io.ReadAll(io.LimitReader(from, int64(most)+1))
	switch {
	case err != nil:
		return "", err
	case len(body) > most:
		return "", fmt.Errorf("the document has more than %d bytes", most)
	case !utf8.Valid(body): // R-DOC-1
		return "", errors.New("the document is not UTF-8 text")
	}
	return string(body), nil
}

// open begins to read what a link leads to.
func (c *Client) open(ctx context.Context, link string) (io.ReadCloser, error) {
	client, address := c.listed, link
	if o, ok := job.LinkedObject(link, c.signer.Store, c.signer.DefaultRegion); ok {
		if o.Artifact {
			return c.artifact(ctx, o.Key)
		}
		signed, err := c.signer.URL(http.MethodGet, o, c.roles.ForDocuments(), time.Minute)
		if err != nil {
			return nil, err
		}
		client, address = c.stores, signed
	} else if err := c.checkLink(link); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, statusProblem(answer.StatusCode)
	}
	return answer.Body, nil
}

// checkLink refuses a link that is not to be followed.
func (c *Client) checkLink(link string) error {
	u, err := url.Parse(link)
	if err != nil || u.User != nil {
		return errors.New("must be a URL without a user, " +
			"like https://s3.us-east-1.amazonaws.com/b/k")
	}
	return c.hosts.check(u)
}

// statusProblem says what the status of an answer means.
func statusProblem(status int) error {
	switch status {
	case http.StatusNotFound:
		return errors.New("there is nothing (status 404)")
	case http.StatusForbidden, http.StatusUnauthorized:
		return fmt.Errorf("access is refused (status %d)", status)
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return fmt.Errorf("the bucket is in another region (status %d)", status)
	}
	return fmt.Errorf("the answer has status %d", status)
}

// cause is what is wrong with a request, without the URL, which may be signed: whoever reads the
// message could use it.
func cause(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no whole answer within %s", requestLimit)
	}
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err
	}
	return err
}
