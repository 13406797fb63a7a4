package client

import (
	"cmp"
	"context"
	"net/http"
	"time"
)

// Credentials are an operator's key. The zero Credentials send unsigned requests.
type Credentials struct {
	AccessKeyID, SecretAccessKey string
	SessionToken                 string // of temporary keys; "" for others
}

// DefaultRegion is the region that a client signs for, and a server expects, unless told otherwise.
const DefaultRegion = "us-east-1"

// defaultAttempts is how often a request is made at most: once, and two more times.
const defaultAttempts = 3

// Client says which server is called, and as whom. It is safe for concurrent use.
type Client struct {
	endpoint  string // http://host:port
	transport Transport
	attempts  int                                        // at least 1
	wait      func(context.Context, time.Duration) error // between attempts
}

// New returns a client of the server at an endpoint such as http://127.0.0.1:8080.
func New(endpoint string, credentials Credentials, options ...Option) *Client {
	c := &Client{
		endpoint:  endpoint,
		transport: Transport{Credentials: credentials, Region: DefaultRegion},
		attempts:  defaultAttempts,
		wait:      Sleep,
	}
	for _, apply := range options {
		apply(c)
	}
	return c
}

// An Option changes a setting of a new client.
type Option func(*Client)

// Region is the region that requests are signed for. "" leaves DefaultRegion in place.
func Region(name string) Option {
	return func(c *Client) { c.transport.Region = cmp.Or(name, c.transport.Region) }
}

// HTTPClient sends requests through h instead of http.DefaultClient.
func HTTPClient(h *http.Client) Option { return func(c *Client) { c.transport.HTTP = h } }

// Attempts is how often a request is made at most: 3 unless set, 1 for no repetition.
func Attempts(n int) Option { return func(c *Client) { c.attempts = max(n, 1) } }

// Wait is called between two attempts instead of Sleep. An error that it returns ends the call. It
// lets a test see the pauses without spending the time.
func Wait(pause func(context.Context, time.Duration) error) Option {
	return func(c *Client) { c.wait = pause }
}
