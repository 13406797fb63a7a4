package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/drover-iot/drover/agent/action"
	"github.com/drover-iot/drover/agent/fetch"
	"github.com/drover-iot/drover/agent/link"
	"github.com/drover-iot/drover/agent/place"
)

// lookEvery is how often an agent asks for the next job when nothing tells it to: a message may be
// lost.
const lookEvery = time.Hour

// stopLimit is how long an agent that stops waits for its DISCONNECT, and killAfter how long an action
// may take to end when it is asked to.
const (
	stopLimit = 2 * time.Second
	killAfter = 10 * time.Second
)

// agent does the jobs of one thing.
type agent struct {
	Config
	jobs    jobs
	place   place.File
	actions action.Runner
	fetcher *fetch.Fetcher
	changed chan struct{} // holds one token when the next job may be another one
}

// Run does jobs until ctx ends. ready is called when the device has an identity and begins to connect.
// It returns nil when ctx ends, and an error for what another attempt would not mend.
func Run(ctx context.Context, c Config, ready func()) error {
	if err := c.Check(); err != nil {
		return err
	}
	if err := os.MkdirAll(c.State, 0o700); err != nil {
		return fmt.Errorf("%s: %w", c.named("state"), err)
	}
	// Two agents with one place would do a step twice.
	lock := flock.New(c.in("agent.lock"))
	if held, err := lock.TryLock(); err != nil || !held {
		return errors.Join(fmt.Errorf("another agent works with the state in %s", c.State), err)
	}
	defer func() { _ = lock.Unlock() }()
	who, err := c.identify(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	a, err := newAgent(ctx, c, who)
	if err != nil {
		return err
	}
	ready()
	for ctx.Err() == nil {
		idle, err := a.next(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			a.Log.Error("the next job", "err", err)
			a.waitForChange(ctx, time.Minute)
		case idle && c.UntilIdle:
			return a.close(ctx)
		case idle:
			a.waitForChange(ctx, lookEvery)
		}
	}
	return a.close(ctx)
}

// close ends the connection, and waits a moment for that.
func (a *agent) close(ctx context.Context) error {
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	a.jobs.link.Close(stop)
	return nil
}

// newAgent makes an agent and begins to connect.
func newAgent(ctx context.Context, c Config, who identity) (*agent, error) {
	mqtt, err := c.mqttTLS(who.certificate)
	if err != nil {
		return nil, err
	}
	web, err := c.trust(true)
	if err != nil {
		return nil, err
	}
	server, _, err := c.server()
	if err != nil {
		return nil, err
	}
	a := &agent{
		Config: c,
		place:  place.File{Path: c.in("place.json")},
		actions: action.Runner{
			Folders: strings.Split(c.Handlers, ","), Commands: !c.NoCommands, PassUser: c.PassUser,
			Grace: killAfter,
		},
		fetcher: &fetch.Fetcher{
			Client: &http.Client{Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, TLSClientConfig: web, ForceAttemptHTTP2: true,
				DialContext:           (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
				TLSHandshakeTimeout:   30 * time.Second,
				ResponseHeaderTimeout: time.Minute,
			}},
			Idle: time.Minute, Patience: c.DownloadPatience, Pause: time.Second, Log: c.Log,
		},
		changed: make(chan struct{}, 1),
	}
	// The connection outlives ctx a little, so that it ends with a DISCONNECT.
	l, err := link.Open(context.WithoutCancel(ctx), link.Options{
		Server: server, TLS: mqtt, ClientID: who.thing, KeepAlive: c.KeepAlive, Longest: c.LongestPause,
		Answer: answerLimit, Filters: jobFilters(who.thing), Changed: a.wake, Log: c.Log,
	})
	a.jobs = jobs{l, who.thing}
	return a, err
}

// wake has the agent look for what has changed.
func (a *agent) wake() {
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

// waitForChange waits until something may have changed.
func (a *agent) waitForChange(ctx context.Context, longest time.Duration) {
	timer := time.NewTimer(longest)
	defer timer.Stop()
	select {
	case <-a.changed:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// next reports what was not reported yet, or does the next job; idle says that there was none.
func (a *agent) next(ctx context.Context) (idle bool, err error) {
	p, err := a.place.Load()
	if err != nil {
		a.Log.Error("the place in the last job is lost; it begins anew", "err", err)
		if err := a.place.Clear(); err != nil {
			return false, err
		}
	}
	if p != nil && p.Outcome != nil {
		return false, a.report(ctx, *p)
	}
	e, err := a.jobs.startNext(ctx)
	switch {
	case err != nil:
		return false, err
	case e != nil:
		return false, a.do(ctx, e, p)
	case p != nil: // the job of the place has ended without this agent
		return false, a.place.Clear()
	}
	return true, nil
}

// report tells the server the outcome of an execution, and forgets it when the server knows.
func (a *agent) report(ctx context.Context, p place.Place) error {
	err := a.jobs.update(ctx, p, *p.Outcome)
	again, known := afterReport(*p.Outcome, err)
	switch {
	case known && err != nil:
		a.log(&p).Warn("the server has ended the job before", "err", err)
	case known:
		a.log(&p).Info("reported", "status", p.Outcome.Status)
	case again != nil:
		a.log(&p).Warn("the outcome is refused, and reported without details", "err", err)
		p.Outcome = again
		return a.place.Save(p)
	default:
		return err
	}
	return a.place.Clear()
}

// afterReport says what follows from the answer to an outcome. known: the server knows how the
// execution has ended. Otherwise again is what it is told next, without the details that it has
// refused, because they must not keep a device from its next job; nil: the same, later.
func afterReport(o place.Outcome, err error) (again *place.Outcome, known bool) {
	var rejection *link.Rejection
	switch {
	case err == nil, isOver(err):
		return nil, true
	case errors.As(err, &rejection) && rejection.Code == "InvalidRequest" && len(o.Details) > 0:
		return &place.Outcome{Status: o.Status}, false
	}
	return nil, false
}

// log is the log of one execution.
func (a *agent) log(p *place.Place) *slog.Logger {
	return a.Log.With("job", p.JobID, "execution", p.Number)
}
