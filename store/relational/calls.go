package relational

import (
	"context"
	"errors"
	"sync"

	"github.com/drover-iot/drover/store"
)

// ErrClosed says that the store was closed.
var ErrClosed = errors.New("store is closed")

// Calls are the calls of a store that run: one write, and a few reads, of which some may be those
// of operators, who ask for long lists: devices never wait behind them.
type Calls struct {
	writing   chan struct{} // a token while a write runs
	reading   chan struct{} // a token for each read that runs
	operators chan struct{} // a token for each of them that is an operator's

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// NewCalls bounds how many reads run at once, and how many of them may be those of operators.
func NewCalls(readers, operators int) *Calls {
	return &Calls{
		writing:   make(chan struct{}, 1),
		reading:   make(chan struct{}, readers),
		operators: make(chan struct{}, operators),
	}
}

// Read calls f once one of the reads is free. ctx bounds the wait, and says whether an operator
// asks.
func (c *Calls) Read(ctx context.Context, f func() error) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	defer c.running.Done()
	if store.IsForOperator(ctx) {
		if err := enter(ctx, c.operators); err != nil {
			return err
		}
		defer func() { <-c.operators }()
	}
	if err := enter(ctx, c.reading); err != nil {
		return err
	}
	defer func() { <-c.reading }()
	return f()
}

// Write calls f alone. ctx bounds the wait for its turn.
func (c *Calls) Write(ctx context.Context, f func() error) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	defer c.running.Done()
	if err := enter(ctx, c.writing); err != nil {
		return err
	}
	defer func() { <-c.writing }()
	return f()
}

// begin registers a call, so that Close waits for it.
func (c *Calls) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	c.running.Add(1)
	return nil
}

// Close refuses later calls and waits for those that run. It reports whether it is the first.
func (c *Calls) Close() bool {
	c.mu.Lock()
	closed := c.closed
	c.closed = true
	c.mu.Unlock()
	c.running.Wait()
	return !closed
}

// enter waits until a channel takes a token.
func enter(ctx context.Context, tokens chan<- struct{}) error {
	select {
	case tokens <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
