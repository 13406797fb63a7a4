package commit

import (
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// An ahead is what a commit has read before anybody asked: the things whose devices make its
// requests, and their first pending executions. A store that is far away is asked for all of them
// at once, instead of several times for each request. What a change may have made wrong is
// forgotten.
type ahead struct {
	things  map[string]registry.ThingID
	names   map[registry.ThingID]string
	pending map[registry.ThingID][]job.Execution
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
	heads, err := tx.Heads(names, PendingPage)
	if err != nil || len(heads) == 0 {
		return err
	}
	a.things = make(map[string]registry.ThingID, len(heads))
	a.names = make(map[registry.ThingID]string, len(heads))
	a.pending = make(map[registry.ThingID][]job.Execution, len(heads))
	for _, h := range heads {
		a.things[h.Name], a.names[h.Thing], a.pending[h.Thing] = h.Thing, h.Name, h.Pending
	}
	return nil
}

// forget is for changes that are written.
func (a *ahead) forget(c *store.Changes) {
	if len(a.things) == 0 {
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
		}
	}
	for _, key := range c.Job.DeletedExecutions {
		delete(a.pending, key.Thing)
	}
}
