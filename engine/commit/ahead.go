package commit

import (
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// An ahead is what a commit has read before anybody asked: the things whose devices make its
// requests, or that a rollout has come to, whether they are held, their first pending executions,
// and the last numbers of their executions of a job. A store that is far away is asked for all of them
// at once, instead of several times for each request. What a change may have made wrong is
// forgotten.
type ahead struct {
	things  map[string]registry.ThingID
	names   map[registry.ThingID]string
	pending map[registry.ThingID][]job.Execution
	held    map[registry.ThingID]bool
	last    map[registry.ThingID]int64 // of the job lastOf
	lastOf  job.Key
}

// read reads ahead for the things that requests name.
func (a *ahead) read(tx store.Tx, batch []*request) error {
	var names []string
	for _, r := range batch {
		if r.thing != "" {
			names = append(names, r.thing)
		}
	}
	if len(names) < 2 { // nothing to gain
		return nil
	}
	return a.readHeads(tx, names)
}

// readHeads reads the first pending executions of things.
func (a *ahead) readHeads(tx store.Tx, names []string) error {
	heads, err := tx.Heads(names, PendingPage)
	if err != nil || len(heads) == 0 {
		return err
	}
	if a.things == nil {
		a.things = make(map[string]registry.ThingID, len(heads))
		a.names = make(map[registry.ThingID]string, len(heads))
		a.pending = make(map[registry.ThingID][]job.Execution, len(heads))
		a.held = make(map[registry.ThingID]bool, len(heads))
	}
	for _, h := range heads {
		a.things[h.Name], a.names[h.Thing], a.pending[h.Thing] = h.Thing, h.Name, h.Pending
		a.held[h.Thing] = h.Held
	}
	return nil
}

// ReadAhead reads what a rollout asks about each of the next members of a group.
func (tx *Tx) ReadAhead(key job.Key, members []registry.Membership) error {
	if len(members) == 0 {
		return nil
	}
	things, names := make([]registry.ThingID, len(members)), make([]string, len(members))
	for i, m := range members {
		things[i], names[i] = m.Thing, m.Name
	}
	last, err := tx.inner.LastNumbers(key, things)
	if err != nil {
		return err
	}
	tx.ahead.last, tx.ahead.lastOf = last, key
	return tx.ahead.readHeads(tx.inner, names)
}

// LastNumber returns the highest number that an execution of a job on a thing had, 0 for none.
func (tx *Tx) LastNumber(key job.Key, thing registry.ThingID) (int64, error) {
	if number, ok := tx.ahead.last[thing]; ok && tx.ahead.lastOf == key {
		return number, nil
	}
	return tx.executionReader.LastNumber(key, thing)
}

// forget is for changes that are written.
func (a *ahead) forget(c *store.Changes) {
	if len(a.things) == 0 && len(a.last) == 0 {
		return
	}
	if len(c.Registry.CreatedThings) > 0 || len(c.Registry.DeletedThings) > 0 {
		*a = ahead{}
		return
	}
	for _, list := range [][]job.Execution{
		c.Job.CreatedExecutions, c.Job.UpdatedExecutions, c.Job.AmendedExecutions,
	} {
		for _, x := range list {
			delete(a.pending, x.Thing)
			delete(a.last, x.Thing)
		}
	}
	for _, key := range c.Job.DeletedExecutions {
		delete(a.pending, key.Thing)
		delete(a.last, key.Thing)
	}
	for _, hold := range c.Job.Holds {
		delete(a.pending, hold.Thing)
		delete(a.held, hold.Thing)
	}
	for _, thing := range c.Job.Released {
		delete(a.pending, thing)
		delete(a.held, thing)
	}
	for _, used := range c.Job.ForgottenNumbers {
		delete(a.last, used.Thing)
	}
}
