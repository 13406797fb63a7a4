package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// A thing is notified when what it can see has changed: on notify when its pending executions have,
// on notify-next when the first of them has. The rules compare twice. After a commit, its notices
// are compared with how the view of each thing differs from before (R-MQTT-39). When the server has
// nothing to do, the last notifications of each thing are compared with what is true (R-MQTT-38):
// that finds what was lost between the commit and the device.

// view is what a thing can see of its pending executions.
type view struct {
	list string // all of them as a set, such as "job-1#1 job-2#3"
	next string // the first of them, "" for none
	cut  bool   // there are so many that a notification does not list them all
}

// A list shows so many executions of jobs without maintenance windows, and so many of jobs with
// them (R-ORD-5).
const plainShown, windowedShown = 10, 5

// view is what a thing can see as of the last commit.
func (ch *Checker) view(thing registry.ThingID) (v view) {
	var keys []string
	plain, windowed := 0, 0
	for _, x := range sorted(ch.pending[thing]) {
		if !ch.visible(x) {
			continue
		}
		if len(ch.jobs[x.Job].windows) > 0 {
			windowed++
		} else {
			plain++
		}
		keys = append(keys, fmt.Sprintf("%s#%d", ch.jobs[x.Job].id, x.Number))
	}
	if len(keys) > 0 {
		v.next = keys[0]
	}
	slices.Sort(keys)
	v.list, v.cut = strings.Join(keys, " "), plain > plainShown || windowed > windowedShown
	return v
}

// checkNotices compares the notices of a commit with how the views have changed. When a thing had
// several changes, one may have undone another: then it may be notified all the same.
func (c *commit) checkNotices() {
	if c.ch.broken {
		return
	}
	for thing := range c.notices {
		if _, known := c.before[thing]; !known {
			c.before[thing] = c.ch.view(thing)
		}
	}
	for thing, before := range c.before {
		c.verifyLater(thing)
		if c.ch.windowNotified[thing] {
			continue
		}
		after, got := c.ch.view(thing), c.notices[thing]
		list, next := before.list != after.list, before.next != after.next
		undone := c.changes[thing] > 1 && (got.Notify || !list) && (got.NotifyNext || !next)
		if (got.Notify != list || got.NotifyNext != next) && !undone {
			c.fail("R-MQTT-39",
				"thing %v is notified %+v: it had [%s], next %q, and has [%s], next %q",
				thing, got, before.list, before.next, after.list, after.next)
		}
	}
}

// verifyLater has the notifications of a thing compared when the server has nothing to do.
func (c *commit) verifyLater(thing registry.ThingID) {
	if name, err := c.store.ThingName(thing); err == nil {
		for _, a := range c.ch.audiences {
			a.toVerify[name] = true
		}
	}
}

// Notified remembers what a node sends to a thing on notify or notify-next.
func (ch *Checker) Notified(node int, topic string, payload []byte) {
	name, kind, _ := strings.Cut(strings.TrimPrefix(topic, "$aws/things/"), "/jobs/")
	a := ch.audiences[node]
	last, m := a.last(name), ch.parse(payload)
	if kind == "notify" {
		last.list, last.knowsList = m.list(), true
	} else {
		last.next, last.knowsNext = m.Execution.key(), true
		ch.checkNextIsNews(a, name, m.Execution)
	}
	a.toVerify[name] = true
}

// checkNextIsNews checks that a thing is not notified twice in a row that the same execution is
// next: some clients begin their work again with each such message (R-MQTT-39).
func (ch *Checker) checkNextIsNews(a *audience, name string, x *execution) {
	head := ""
	if x != nil {
		head = fmt.Sprintf("%s queued %d", x.key(), x.QueuedAt)
	}
	if before, known := a.lastNext[name]; known && before == head {
		ch.fail("R-MQTT-39", "%s is notified again that %q is next", name, head)
	}
	a.lastNext[name] = head
}

// checkNotified compares what each thing was notified of with what is true (R-MQTT-38, R-ORD-6).
// Only those things are looked at for which either has changed since the last time.
func (ch *Checker) checkNotified(a *audience, r store.Reader) {
	for name := range a.toVerify {
		thing, _ := r.ThingID(name) // a thing that does not exist has nothing pending
		last, want := a.last(name), ch.view(thing)
		if last.knowsNext && last.next != want.next {
			ch.fail("R-MQTT-38", "%s was notified that %q is next, it is %q",
				name, last.next, want.next)
		}
		if last.knowsList && last.list != want.list && !want.cut {
			ch.fail("R-MQTT-38", "%s was notified that [%s] is pending, it is [%s]",
				name, last.list, want.list)
		}
	}
	clear(a.toVerify)
}
