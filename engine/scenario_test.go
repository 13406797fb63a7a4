package engine

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
	"github.com/drover-iot/drover/store/postgres"
	"github.com/drover-iot/drover/test/testpostgres"
)

// Each file of testdata is one story on a virtual clock: commands, and under each what it answered,
// what became of the jobs it touched, and what devices were told. -rewrite writes the answers anew;
// the difference is the review.
func TestScenarios(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := newScenario(t, memory.Open())
		datadriven.RunTest(t, path, s.do)
	})
}

// The same stories on PostgreSQL. When answers are written anew, TestScenarios writes them, and this
// test must be left out: -run 'TestScenarios$'.
func TestScenariosOnPostgres(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		t.Parallel() // a commit waits more than it works
		kept, err := postgres.Open(t.Context(), testpostgres.Schema(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := kept.Close(); err != nil {
				t.Error(err)
			}
		})
		s := newScenario(t, kept)
		datadriven.RunTest(t, path, s.do)
	})
}

func TestMain(m *testing.M) { testpostgres.Main(m) }

// scenario is one engine with what it told devices since the last look.
type scenario struct {
	*Engine
	t      *testing.T
	clock  *clock.Virtual
	start  time.Time
	mu     sync.Mutex
	told   []store.Notice
	events []store.Event
	seen   map[string]string // job id → line shown last
	stop   func()
}

func newScenario(t *testing.T, kept store.Store) *scenario {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := &scenario{t: t, clock: clock.NewVirtual(start), start: start, seen: map[string]string{}}
	s.run(kept)
	t.Cleanup(func() { s.stop() })
	return s
}

// run starts an engine on a store.
func (s *scenario) run(kept store.Store) {
	s.Engine = New(Config{
		Store: kept, Clock: s.clock, IDs: &ids.Counting{}, Events: events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}}, Log: slog.New(slog.DiscardHandler),
		Notify: func(_ context.Context, notices []store.Notice) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.told = append(s.told, notices...)
			return nil
		},
		PublishEvents: func(events []store.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, events...)
		},
	})
	ctx, stop := context.WithCancel(s.t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	s.stop = func() {
		stop()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	}
	<-s.ready // what was left over is announced
}

// do does one command and returns what is to be seen after it.
func (s *scenario) do(t *testing.T, d *datadriven.TestData) string {
	out, err := s.command(t, d)
	if err == nil {
		err = s.WaitIdle(t.Context())
	}
	if f := fault.Of(err); f != nil {
		out += f.Error() + "\n"
	} else if err != nil {
		d.Fatalf(t, "%v", err)
	}
	return out + s.notices() + s.changes()
}

func (s *scenario) command(t *testing.T, d *datadriven.TestData) (string, error) {
	ctx := t.Context()
	args := arguments{d}
	switch d.Cmd {
	case "things":
		return "", s.things(ctx, args.int("n"), args.text("group"))
	case "group":
		_, err := s.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: args.first(), Parent: args.text("parent")})
		return "", err
	case "join":
		return "", s.Fleet.AddMember(ctx, args.text("group"), args.first())
	case "leave":
		return "", s.Fleet.RemoveMember(ctx, args.text("group"), args.first())
	case "move":
		return "", s.Fleet.ChangeMemberships(ctx, args.first(), fleet.MembershipChange{Add: []string{args.text("to")}, Remove: []string{args.text("from")}})
	case "delete-group":
		return "", s.Fleet.DeleteGroup(ctx, args.first(), nil)
	case "associate":
		_, err := s.Jobs.AssociateTargets(ctx, args.first(), nil, s.targets(args), nil)
		return "", err
	case "cancel-execution":
		return "", s.Jobs.CancelExecution(ctx, args.first(), d.CmdArgs[1].Key, d.HasArg("force"), args.minutes("version"), nil)
	case "delete-execution":
		return "", s.Jobs.DeleteExecution(ctx, args.first(), d.CmdArgs[1].Key, int64(args.int("number")), d.HasArg("force"), nil)
	case "events":
		return "", s.Jobs.UpdateEventConfigurations(ctx, map[string]bool{"JOB": args.first() == "on", "JOB_EXECUTION": args.first() == "on"})
	case "pending":
		return s.pending(ctx, args)
	case "describe":
		return s.describe(ctx, args)
	case "limit":
		kept, _ := time.ParseDuration(args.text("retention"))
		s.due.Lock() // what runs by itself reads the limits under one of these
		defer s.due.Unlock()
		return "", s.commits.Exclusive(func() error {
			s.Jobs.Limits.Set(job.Limits{
				Retention:        kept,
				Concurrent:       args.int("concurrent"),
				ActiveContinuous: args.int("continuous"),
				ActiveSnapshot:   args.int("snapshot"),
			})
			return nil
		})
	case "away": // the server is down for a while
		s.stop()
		by, err := time.ParseDuration(args.first())
		s.clock.Set(s.clock.Now().Add(by))
		s.run(s.config.Store)
		return "", err
	case "thing":
		_, err := s.Fleet.CreateThing(ctx, fleet.NewThing{Name: args.first()})
		return "", err
	case "seen":
		s.See(args.first(), false, 0)
		return "", nil
	case "connected":
		s.See(args.first(), true, 0)
		return "", nil
	case "steered":
		j, err := s.Jobs.DescribeJob(ctx, args.first())
		if err != nil || j.Steered == nil {
			return "", err
		}
		return fmt.Sprintf("confirming %d confirmed %d silent %d\n",
			j.Steered.Confirming, j.Steered.Confirmed, j.Steered.Silent), nil
	case "hold":
		return s.hold(ctx, args)
	case "held":
		hold, err := s.Jobs.HoldOf(ctx, args.first())
		if err != nil {
			return "", err
		}
		return hold.Reason + "\n", nil
	case "release":
		return "", s.Jobs.Release(ctx, args.first())
	case "delete-thing":
		return "", s.Fleet.DeleteThing(ctx, args.first(), nil)
	case "create":
		document := `{"do":"it"}`
		if d.HasArg("presigned") {
			document = `{"from":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/bucket/fw.bin}"}`
		}
		_, err := s.Jobs.CreateJob(ctx, jobs.NewJob{ID: args.first(), Document: document, Definition: s.definition(args), Tags: args.tags()})
		return "", err
	case "tag":
		return "", s.Tags.Tag(ctx, registry.KindJob, args.first(), args.tags())
	case "untag":
		return "", s.Tags.Untag(ctx, registry.KindJob, args.first(), args.keys())
	case "retry":
		found, err := s.Jobs.RetryFailed(ctx, args.first(), args.retries())
		return fmt.Sprintf("found %d\n", found), err
	case "interplay":
		return s.interplay(t, args.first()), nil
	case "steering":
		return s.steering(ctx, args.first())
	case "approve":
		return "", s.Jobs.ApproveWave(ctx, args.first(), args.int("wave"))
	case "tags":
		tags, err := s.Tags.List(ctx, registry.KindJob, args.first())
		out := ""
		for _, tag := range tags {
			out += tag.Key + "=" + tag.Value + "\n"
		}
		return out, err
	case "repeat": // repeat n=3 create p … makes p1, p2, p3
		for i := range args.int("n") {
			id := fmt.Sprint(d.CmdArgs[2].Key, i+1)
			if _, err := s.Jobs.CreateJob(ctx, jobs.NewJob{ID: id, Document: "{}", Definition: s.definition(args)}); err != nil {
				return "", err
			}
		}
		return "", nil
	case "update":
		return "", s.Jobs.UpdateJob(ctx, args.first(), nil, args.update())
	case "cancel":
		_, err := s.Jobs.CancelJob(ctx, args.first(), job.Cancellation{Force: d.HasArg("force")})
		return "", err
	case "delete":
		return "", s.Jobs.DeleteJob(ctx, args.first(), d.HasArg("force"), nil)
	case "start":
		return s.startNext(ctx, args)
	case "report":
		return s.reports(ctx, args)
	case "advance":
		by, err := time.ParseDuration(args.first())
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		return "", s.Advance(ctx, s.clock.Now().Add(by))
	case "next":
		_, err := s.AdvanceToNext(ctx)
		return "now " + s.at(s.clock.Now()) + "\n", err
	case "executions":
		return s.executions(ctx, args.first())
	}
	d.Fatalf(t, "unknown command %s", d.Cmd)
	return "", nil
}

func (s *scenario) things(ctx context.Context, n int, group string) error {
	for i := range n {
		name := fmt.Sprintf("t%0*d", len(strconv.Itoa(n)), i+1)
		if _, err := s.Fleet.CreateThing(ctx, fleet.NewThing{Name: name}); err != nil {
			return err
		}
		if group != "" {
			if err := s.Fleet.AddMember(ctx, group, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// hold holds a thing: reason=line_4 until=1h.
func (s *scenario) hold(ctx context.Context, args arguments) (string, error) {
	var until *time.Time
	if by, err := time.ParseDuration(args.text("until")); err == nil {
		until = new(s.clock.Now().Add(by))
	}
	reason := strings.ReplaceAll(args.text("reason"), "_", " ")
	hold, err := s.Jobs.Hold(ctx, args.first(), reason, until)
	if err != nil {
		return "", err
	}
	out := fmt.Sprintf("held since %s: %s", s.at(hold.Since), hold.Reason)
	if until != nil {
		out += " until " + s.at(hold.Until)
	}
	return out + "\n", nil
}

func (s *scenario) startNext(ctx context.Context, args arguments) (string, error) {
	task, err := s.Jobs.StartNext(ctx, args.first(), nil, args.minutes("step"))
	if err != nil || task == nil {
		return "nothing\n", err
	}
	return fmt.Sprintf("%s #%d %s v%d\n", task.JobID, task.Number, task.Status, task.Version), nil
}

// reports sends one report for each thing of "t1-t3" or "t1", and shows the documents that it asks
// for. message=… tells it from others, and again says that it was sent before.
func (s *scenario) reports(ctx context.Context, args arguments) (out string, err error) {
	r := job.Report{
		StepMinutes: args.minutes("step"),
		Message:     args.text("message"),
		Redelivered: args.d.HasArg("again"),
	}
	if r.Event, err = job.ParseReportedStatus(args.d.CmdArgs[2].Key); err != nil {
		return "", err
	}
	document := args.d.HasArg("document")
	for _, thing := range span(args.first()) {
		x, err := s.Jobs.Report(ctx, thing, args.d.CmdArgs[1].Key, r, document)
		if err != nil {
			return out, err
		}
		if document {
			out += fmt.Sprintf("%s #%d v%d document %q\n", thing, x.Number, x.Version, x.Document)
		}
	}
	return out, nil
}

// span expands t01-t12 to the names in between.
func span(text string) (names []string) {
	first, last, found := strings.Cut(text, "-")
	if !found {
		return []string{text}
	}
	from, _ := strconv.Atoi(first[1:])
	to, _ := strconv.Atoi(last[1:])
	for i := from; i <= to; i++ {
		names = append(names, fmt.Sprintf("t%0*d", len(first)-1, i))
	}
	return names
}

// notices shows what devices were told, one line for each kind of notice.
func (s *scenario) notices() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list, next []string
	for _, n := range s.told {
		name := fmt.Sprintf("thing %d", n.Thing)
		_ = s.config.Store.Read(s.t.Context(), func(r store.Reader) (err error) {
			name, err = r.ThingName(n.Thing)
			return err
		})
		if n.Notify {
			list = append(list, name)
		}
		if n.NotifyNext {
			next = append(next, name)
		}
	}
	s.told = nil
	out := line("notify", list) + line("notify-next", next)
	for _, event := range s.events {
		out += "event " + strings.TrimPrefix(event.Topic, "$aws/events/") + "\n"
	}
	s.events = nil
	return out
}

// pending shows what a device sees.
func (s *scenario) pending(ctx context.Context, args arguments) (out string, err error) {
	tasks, err := s.Jobs.Pending(ctx, args.first(), 10)
	for _, task := range tasks {
		out += fmt.Sprintf("%s #%d %s\n", task.JobID, task.Number, task.Status)
	}
	return out, err
}

// describe shows what DescribeJob says of the schedule and of the targets that are being processed.
func (s *scenario) describe(ctx context.Context, args arguments) (string, error) {
	j, err := s.Jobs.DescribeJob(ctx, args.first())
	return fmt.Sprintf("%s %v\nprocessing %v\nrollouts %q\n", j.TargetSelection, job.ARNs(j.Targets), job.ARNs(j.ProcessingTargets()), j.ScheduledRollouts(s.Now())), err
}

func line(kind string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	if len(names) > 6 {
		names = append(names[:3], fmt.Sprintf("… %d in all", len(names)))
	}
	return kind + ": " + strings.Join(names, " ") + "\n"
}

// changes shows every job that looks different from the last time.
func (s *scenario) changes() (out string) {
	listed, err := s.Jobs.ListJobs(s.t.Context(), jobs.Filter{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	now := map[string]string{}
	for _, j := range listed.Jobs {
		now[j.ID] = s.show(j)
		if now[j.ID] != s.seen[j.ID] {
			out += now[j.ID]
		}
	}
	for id := range s.seen {
		if now[id] == "" {
			out += id + " is gone\n"
		}
	}
	s.seen = now
	return out
}

func (s *scenario) show(j job.Job) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", j.ID, j.Status)
	if j.Concurrent() {
		b.WriteString(" concurrent")
	}
	for _, status := range job.ExecutionStatuses() {
		if n := j.Counts[status]; n > 0 {
			fmt.Fprintf(&b, " %s=%d", status, n)
		}
	}
	if !j.Due.IsZero() {
		b.WriteString(" due " + s.at(j.Due))
	}
	fmt.Fprintf(&b, " updated %s", s.at(j.UpdatedAt))
	if j.ReasonCode != "" {
		fmt.Fprintf(&b, "\n  %s: %s", j.ReasonCode, j.Comment)
	}
	return b.String() + "\n"
}

func (s *scenario) at(t time.Time) string {
	return "+" + t.Sub(s.start).String()
}

func (s *scenario) executions(ctx context.Context, jobID string) (out string, err error) {
	found, _, err := s.Jobs.ExecutionsOfJob(ctx, jobID, store.JobExecutionQuery{Limit: 100})
	for _, x := range found {
		out += fmt.Sprintf("%s #%d %s v%d retry %d queued %s", x.ThingName, x.Number, x.Status, x.Version, x.Attempt, s.at(x.QueuedAt))
		if at := x.TimesOutAt(); !at.IsZero() && x.Status == job.ExecutionQueued {
			out += " shows " + s.at(at)
		} else if !at.IsZero() {
			out += " times out " + s.at(at)
		}
		if x.ForceCanceled {
			out += " forced"
		}
		out += "\n"
	}
	return out, err
}
