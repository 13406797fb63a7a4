package main

import (
	"os"
	"time"

	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/client"
)

// client is a client of the server that was found. Each request is made so many times at most.
func (c *caller) client(attempts int) *client.Client {
	return client.New(c.Endpoint, c.Credentials,
		client.Region(c.Region), client.HTTPClient(c.http), client.Attempts(attempts))
}

// follower waits for what happens in the server that was found, and shows it on standard error
// (R-CMD-155, R-CMD-156).
func (c *caller) follower() *follow.Follower {
	return &follow.Follower{
		Client:   c.client(1),
		Progress: terminal.NewProgress(os.Stderr, os.Getenv),
		Now:      time.Now,
		Sleep:    client.Sleep,
	}
}
