package control

import (
	"context"
	"strings"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/answers"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/failures"
	"github.com/drover-iot/drover/schema"
)

// The operations below /_drover/ that ask what has become of a job: which things fail, and what
// other settings would have done (docs/spec/51 section 3).

func (p *Plane) bindFailures(r *schema.Router) {
	schema.Handle(r, drover.DescribeFailures, p.DescribeFailures)
	schema.Handle(r, drover.ListJobTargetThings, p.ListJobTargetThings)
	schema.Handle(r, drover.ReplayJob, p.ReplayJob)
}

// shownGroups is how many groups an answer lists.
const shownGroups = 200

// DescribeFailures says which things of a job fail.
func (p *Plane) DescribeFailures(
	ctx context.Context, in *drover.DescribeFailuresRequest,
) (*drover.Failures, error) {
	f, err := p.Answers.Failures(ctx, string(in.JobID))
	if err != nil {
		return nil, err
	}
	out := &drover.Failures{
		JobID:        in.JobID,
		Ended:        f.Ended,
		Failed:       f.Failed,
		Statuses:     statusCounts(f.Statuses),
		Reasons:      []drover.FailureReason{},
		OtherReasons: f.OtherReasons,
		ComparedJobs: int64(f.Compared),
		Groups:       []drover.FailureGroup{},

		LeftOutAttributes: append([]string{}, f.LeftOut...),
	}
	for _, r := range f.Reasons {
		out.Reasons = append(out.Reasons, drover.FailureReason{Reason: r.Text, Failed: r.Failed, New: r.New})
	}
	for _, g := range f.Groups[:min(len(f.Groups), shownGroups)] {
		out.Groups = append(out.Groups, failureGroup(g))
	}
	return out, nil
}

// statusCounts are the statuses that attempts have ended with, without those that none has.
func statusCounts(counts job.Counts) []drover.StatusCount {
	shown := []drover.StatusCount{}
	for _, status := range job.ExecutionStatuses() {
		if n := counts[status]; n > 0 {
			name := iot.ExecutionStatus(status.String())
			shown = append(shown, drover.StatusCount{Status: name, Count: n})
		}
	}
	return shown
}

func failureGroup(g failures.Group) drover.FailureGroup {
	shown := drover.FailureGroup{
		Kind:             drover.GroupKind(g.Kind),
		Name:             optional(g.Name),
		Value:            g.Value,
		Ended:            g.Ended,
		Failed:           g.Failed,
		FailedPercentage: figures(g.Share * 100),
		P:                figures(g.P),
		Significant:      g.Significant,
	}
	if g.Lift > 0 || g.Failed == 0 {
		shown.Lift = new(figures(g.Lift))
	}
	return shown
}

// ListJobTargetThings lists the things that are targets of a job, without some.
func (p *Plane) ListJobTargetThings(
	ctx context.Context, in *drover.ListJobTargetThingsRequest,
) (*drover.ListJobTargetThingsResponse, error) {
	without := convert(in.Without, trait)
	return scan(p, drover.ListJobTargetThings, in,
		func(after *answers.TargetsPlace, limit int) (
			[]answers.TargetThing, *answers.TargetsPlace, error,
		) {
			return p.Answers.Targets(ctx, string(in.JobID), without, value(after), limit)
		},
		func(t answers.TargetThing) answers.TargetsPlace { return t.At },
		func(t answers.TargetThing) iot.ThingName { return iot.ThingName(t.Name) })
}

// trait reads what things have in common. The API description has checked the form.
func trait(text drover.TraitText) failures.Trait {
	name, value, _ := strings.Cut(string(text), "=")
	switch name {
	case "thing-type":
		return failures.Trait{Kind: failures.ByThingType, Value: value}
	case "group":
		return failures.Trait{Kind: failures.ByTargetGroup, Value: value}
	}
	return failures.Trait{
		Kind:  failures.ByAttribute,
		Name:  strings.TrimPrefix(name, "attribute."),
		Value: value,
	}
}

// ReplayJob says what other settings would have done to a job.
func (p *Plane) ReplayJob(
	ctx context.Context, in *drover.ReplayJobRequest,
) (*drover.ReplayJobResponse, error) {
	tried := answers.Tried{Rollout: rollout(in.Rollout), Abort: abort(in.Abort)}
	if in.Guard != nil {
		settings, _, err := job.ParseSteering(map[string]string{"drover:guard": string(*in.Guard)})
		if err != nil {
			text := strings.TrimPrefix(fault.Of(err).Message, "tags: drover:guard: ")
			return nil, fault.New(fault.Invalid, "guard: %s", text)
		}
		tried.Guard = settings.Guard
	}
	r, err := p.Answers.Replay(ctx, string(in.JobID), tried)
	if err != nil {
		return nil, err
	}
	return &drover.ReplayJobResponse{
		JobID:    in.JobID,
		Recorded: replayed(r.Recorded),
		Replayed: replayed(r.Replayed),
	}, nil
}

func replayed(r answers.Replay) drover.Replay {
	shown := drover.Replay{
		Released:       r.Released,
		Unreleased:     r.Unreleased,
		Unknown:        r.Unknown,
		FirstReleaseAt: at(r.First),
		LastReleaseAt:  at(r.Last),
		Guard:          r.Guard != nil,
		Stops:          []drover.ReplayStop{},
	}
	if r.Abort != nil {
		shown.Criteria = int32(len(r.Abort.Criteria))
	}
	for _, s := range r.Stops {
		shown.Stops = append(shown.Stops, drover.ReplayStop{
			Criterion:    optional(int32(s.Criterion)),
			At:           schema.At(s.At),
			AfterSeconds: int64(s.At.Sub(r.First).Seconds()),
			Reached:      s.Reached,
			Failures:     s.Failures,
			Executed:     s.Executed,
		})
	}
	return shown
}
