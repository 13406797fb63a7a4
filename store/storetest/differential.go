package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// seedVariable replays one run of the differential: DROVER_SEED=17 go test -run memory
// ./store/sqlite.
const seedVariable = "DROVER_SEED"

// steps is how many writes one run of the differential makes, and pace after how many it compares
// every read.
const steps, pace = 120, 5

// differential applies the same random writes to the memory store and to the store under test. Both
// must answer each alike, and after every few of them every read must be equal.
func differential(t *testing.T, open func(t *testing.T) store.Store) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	reference, subject := world{t, memory.Open()}, world{t, open(t)}
	defer closeStore(t, subject.Store)
	random := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	for step := range steps {
		changes, giveUp := random.write(reference)
		want, got := outcome(reference, changes, giveUp), outcome(subject, changes, giveUp)
		if want != got {
			t.Fatalf("%s=%d step %d: %+v: got %s, want %s", seedVariable, seed, step, changes, got, want)
		}
		if step%pace != 0 {
			continue
		}
		var left, right map[string]any
		reference.view(func(r store.Reader) { left = dump(reference, r) })
		subject.view(func(r store.Reader) { right = dump(subject, r) })
		same(subject, fmt.Sprintf("%s=%d step %d: after %+v", seedVariable, seed, step, changes), right, left)
		if t.Failed() {
			return
		}
	}
}

// outcome applies changes and says how the write ended. Of one that is given up it does not say
// whether there was a conflict as well: a store may not have found it yet.
func outcome(w world, changes []store.Changes, giveUp bool) string {
	err := applyAll(w, changes, giveUp)
	switch {
	case err == nil:
		return "committed"
	case giveUp && errors.Is(err, store.ErrConflict):
		return "given up"
	case errors.Is(err, store.ErrConflict):
		return "conflict"
	case errors.Is(err, errGiveUp):
		return "given up"
	}
	return err.Error()
}

// applyAll applies changes in one write, which may be given up then.
func applyAll(w world, changes []store.Changes, giveUp bool) error {
	return w.Write(w.Context(), func(tx store.Tx) error {
		for _, c := range changes {
			if err := tx.Apply(c); err != nil {
				return err
			}
		}
		if giveUp {
			return errGiveUp
		}
		return nil
	})
}

// The differential works in a small world, so that keys, names and times meet often.
const (
	maxThing = 12
	maxGroup = 5
	maxJob   = 5
)

var (
	names    = []string{"a", "A", "a:b", "a-b", "a_b", "b", "B"}
	statuses = []job.Status{job.Scheduled, job.InProgress, job.Completed, job.Canceled, job.DeletionInProgress}
)

type generator struct {
	*rand.Rand
	sequence int64
}

// write makes the changes of one write, each on its own Apply. A change that does not fit is mostly
// drawn again.
func (g *generator) write(w world) (changes []store.Changes, giveUp bool) {
	for range 1 + g.IntN(4) {
		for range 10 {
			var c store.Changes
			for range 1 + g.IntN(2) {
				g.change(w, &c)
			}
			err := applyAll(w, append(changes, c), true)
			if !errors.Is(err, store.ErrConflict) || g.IntN(100) == 0 {
				changes = append(changes, c)
				break
			}
		}
	}
	return changes, g.IntN(12) == 0
}

func pick[T any](g *generator, list []T) T { return list[g.IntN(len(list))] }

func (g *generator) key(limit int) int64     { return 1 + int64(g.IntN(limit)) }
func (g *generator) thing() registry.ThingID { return registry.ThingID(g.key(maxThing)) }
func (g *generator) group() registry.GroupID { return registry.GroupID(g.key(maxGroup)) }
func (g *generator) node() store.NodeID      { return store.NodeID(g.key(3)) }
func (g *generator) time() time.Time         { return at(g.IntN(4)) }
func (g *generator) principal() (p registry.Principal) {
	return registry.Principal{Thing: g.thing(), Certificate: pick(g, names), Exclusive: g.IntN(2) == 0}
}

func (g *generator) attachment() registry.Attachment {
	kinds := []registry.TargetKind{registry.CertificateTarget, registry.GroupTarget}
	return registry.Attachment{Policy: pick(g, names), Kind: pick(g, kinds), Key: pick(g, names[:3]), AttachedAt: g.time()}
}

// change adds one random change; most fit what is stored, some do not.
func (g *generator) change(w world, c *store.Changes) {
	switch n := g.IntN(100); {
	case n < 50:
		g.changeExecutions(w, &c.Job)
	case n < 62:
		g.changeJobs(w, &c.Job)
	case n < 69:
		g.changeSteering(&c.Job)
	case n < 90:
		g.changeRegistry(&c.Registry)
	default:
		g.changeRest(c)
	}
}

func (g *generator) changeExecutions(w world, c *store.JobChanges) {
	key := job.ExecutionKey{Job: job.Key(g.key(maxJob)), Thing: g.thing(), Number: g.key(3)}
	var stored job.Execution
	w.view(func(r store.Reader) {
		if found, err := r.SomeOfJob(key.Job, 20); err == nil && len(found) > 0 {
			stored = pick(g, found)
		}
	})
	switch n := g.IntN(10); {
	case n < 4 || stored.Job == 0:
		g.sequence++
		e := execution(int64(key.Job), int64(key.Thing), key.Number)
		e.QueuedAt, e.Sequence, e.Attempt = g.time(), g.sequence, g.IntN(3)
		e.Wave, e.Held = uint8(g.IntN(3)), g.IntN(2) == 0
		if g.IntN(3) == 0 {
			e.ShowAt = g.time()
		}
		c.CreatedExecutions = append(c.CreatedExecutions, e)
	case n < 8:
		if stored.Version++; g.IntN(20) == 0 {
			stored.Version++
		}
		stored.Status = job.ExecutionStatus(g.IntN(8))
		g.rewrite(&stored)
		c.UpdatedExecutions = append(c.UpdatedExecutions, stored)
	case n < 9:
		g.rewrite(&stored)
		c.AmendedExecutions = append(c.AmendedExecutions, stored)
	default:
		c.DeletedExecutions = append(c.DeletedExecutions, stored.ExecutionKey)
		if g.IntN(4) == 0 {
			c.EndingJobs = append(c.EndingJobs, stored.Job)
		}
	}
}

func (g *generator) rewrite(e *job.Execution) {
	e.Deadline, e.StepDeadline, e.UpdatedAt = time.Time{}, time.Time{}, g.time()
	if g.IntN(2) == 0 {
		e.Deadline = g.time()
	}
	if g.IntN(2) == 0 {
		e.StepDeadline = g.time()
	}
	e.Details = map[string]string{"n": fmt.Sprint(g.IntN(9))}
	e.Message = pick(g, []string{"", "message"})
	e.ShowAt, e.Wave = time.Time{}, uint8(g.IntN(3))
	if g.IntN(3) == 0 {
		e.ShowAt = g.time()
	}
}

// changeSteering adds or removes a waiting retry, a hold or a confirmation.
func (g *generator) changeSteering(c *store.JobChanges) {
	key := job.ExecutionKey{Job: job.Key(g.key(maxJob)), Thing: g.thing(), Number: g.key(3)}
	retry := store.WaitingRetry{Job: key.Job, Thing: key.Thing}
	hold := job.Hold{Thing: key.Thing, Reason: pick(g, names), Since: g.time()}
	if g.IntN(2) == 0 {
		hold.Until = g.time()
	}
	switch g.IntN(7) {
	case 0:
		c.RetriesWaiting = append(c.RetriesWaiting, retry)
	case 1:
		c.RetriesDone = append(c.RetriesDone, retry)
	case 2:
		c.Holds = append(c.Holds, hold)
	case 3:
		c.Released = append(c.Released, key.Thing)
	case 4:
		c.Confirmations = append(c.Confirmations,
			job.Confirmation{ExecutionKey: key, ReportedAt: g.time(), Until: g.time()})
	case 5:
		done := store.ConfirmationCursor{Thing: key.Thing, Job: key.Job}
		c.ConfirmationsDone = append(c.ConfirmationsDone, done)
	case 6:
		c.SilentExecutions = append(c.SilentExecutions, key)
	}
}

func (g *generator) changeJobs(w world, c *store.JobChanges) {
	j := newJob(g.key(maxJob), pick(g, names))
	j.CreatedAt, j.Status, j.Namespace = g.time(), pick(g, statuses), pick(g, []string{"", "ns"})
	j.TargetSelection = pick(g, []job.TargetSelection{job.Snapshot, job.Continuous})
	j.Targets = []job.Target{groupTarget(pick(g, names)), groupTarget(pick(g, names))}
	if g.IntN(2) == 0 {
		j.Due = g.time()
	}
	if j.Key%2 == 0 { // always: windows do not come and go
		j = windowed(j)
	}
	j.UpdatedAt, j.TargetGroups = g.time(), []registry.GroupID{g.group()}
	j.Sweep = pick(g, []job.Sweep{job.NoSweep, job.SweepQueued})
	joiner := store.LateJoiner{Job: j.Key, Thing: g.thing()}
	made := template(pick(g, names))
	made.CreatedAt = g.time()
	work := job.MembershipWork{Number: g.key(6), Thing: g.thing(), Job: j.Key, Left: g.IntN(2) == 0}
	work.Before, work.Queued.QueuedAt = []registry.GroupID{g.group()}, g.time()
	switch n := g.IntN(18); {
	case n == 17:
		c.MembershipWork = append(c.MembershipWork, work)
	case n == 16:
		c.MembershipWorkDone = append(c.MembershipWorkDone, work.Number)
	case n == 15:
		c.DeletedTemplates = append(c.DeletedTemplates, made.ID)
	case n >= 13:
		c.CreatedTemplates = append(c.CreatedTemplates, made)
	case n == 12:
		c.LateJoinersDone = append(c.LateJoinersDone, joiner)
	case n >= 10:
		c.LateJoinersAdded = append(c.LateJoinersAdded, joiner)
	case n < 4:
		c.CreatedJobs = append(c.CreatedJobs, store.CreatedJob{Job: j, Document: pick(g, names), Original: pick(g, []string{"", "original"})})
	case n < 6:
		c.Definitions = append(c.Definitions, j)
	case n < 9:
		c.States = append(c.States, j)
	default:
		w.view(func(r store.Reader) {
			found, _ := r.SomeOfJob(j.Key, 100)
			for _, e := range found {
				c.DeletedExecutions = append(c.DeletedExecutions, e.ExecutionKey)
				c.EndingJobs = append(c.EndingJobs, j.Key)
			}
			waiting, _ := r.LateJoiners(j.Key, 100)
			for _, thing := range waiting {
				c.LateJoinersDone = append(c.LateJoinersDone, store.LateJoiner{Job: j.Key, Thing: thing})
			}
			retries, _ := r.WaitingRetries(j.Key, 100)
			c.RetriesDone = append(c.RetriesDone, retries...)
			confirmations, _ := r.ConfirmationsOfJob(j.Key, 100)
			for _, one := range confirmations {
				done := store.ConfirmationCursor{Thing: one.Thing, Job: one.Job}
				c.ConfirmationsDone = append(c.ConfirmationsDone, done)
			}
			used, _ := r.UsedNumbers(j.Key, 100)
			for _, thing := range used[:g.IntN(len(used)+1)] {
				c.ForgottenNumbers = append(c.ForgottenNumbers, store.UsedNumber{Job: j.Key, Thing: thing})
			}
		})
		c.DeletedJobs = append(c.DeletedJobs, j.Key)
	}
}

func (g *generator) changeRegistry(c *store.RegistryChanges) {
	one := thing(int64(g.thing()), pick(g, names))
	one.Type, one.Attributes = pick(g, []string{"", "lamp"}), map[string]string{"n": fmt.Sprint(g.IntN(3))}
	several := group(int64(g.group()), pick(g, names))
	several.Parent = registry.GroupID(g.IntN(2))
	several.Query, several.Work = pick(g, []string{"", "*"}), pick(g, []registry.GroupWork{registry.NoGroupWork, registry.Building})
	several.Scanned = pick(g, names)
	membership := registry.Membership{Group: several.ID, Member: registry.Member{Thing: one.ID}, Joined: int64(g.IntN(50))}
	one.BillingGroup = registry.BillingGroupID(g.IntN(maxGroup))
	switch g.IntN(24) {
	case 20, 21, 22, 23:
		g.changeBillingGroups(c)
	case 16, 17, 18:
		g.changeTypes(c)
	case 0, 1, 2:
		c.CreatedThings = append(c.CreatedThings, one)
	case 3:
		c.UpdatedThings = append(c.UpdatedThings, one)
	case 4:
		c.DeletedThings = append(c.DeletedThings, one.ID)
	case 5:
		c.CreatedGroups = append(c.CreatedGroups, several)
	case 6:
		c.UpdatedGroups = append(c.UpdatedGroups, several)
	case 7:
		c.DeletedGroups = append(c.DeletedGroups, several.ID)
	case 19:
		ended := registry.LeftMembership{Membership: membership, Left: membership.Joined + int64(g.IntN(9))}
		ended.Name = one.Name
		if g.IntN(3) > 0 {
			c.LeftMemberships = append(c.LeftMemberships, ended)
		} else {
			c.ForgottenMemberships = append(c.ForgottenMemberships, ended)
		}
	case 8, 9:
		c.AddedMemberships = append(c.AddedMemberships, membership)
	case 10:
		c.RemovedMemberships = append(c.RemovedMemberships, membership)
	default:
		g.changeIdentity(c)
	}
}

func (g *generator) changeBillingGroups(c *store.RegistryChanges) {
	one := billingGroup(g.key(maxGroup), pick(g, names))
	one.UUID, one.CreatedAt, one.Version = pick(g, names), g.time(), g.key(3)
	one.Description = pick(g, []string{"", "d"})
	switch g.IntN(6) {
	case 0, 1:
		c.CreatedBillingGroups = append(c.CreatedBillingGroups, one)
	case 2:
		c.UpdatedBillingGroups = append(c.UpdatedBillingGroups, one)
	case 3:
		c.DeletedBillingGroups = append(c.DeletedBillingGroups, one.ID)
	default:
		set := registry.BillingMembership{Thing: g.thing(), Group: registry.BillingGroupID(g.IntN(maxGroup + 1))}
		c.BillingMemberships = append(c.BillingMemberships, set)
	}
}

func (g *generator) changeTypes(c *store.RegistryChanges) {
	kind := thingType(pick(g, names))
	kind.CreatedAt, kind.UUID = g.time(), pick(g, names)
	if g.IntN(2) == 0 {
		kind.DeprecatedAt = g.time()
	}
	switch g.IntN(3) {
	case 0:
		c.ThingTypes = append(c.ThingTypes, kind)
	case 1:
		c.DeletedThingTypes = append(c.DeletedThingTypes, kind.Name)
	case 2:
		tags := registry.Tagged{Kind: pick(g, []string{registry.KindJob, registry.KindType}), Name: kind.Name, Tags: map[string]string{}}
		for range g.IntN(3) {
			tags.Tags[pick(g, names)] = pick(g, names)
		}
		c.Tagged = append(c.Tagged, tags)
	}
}

func (g *generator) changeIdentity(c *store.RegistryChanges) {
	switch g.IntN(14) {
	case 10:
		one := caCertificate(pick(g, names), g.IntN(3))
		one.AutoRegister = g.IntN(2) == 0
		c.CACertificates = append(c.CACertificates, one)
	case 11:
		c.DeletedCACertificates = append(c.DeletedCACertificates, pick(g, names))
	case 12:
		c.ProvisioningTemplates = append(c.ProvisioningTemplates, provisioningTemplate(pick(g, names), g.IntN(4)))
		if g.IntN(3) == 0 {
			c.DeletedProvisioningTemplates = append(c.DeletedProvisioningTemplates, pick(g, names))
		}
	case 13:
		temporary := registry.TemporaryCertificate{Certificate: pick(g, names), Until: g.time(), Policy: pick(g, names)}
		c.TemporaryCertificates = append(c.TemporaryCertificates, temporary)
		c.KeptCertificates = append(c.KeptCertificates, pick(g, names))
	case 0:
		one := certificate(pick(g, names), g.IntN(3))
		if g.IntN(2) == 0 {
			one.CA = pick(g, names)
		}
		c.Certificates = append(c.Certificates, one)
	case 1:
		c.DeletedCertificates = append(c.DeletedCertificates, pick(g, names))
	case 2:
		c.Policies = append(c.Policies, policy(pick(g, names), g.IntN(3)))
	case 3:
		c.DeletedPolicies = append(c.DeletedPolicies, pick(g, names))
	case 4:
		c.Attached = append(c.Attached, g.attachment())
	case 5:
		c.Detached = append(c.Detached, g.attachment())
	case 6:
		c.Principals = append(c.Principals, g.principal())
	case 7:
		c.DeletedPrincipals = append(c.DeletedPrincipals, g.principal())
	case 8:
		c.Authorizers = append(c.Authorizers, authorizer(pick(g, names), g.IntN(3)))
	case 9:
		c.DeletedAuthorizers = append(c.DeletedAuthorizers, pick(g, names))
	}
}

// changeNodes adds a change of a node or of a client, or none.
func (g *generator) changeNodes(c *store.Changes) {
	n := store.Node{ID: g.node(), Name: pick(g, names), Since: g.time(), Sign: store.Sign{Position: g.key(20), Seen: g.time()}}
	client := store.Client{
		Name: pick(g, names), Turn: g.key(2), Node: g.node(), Claim: g.key(9), Connections: g.key(9), At: g.time(),
		Connected: g.IntN(2) == 0, AsThing: g.IntN(2) == 0, MayReturn: g.IntN(2) == 0, Session: pick(g, names), Reason: pick(g, names),
	}
	if g.IntN(2) == 0 {
		client.Value = []byte(pick(g, names))
	}
	switch g.IntN(8) {
	case 0, 1:
		c.Nodes.By, c.Nodes.Joined = 0, []store.Node{n}
	case 2:
		c.Nodes.GivenUp = []store.GivenUp{{Node: n.ID, Heir: g.node()}}
	case 3:
		c.Nodes.Gone = []store.NodeID{n.ID}
	case 4:
		c.Clients.Removed = []store.ClientTurn{{Name: client.Name, Turn: client.Turn}}
	case 5:
		c.Clients.Unowned = g.node()
	default:
		c.Nodes.By, c.Clients.Set = 0, []store.Client{client}
	}
}

func (g *generator) changeRest(c *store.Changes) {
	switch g.IntN(13) {
	case 9, 10, 11, 12:
		g.changeSinks(c)
	case 0:
		c.Outbox.Added = append(c.Outbox.Added, store.Announcement{ID: g.key(20), Notices: []store.Notice{{Thing: g.thing(), Notify: true}}})
	case 4:
		c.Outbox.Added = append(c.Outbox.Added, store.Announcement{ID: g.key(20), Events: []store.Event{{Topic: pick(g, names), Payload: []byte(pick(g, names))}}})
	case 5:
		value := []byte(pick(g, names))
		if g.IntN(3) == 0 {
			value = nil
		}
		c.Settings = append(c.Settings, store.Setting{Name: pick(g, names), Value: value})
	case 1:
		c.Nodes.Sign = store.Sign{Position: g.key(20), Seen: at(g.IntN(4)), Connections: g.IntN(9), Ready: g.IntN(2) == 0}
		c.Nodes.By = g.node()
		g.changeNodes(c)
	case 2:
		c.Sessions = append(c.Sessions, store.SessionEntry{Client: pick(g, names), Seq: uint64(g.IntN(3)), Value: []byte{byte(g.IntN(9))}})
	case 3:
		c.Sessions = append(c.Sessions, store.SessionEntry{Client: pick(g, names), Seq: uint64(g.IntN(3))})
	case 6:
		own := session(pick(g, names), uint64(g.IntN(3)))
		own.Body = []byte(pick(g, names))
		c.Sessions = append(c.Sessions, own)
	case 7:
		c.Sessions = append(c.Sessions,
			shared(pick(g, names), uint64(g.IntN(3)), uint64(1+g.IntN(4)), pick(g, names)))
	case 8:
		if n := g.key(20); g.IntN(4) == 0 {
			c.Audit.Cut = n
		} else {
			c.Audit.Added = append(c.Audit.Added, auditPage(n, 1+g.IntN(3)))
		}
	}
}
