package storetest

import (
	"fmt"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

func holds(list ...job.Hold) (c store.Changes) {
	c.Job.Holds = list
	return c
}

func waitingRetries(list ...store.WaitingRetry) (c store.Changes) {
	c.Job.RetriesWaiting = list
	return c
}

func confirmations(list ...job.Confirmation) (c store.Changes) {
	c.Job.Confirmations = list
	return c
}

// confirmation waits to be confirmed until so many seconds have passed.
func confirmation(j, thing int64, until int) job.Confirmation {
	return job.Confirmation{
		ExecutionKey: execution(j, thing, 1).ExecutionKey,
		ReportedAt:   at(0),
		Until:        at(until),
	}
}

// heldThings are the things of the holds that a read answers.
func heldThings(w world, f func(store.Reader) ([]job.Hold, error)) []registry.ThingID {
	w.Helper()
	return collect(read(w, f), func(h job.Hold) registry.ThingID { return h.Thing })
}

// confirmationsOf names the confirmations that a read answers as job/thing/number.
func confirmationsOf(w world, f func(store.Reader) ([]job.Confirmation, error)) []string {
	w.Helper()
	return collect(read(w, f), func(c job.Confirmation) string {
		return short(job.Execution{ExecutionKey: c.ExecutionKey})
	})
}

var ofSteering = []promise{
	{"whether a thing is held is in whatever reads an execution, and in none that is written (R-STR-14)", func(w world) {
		w.apply(createThings(thing(1, "a"), thing(2, "b")), createJobs(windowed(newJob(1, "j1"))))
		pretends := execution(1, 2, 1)
		pretends.Held, pretends.ShowAt = true, at(1)
		w.apply(queue(execution(1, 1, 1), pretends))
		held := func() (got []bool) {
			for _, read := range []func(store.Reader, registry.ThingID) ([]job.Execution, error){
				func(r store.Reader, t registry.ThingID) ([]job.Execution, error) {
					e, err := r.Execution(execution(1, int64(t), 1).ExecutionKey)
					return []job.Execution{e}, err
				},
				func(r store.Reader, t registry.ThingID) ([]job.Execution, error) {
					e, err := r.Latest(1, t)
					return []job.Execution{e}, err
				},
				func(r store.Reader, t registry.ThingID) ([]job.Execution, error) { return r.Pending(t, 9) },
				func(r store.Reader, t registry.ThingID) ([]job.Execution, error) { return r.PendingWindowed(t, 9) },
				func(r store.Reader, t registry.ThingID) ([]job.Execution, error) {
					return r.QueuedOfThing(t, job.QueueCursor{}, 9)
				},
				func(r store.Reader, t registry.ThingID) ([]job.Execution, error) {
					return r.PendingOfJob(1, job.ExecutionQueued, job.ExecutionCursor{}, 9)
				},
				func(r store.Reader, t registry.ThingID) ([]job.Execution, error) { return r.SomeOfJob(1, 9) },
				func(r store.Reader, t registry.ThingID) ([]job.Execution, error) { return r.DueExecutions(at(1), 9) },
				func(r store.Reader, t registry.ThingID) (list []job.Execution, err error) {
					named, err := r.ExecutionsOfJob(store.JobExecutionQuery{Job: 1, Limit: 9})
					return collect(named, func(n store.NamedExecution) job.Execution { return n.Execution }), err
				},
				func(r store.Reader, t registry.ThingID) (list []job.Execution, err error) {
					named, err := r.ExecutionsOfThing(store.ThingExecutionQuery{Thing: t, Limit: 9})
					return collect(named, func(n store.NamedExecution) job.Execution { return n.Execution }), err
				},
			} {
				w.view(func(r store.Reader) {
					found, err := read(r, 2)
					for _, e := range found {
						if err == nil && e.Thing == 2 {
							got = append(got, e.Held)
						}
					}
				})
			}
			return got
		}
		same(w, "free", held(), make([]bool, 10))
		w.apply(holds(job.Hold{Thing: 2, Reason: "r", Since: at(1)}))
		same(w, "held", held(), []bool{true, true, true, true, true, true, true, true, true, true})
		same(w, "another thing", read(w, latest(1, 1)).Held, false)
		reported := becomes(execution(1, 2, 1), job.ExecutionInProgress)
		w.apply(report(reported))
		same(w, "after a report", read(w, latest(1, 2)).Held, true)
		w.apply(store.Changes{Job: store.JobChanges{Released: []registry.ThingID{2, 2, 1}}})
		same(w, "released", read(w, latest(1, 2)).Held, false)
	}},
	{"a hold comes back whole, is rewritten, and needs a thing", func(w world) {
		w.field()
		first := job.Hold{Thing: 1, Reason: "under repair", Since: at(1), Until: at(2)}
		of := func(r store.Reader) (job.Hold, error) { return r.HoldOf(1) }
		absent(w, "before", of)
		w.apply(holds(first))
		same(w, "first", read(w, of), first)
		second := job.Hold{Thing: 1, Reason: "other", Since: at(3)}
		w.apply(holds(second))
		same(w, "second", read(w, of), second)
		same(w, "due", heldThings(w, func(r store.Reader) ([]job.Hold, error) { return r.DueHolds(at(9), 9) }), nil)
		w.refused("no thing", holds(job.Hold{Thing: 9, Reason: "r", Since: at(1)}))
	}},
	{"a hold goes with its thing, and the next of its name is free (R-STR-14)", func(w world) {
		w.field()
		w.apply(holds(job.Hold{Thing: 1, Reason: "r", Since: at(1), Until: at(2)}))
		w.apply(store.Changes{Registry: store.RegistryChanges{DeletedThings: []registry.ThingID{1}}}, createThings(thing(3, "a")))
		for id := registry.ThingID(1); id <= 3; id++ {
			absent(w, fmt.Sprint("thing ", id), func(r store.Reader) (job.Hold, error) { return r.HoldOf(id) })
		}
		same(w, "next due", read(w, store.Reader.NextDue), time.Time{})
	}},
	{"holds are listed by thing, and those that are due by the time they end at", func(w world) {
		w.apply(createThings(thing(1, "d"), thing(2, "c"), thing(3, "b"), thing(4, "a")))
		w.apply(holds(job.Hold{Thing: 4, Until: at(2)}, job.Hold{Thing: 1}, job.Hold{Thing: 3, Until: at(1)},
			job.Hold{Thing: 2, Until: at(2)}))
		for limit := 1; limit <= 5; limit++ {
			got := pages(w, limit, func(r store.Reader, after *job.Hold, limit int) ([]job.Hold, error) {
				if after == nil {
					return r.Holds(0, limit)
				}
				return r.Holds(after.Thing, limit)
			})
			same(w, fmt.Sprint("pages of ", limit), collect(got, func(h job.Hold) registry.ThingID { return h.Thing }),
				[]registry.ThingID{1, 2, 3, 4})
		}
		due := func(now, limit int) []registry.ThingID {
			return heldThings(w, func(r store.Reader) ([]job.Hold, error) { return r.DueHolds(at(now), limit) })
		}
		same(w, "before", due(0, 9), nil)
		same(w, "at", due(1, 9), []registry.ThingID{3})
		same(w, "all", due(2, 9), []registry.ThingID{3, 2, 4})
		same(w, "limit", due(2, 2), []registry.ThingID{3, 2})
		same(w, "next due", read(w, store.Reader.NextDue), at(1))
	}},
	{"things that wait for a retry: by thing, once, and removed", func(w world) {
		w.field()
		w.apply(waitingRetries(store.WaitingRetry{Job: 1, Thing: 2}, store.WaitingRetry{Job: 1, Thing: 1},
			store.WaitingRetry{Job: 2, Thing: 1}))
		of := func(limit int) []store.WaitingRetry {
			return read(w, func(r store.Reader) ([]store.WaitingRetry, error) { return r.WaitingRetries(1, limit) })
		}
		same(w, "all", of(9), []store.WaitingRetry{{Job: 1, Thing: 1}, {Job: 1, Thing: 2}})
		same(w, "limit", of(1), []store.WaitingRetry{{Job: 1, Thing: 1}})
		w.apply(waitingRetries(store.WaitingRetry{Job: 1, Thing: 1}))
		same(w, "once more", of(1), []store.WaitingRetry{{Job: 1, Thing: 1}})
		done := store.Changes{Job: store.JobChanges{RetriesDone: of(1)}}
		w.apply(done, done)
		same(w, "one is left", of(9), []store.WaitingRetry{{Job: 1, Thing: 2}})
	}},
	{"confirmations: of all by thing, of a thing by job, of a job by thing, due by time", func(w world) {
		w.field()
		w.apply(confirmations(confirmation(1, 2, 3), confirmation(2, 1, 2), confirmation(1, 1, 2), confirmation(2, 2, 1)))
		for limit := 1; limit <= 5; limit++ {
			got := pages(w, limit, func(r store.Reader, after *store.NamedConfirmation, limit int) ([]store.NamedConfirmation, error) {
				var cursor store.ConfirmationCursor
				if after != nil {
					cursor = store.ConfirmationCursor{Thing: after.Thing, Job: after.Job}
				}
				return r.Confirmations(cursor, limit)
			})
			same(w, fmt.Sprint("pages of ", limit), got,
				[]store.NamedConfirmation{{Confirmation: confirmation(1, 1, 2), ThingName: "a"}, {Confirmation: confirmation(2, 1, 2), ThingName: "a"},
					{Confirmation: confirmation(1, 2, 3), ThingName: "b"}, {Confirmation: confirmation(2, 2, 1), ThingName: "b"}})
		}
		same(w, "of a thing", confirmationsOf(w, func(r store.Reader) ([]job.Confirmation, error) {
			return r.ConfirmationsOf(1, 9)
		}), []string{"1/1/1", "2/1/1"})
		same(w, "one of a thing", confirmationsOf(w, func(r store.Reader) ([]job.Confirmation, error) {
			return r.ConfirmationsOf(2, 1)
		}), []string{"1/2/1"})
		same(w, "of a job", confirmationsOf(w, func(r store.Reader) ([]job.Confirmation, error) {
			return r.ConfirmationsOfJob(1, 9)
		}), []string{"1/1/1", "1/2/1"})
		due := func(now, limit int) []string {
			return confirmationsOf(w, func(r store.Reader) ([]job.Confirmation, error) { return r.DueConfirmations(at(now), limit) })
		}
		same(w, "due before", due(0, 9), nil)
		same(w, "due", due(2, 9), []string{"2/2/1", "1/1/1", "2/1/1"})
		same(w, "due, limit", due(9, 2), []string{"2/2/1", "1/1/1"})
		same(w, "next due", read(w, store.Reader.NextDue), at(1))
		later := confirmation(2, 2, 9)
		later.Number, later.ReportedAt = 2, at(4)
		w.apply(confirmations(later))
		after := store.ConfirmationCursor{Thing: 2, Job: 1}
		rest := func(r store.Reader) ([]store.NamedConfirmation, error) { return r.Confirmations(after, 9) }
		same(w, "rewritten", read(w, rest), []store.NamedConfirmation{{Confirmation: later, ThingName: "b"}})
		w.apply(store.Changes{Registry: store.RegistryChanges{DeletedThings: []registry.ThingID{2}}})
		same(w, "of a deleted thing", read(w, rest), []store.NamedConfirmation{{Confirmation: later}})
		done := store.Changes{Job: store.JobChanges{ConfirmationsDone: []store.ConfirmationCursor{{Thing: 1, Job: 1}}}}
		w.apply(done, done)
		same(w, "removed", due(9, 9), []string{"2/1/1", "1/2/1", "2/2/2"})
	}},
	{"a retry is due when it is to be shown, while it is QUEUED (R-STR-45)", func(w world) {
		w.field()
		waits := execution(1, 1, 1)
		waits.ShowAt, waits.Wave = at(2), 3
		w.apply(queue(waits))
		same(w, "whole", read(w, latest(1, 1)), waits)
		due := func(now int) []string {
			return shorts(w, func(r store.Reader) ([]job.Execution, error) { return r.DueExecutions(at(now), 9) })
		}
		same(w, "before", due(1), nil)
		same(w, "at", due(2), []string{"1/1/1"})
		shown := waits
		shown.ShowAt, shown.Wave = time.Time{}, 0
		w.apply(store.Changes{Job: store.JobChanges{AmendedExecutions: []job.Execution{shown}}})
		same(w, "shown", due(9), nil)
		shown.Wave = 3 // as it was queued
		same(w, "amended", read(w, latest(1, 1)), shown)
		w.apply(store.Changes{Job: store.JobChanges{AmendedExecutions: []job.Execution{waits}}})
		w.apply(report(becomes(waits, job.ExecutionCanceled)))
		same(w, "canceled", due(9), nil)
	}},
	{"a job with a waiting retry or a confirmation is not deleted", func(w world) {
		w.field()
		w.apply(waitingRetries(store.WaitingRetry{Job: 1, Thing: 1}), confirmations(confirmation(2, 1, 1)))
		w.refused("retry", deleteJobs(1))
		w.refused("confirmation", deleteJobs(2))
		w.apply(store.Changes{Job: store.JobChanges{
			RetriesDone:       []store.WaitingRetry{{Job: 1, Thing: 1}},
			ConfirmationsDone: []store.ConfirmationCursor{{Thing: 1, Job: 2}},
			DeletedJobs:       []job.Key{1, 2},
		}})
	}},
}
