package rules

import (
	"crypto/sha256"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// A rollout may go in waves, with a gate behind each (docs/spec/50 section 6). The rules look at
// every release: whether its wave takes the thing, and the gates behind all earlier ones have been
// judged; and at every gate when it is judged.

// waves is how far a rollout in waves is.
type waves struct {
	// earlier is how many waves had begun that were taken off the job: they are counted in the
	// numbers of executions (R-STR-55).
	earlier     uint8
	number      uint8               // of the wave that released last, 0 before any
	lastRelease map[uint8]time.Time // of each wave
}

// BeforeApprove says that an operator opens the gate of a job that waits for that. It counts for the
// next commit.
func (ch *Checker) BeforeApprove(jobID string) { ch.approve = jobID }

// gateApproved resumes a job whose gate waits for an operator, who opens it with this commit
// (R-STR-52).
func (c *commit) gateApproved() {
	for key, rec := range c.ch.jobs {
		if rec.id == c.ch.approve && c.jobs[key] && strings.HasSuffix(rec.stored.Paused, "waits for approval") {
			rec.steered.paused = false
		}
	}
	c.ch.approve = ""
}

// inWaves says whether the rollout of a job goes in waves.
func (rec *jobRecord) inWaves() bool { return len(settings(rec.stored.Definition).Waves) > 0 }

// releasedInWave checks the executions that the rollout of a job in waves creates at one time.
func (c *commit) releasedInWave(
	rec *jobRecord, created []job.Execution, things []registry.ThingID,
) {
	of, w := settings(rec.stored.Definition).Waves, &rec.steered.waves
	left := rec.unreleased(c.store)
	for _, x := range created {
		switch {
		case c.ch.jobs[x.Job] != rec || !slices.Contains(things, x.Thing):
			continue
		case x.Wave <= w.earlier || int(x.Wave-w.earlier) > len(of) || x.Wave < w.number:
			c.fail("R-STR-50", "%+v of %s is released after wave %d of %+v",
				x, rec.id, w.number, of)
			return
		case !slices.Contains(left, x.Thing) || !c.waveTakes(rec, of[x.Wave-w.earlier-1], x.Thing):
			c.fail("R-STR-50", "%+v of %s is not in its wave: %+v, left are %v",
				x, rec.id, of, left)
		}
		if after, err := c.store.Job(x.Job); err == nil && judged(after) < int(x.Wave-w.earlier)-1 {
			c.fail("R-STR-50", "%+v of %s is released before a gate was judged: %+v", x, rec.id,
				after.Steered)
		}
		w.number, w.lastRelease[x.Wave] = x.Wave, c.now
	}
}

// waveTakes says whether a wave takes a thing: a member of its group or of one below it, or one of
// its share of all.
func (c *commit) waveTakes(rec *jobRecord, w job.Wave, thing registry.ThingID) bool {
	if w.Group != "" {
		group, err := c.store.GroupByName(w.Group)
		return err == nil && isMember(c.store, thing, group.ID)
	}
	name, err := c.store.ThingName(thing)
	return err == nil && inShare(rec.id, name, w.PercentHundredths)
}

// inShare says whether a thing is in a share of all, in hundredths of a percent: whether the first
// eight bytes of a hash of job and thing, as a fraction of 2⁶⁴, are below it (R-STR-50).
func inShare(jobID, thing string, hundredths int64) bool {
	hash := sha256.Sum256([]byte(jobID + "/" + thing))
	all := new(big.Int).Lsh(big.NewInt(1), 64)
	place := new(big.Rat).SetFrac(new(big.Int).SetBytes(hash[:8]), all)
	return place.Cmp(big.NewRat(hundredths, 10000)) < 0
}

// isMember says whether a thing is in a group or in one below it.
func isMember(r store.Reader, thing registry.ThingID, group registry.GroupID) bool {
	memberships, err := r.Memberships(thing)
	for _, m := range memberships {
		for at := m.Group; at != 0 && err == nil; {
			if at == group {
				return true
			}
			var above registry.Group
			above, err = r.Group(at)
			at = above.Parent
		}
	}
	return false
}

// gateJudged checks the gate behind a wave when it has been judged: it has soaked, or all
// executions of the wave have ended (R-STR-51). When too few of them have succeeded, or somebody
// has to approve, or there are none, it has paused the job; otherwise it has not (R-STR-52 to
// R-STR-54).
func (c *commit) gateJudged(rec *jobRecord, j job.Job) {
	of := settings(j.Definition).Waves
	for n := judged(rec.stored) + 1; n <= judged(j) && n <= len(of); n++ {
		gate := of[n-1]
		number := rec.steered.waves.earlier + uint8(n)
		ended, succeeded, goOn := rec.endedInWave(number)
		gated := gate.Soak > 0 || gate.HasOK || gate.Approve
		closed := gate.Approve || gated && ended+goOn == 0 || gate.HasOK && ended == 0
		if gate.HasOK && ended > 0 {
			least := big.NewRat(gate.OKHundredths, 10000)
			closed = closed || big.NewRat(succeeded, ended).Cmp(least) < 0
		}
		waits := gated && goOn > 0
		if last := rec.steered.waves.lastRelease[number]; gate.Soak > 0 {
			waits = c.now.Before(last.Add(gate.Soak))
		}
		if waits || closed && j.Paused == "" || !closed && strings.HasPrefix(j.Paused, "wave:") {
			c.fail("R-STR-51 to R-STR-54",
				"the gate behind wave %d of %s is judged: %+v, %d of %d, %d go on, paused %q",
				n, rec.id, gate, succeeded, ended, goOn, j.Paused)
		}
		rec.steered.paused = rec.steered.paused || closed
	}
}

// judged is behind how many waves the gate has been judged.
func judged(j job.Job) (n int) {
	if j.Steered == nil {
		return 0
	}
	for _, w := range j.Steered.Waves {
		if w.Judged {
			n++
		}
	}
	return n
}

// endedInWave counts the executions of a wave.
func (rec *jobRecord) endedInWave(number uint8) (ended, succeeded, goOn int64) {
	for _, x := range rec.executions {
		switch {
		case x.Wave != number:
		case pending(x):
			goOn++
		default:
			ended++
			if rec.waitsForConfirmation(x) {
				goOn++
			}
			if rec.isConfirmed(x) {
				succeeded++
			}
		}
	}
	return ended, succeeded, goOn
}
