package sim

import (
	"fmt"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/sim/rules"
	"github.com/drover-iot/drover/store"
)

// Operators steer jobs by tags, pause and resume them, and hold single things (docs/spec/50).

func jobARN(id string) string { return "arn:aws:iot:us-east-1:000000000000:job/" + id }

// settings draws up to three settings of a job, as tags. The numbers are small and the rates high,
// so that sixteen things come upon them.
func (d *draw) settings() (tags iot.Tags) {
	r := d.rand
	values := map[string]func() string{
		"paused":          func() string { return "somebody looks into it" },
		"max-outstanding": func() string { return fmt.Sprint(r.between(1, 6)) },
		"abort":           func() string { return oneOf(r, "observe", "pause") },
		"guard":           d.guard,
		"waves":           d.waves,
		"retry-backoff":   func() string { return oneOf(r, "10s/1h", "5m/5m", "1h/12h") },
		"confirm":         func() string { return oneOf(r, "1m", "10m", "2h", "10h") },
	}
	given := map[string]bool{}
	for range r.pick(1, 1, 2, 3) {
		key := oneOf(r,
			"paused", "max-outstanding", "abort", "guard", "guard", "retry-backoff", "waves",
			"confirm")
		if !given[key] {
			tags = append(tags, iot.Tag{
				Key:   iot.TagKey("drover:" + key),
				Value: new(iot.TagValue(values[key]())),
			})
		}
		given[key] = true
	}
	return tags
}

// guard draws a guard. Most settle within the time that a device needs.
func (d *draw) guard() string {
	r := d.rand
	text := oneOf(r, "FAILED", "REJECTED", "TIMED_OUT", "SILENT", "ALL", "ALL") + " " +
		oneOf(r, "0.5pct", "5pct", "20pct")
	if r.chance(0.6) {
		text += " alpha=" + oneOf(r, "1pct", "20pct", "50pct")
	}
	if r.chance(0.7) {
		text += " settle=" + oneOf(r, "1s", "30s", "7m", "2h30m", "24h")
	}
	if r.chance(0.6) {
		text += " then=" + oneOf(r, "pause", "cancel", "observe")
	}
	return text
}

// waves draws two waves, or one; a last one of all things follows them.
func (d *draw) waves() string {
	r := d.rand
	gate := func() string {
		return oneOf(r, "", "", " soak=10m", " soak=1h", " ok=50pct", " ok=100pct", " approve",
			" soak=5m ok=80pct", " ok=50pct approve")
	}
	first := oneOf(r, "10pct", "30pct", "group="+d.group())
	if r.chance(0.4) {
		return first + gate()
	}
	return first + gate() + " / " + oneOf(r, "60pct", "group="+d.group()) + gate()
}

// steer gives a job settings, or takes some off it. Whoever has paused one resumes it, mostly.
func (o *operator) steer(id string) {
	if o.rand.chance(0.35) {
		o.untag(id, oneOf(o.rand,
			"paused", "paused", "max-outstanding", "abort", "guard", "retry-backoff", "waves",
			"confirm"))
		return
	}
	tags := o.draw.settings()
	_, err := o.node.control.TagResource(o.ctx, &iot.TagResourceRequest{
		ResourceArn: iot.TaggedArn(jobARN(id)),
		Tags:        tags,
	})
	o.answered(err, "TagResource %s %s", id, show(tags))
	if o.rand.chance(0.7) {
		o.time.after(o.rand.span(time.Second, 10*time.Hour), func() {
			if o.reach() {
				o.untag(id, "paused")
			}
		})
	}
}

// approve opens the gate of a wave that waits for somebody.
func (o *operator) approve(id string) {
	o.checker.BeforeApprove(id)
	_, err := o.node.control.ApproveWave(o.ctx, &drover.ApproveWaveRequest{JobID: iot.JobID(id)})
	o.answered(err, "ApproveWave %s", id)
}

// retryFailed has a job try again on what has failed, of all things or of some.
func (o *operator) retryFailed(id string) {
	call := rules.RetryCall{JobID: id}
	for _, status := range []string{"FAILED", "TIMED_OUT", "REJECTED"} {
		if o.rand.chance(0.7) {
			call.Statuses = append(call.Statuses, status)
		}
	}
	if o.rand.chance(0.3) {
		for range o.rand.between(1, 4) {
			call.Things = append(call.Things, o.draw.thing())
		}
	}
	in := &drover.RetryJobExecutionsRequest{JobID: iot.JobID(id)}
	for _, status := range call.Statuses {
		in.Statuses = append(in.Statuses, drover.FailedStatus(status))
	}
	for _, thing := range call.Things {
		in.Things = append(in.Things, iot.ThingName(thing))
	}
	o.checker.BeforeRetry(call)
	answer, err := o.node.control.RetryJobExecutions(o.ctx, in)
	o.answered(err, "RetryJobExecutions %s: %s", show(in), show(answer))
}

// untag takes settings off a job.
func (o *operator) untag(id string, names ...string) {
	in := &iot.UntagResourceRequest{ResourceArn: iot.TaggedArn(jobARN(id))}
	for _, name := range names {
		in.TagKeys = append(in.TagKeys, iot.TagKey("drover:"+name))
	}
	_, err := o.node.control.UntagResource(o.ctx, in)
	o.answered(err, "UntagResource %s %v", id, names)
}

// hold holds a thing, mostly until a time, or releases it.
func (o *operator) hold(thing string) {
	if o.rand.chance(0.3) {
		o.answered(o.node.engine.Jobs.Release(o.ctx, thing), "release %s", thing)
		return
	}
	until := sometimes(o.rand, 0.7, func() *time.Time {
		return new(o.time.now().Add(o.rand.span(time.Second, 20*time.Hour)))
	})
	_, err := o.node.engine.Jobs.Hold(o.ctx, thing, "looked into", until)
	o.answered(err, "hold %s until %v", thing, until)
}

// letGo releases all things and resumes all jobs, and looks again every hour whether a job was
// paused meanwhile: when the faults have ended, nobody keeps a job waiting.
func (o *operator) letGo() {
	defer o.time.after(time.Hour, o.letGo)
	if !o.reach() {
		return
	}
	var held []string
	var steered []job.Job
	o.server.look(func(now rules.State) {
		holds, err := now.Store.Holds(0, 1000)
		o.log.must("holds", err)
		for _, h := range holds {
			name, err := now.Store.ThingName(h.Thing)
			o.log.must("thing name", err)
			held = append(held, name)
		}
		steered, err = now.Store.Jobs(store.JobQuery{Limit: 1000})
		o.log.must("jobs", err)
	})
	for _, thing := range held {
		o.answered(o.node.engine.Jobs.Release(o.ctx, thing), "release %s", thing)
	}
	for _, j := range steered {
		_, limited := j.SteeringTags()["drover:max-outstanding"]
		if j.Status.Active() && (j.Paused != "" || limited) {
			o.untag(j.ID, "paused", "max-outstanding")
		}
	}
}
