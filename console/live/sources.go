package live

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/drover-iot/drover/control"
	"github.com/drover-iot/drover/internal/fault"
)

// Sources are the topics of a server. Their states have the members of the operations that ask for
// the same (control/watched.go).
//
//   - jobs: the jobs of which something changes, see jobList.
//   - job:ID: {"jobId", "status", "paused", "job", "steering"}, the last two as DescribeJob and
//     DescribeSteering show them; {"jobId"} when there is no such job.
//   - thing:NAME: {"thingName", "executionSummaries", "connectivity", "hold"}; {"thingName"} when
//     there is no such thing.
//   - clock: {"mode"}, virtual or real. It changes whenever a virtual clock is moved.
type Sources struct {
	Plane   *control.Plane
	Virtual bool // the engine's clock
}

// names are the names of topics: a kind, and what it is about for kinds that need it.
var names = regexp.MustCompile(`^(jobs|clock|job:[a-zA-Z0-9_-]{1,64}|thing:[a-zA-Z0-9:_-]{1,128})$`)

// Open finds a topic by its name. The fault is Invalid.
func (s Sources) Open(topic string) (Source, error) {
	if !names.MatchString(topic) {
		return nil, fault.New(fault.Invalid,
			"topic: %.200q is none of jobs, job:ID, thing:NAME, clock", topic)
	}
	kind, name, _ := strings.Cut(topic, ":")
	switch kind {
	case "jobs":
		return newJobList(s.Plane), nil
	case "job":
		return &whole{read: func(ctx context.Context) ([]byte, error) {
			return s.Plane.WatchedJob(ctx, name)
		}}, nil
	case "thing":
		return &whole{read: func(ctx context.Context) ([]byte, error) {
			return s.Plane.WatchedThing(ctx, name)
		}}, nil
	}
	if s.Virtual {
		return &clockHand{now: s.Plane.Now}, nil
	}
	return &whole{read: func(context.Context) ([]byte, error) {
		return []byte(`{"mode":"real"}`), nil
	}}, nil
}

// clockHand is the topic of a virtual clock. What it shows stands in each event.
type clockHand struct {
	now  func() time.Time
	last time.Time
}

func (c *clockHand) Sample(context.Context) (s Sample, err error) {
	s.State = []byte(`{"mode":"virtual"}`)
	if now := c.now(); !now.Equal(c.last) {
		s.Change, c.last = s.State, now
	}
	return s, nil
}

// whole is a topic whose state is sent whole whenever it has changed.
type whole struct {
	read func(context.Context) ([]byte, error)
	last []byte
}

func (w *whole) Sample(ctx context.Context) (Sample, error) {
	state, err := w.read(ctx)
	if err != nil || bytes.Equal(state, w.last) {
		return Sample{State: w.last}, err
	}
	w.last = state
	return Sample{State: state, Change: state}, nil
}
