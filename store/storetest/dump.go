package storetest

import (
	"errors"
	"fmt"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store"
)

// everything is one change of every kind that inserts.
func everything() (c store.Changes) {
	e := execution(1, 1, 1)
	e.Details = map[string]string{"k": "v"}
	member := registry.Membership{Group: 1, Member: registry.Member{Thing: 1}, Joined: 1}
	return store.Changes{
		Job: store.JobChanges{CreatedExecutions: []job.Execution{e}, CreatedJobs: []store.CreatedJob{{Job: fullJob(1, "job"), Document: "{}", Original: "{ }"}},
			CreatedTemplates: []job.Template{template("a")},
			LateJoinersAdded: []store.LateJoiner{{Job: 1, Thing: 1}},
			RetriesWaiting:   []store.WaitingRetry{{Job: 1, Thing: 1}},
			Holds:            []job.Hold{{Thing: 1, Reason: "a", Since: at(1)}},
			Confirmations:    []job.Confirmation{{ExecutionKey: e.ExecutionKey, ReportedAt: at(1), Until: at(2)}},
			MembershipWork:   []job.MembershipWork{{Number: 1, Thing: 1, Left: true}}},
		Settings: []store.Setting{{Name: "a", Value: []byte("on")}},
		Registry: store.RegistryChanges{
			CreatedThings: []registry.Thing{thing(1, "a")}, CreatedGroups: []registry.Group{group(1, "b")},
			AddedMemberships: []registry.Membership{member}, LeftMemberships: []registry.LeftMembership{{Membership: member, Left: 2}}, Certificates: []registry.Certificate{certificate("a", 1)},
			Authorizers:    []registry.Authorizer{authorizer("a", 1)},
			CACertificates: []registry.CACertificate{caCertificate("a", 1)},
			Policies:       []registry.Policy{policy("b", 1)}, Principals: []registry.Principal{{Thing: 1, Certificate: "a"}},
			CreatedBillingGroups: []registry.BillingGroup{billingGroup(1, "a")}, BillingMemberships: []registry.BillingMembership{{Thing: 1, Group: 1}},
			ThingTypes: []registry.ThingType{thingType("a")}, Tagged: []registry.Tagged{{Kind: registry.KindType, Name: "a", Tags: map[string]string{"k": "v"}}},
			Attached: []registry.Attachment{{Policy: "b", Kind: registry.CertificateTarget, Key: "a"}},
		},
		Outbox:   store.OutboxChanges{Added: []store.Announcement{{ID: 1, Notices: []store.Notice{{Thing: 1, Notify: true}}, Events: []store.Event{{Topic: "a", Payload: []byte("b")}}}}},
		Nodes:    store.NodeChanges{Joined: []store.Node{{ID: 1, Name: "a", Since: at(1), Sign: store.Sign{Seen: at(1)}}}},
		Clients:  store.ClientChanges{Set: []store.Client{{Name: "a", Node: 1, At: at(1)}}},
		Audit:    auditPages(1).Audit,
		Sinks:    store.SinkChanges{Created: []sink.Sink{fullSink(1, "a")}, DeadLetters: []store.DeadLetter{deadLetter(1, 1)}},
		Sessions: []store.SessionEntry{{Client: "a", Value: []byte("data")}, {Client: "a", Seq: 7, Value: []byte("message")}},
	}
}

// answers collects what reads answer, by a description of the call. What is not there is left out.
type answers struct {
	world
	got    map[string]any
	failed *error // the last error of a read; nil: an error ends the test
}

func add[T any](a answers, value []T, err error, format string, args ...any) {
	a.Helper()
	call := fmt.Sprintf(format, args...)
	if err != nil && a.failed != nil {
		*a.failed = fmt.Errorf("%s: %w", call, err)
		return
	}
	if err != nil {
		a.Fatalf("%s: %v", call, err)
	}
	if len(value) > 0 {
		a.got[call] = value
	}
}

func addOne[T comparable](a answers, value T, err error, format string, args ...any) {
	a.Helper()
	var none T
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	if err != nil || value != none {
		add(a, []T{value}, err, format, args...)
	}
}

func addWhole[T any](a answers, value T, err error, format string, args ...any) {
	a.Helper()
	if !errors.Is(err, store.ErrNotFound) {
		add(a, []T{value}, err, format, args...)
	}
}

// dump asks every read about everything in the small world of the differential.
func dump(w world, r store.Reader) map[string]any {
	w.Helper()
	a := answers{world: w, got: map[string]any{}}
	a.all(r)
	return a.got
}

// tryDump is dump on a store that may fail. The error is that of a read.
func tryDump(w world, r store.Reader) (got map[string]any, err error) {
	a := answers{world: w, got: map[string]any{}, failed: &err}
	a.all(r)
	return a.got, err
}

// all asks every read.
func (a answers) all(r store.Reader) {
	a.Helper()
	a.jobs(r)
	a.executions(r)
	a.registry(r)
	a.identity(r)
	announcements, err := r.Announcements(0, 100)
	add(a, announcements, err, "announcements")
	found, err := r.Nodes()
	add(a, found, err, "nodes")
	for _, q := range []store.AuditQuery{{Limit: 100}, {After: 4, Limit: 3}, {Before: 9, Limit: 3}} {
		pages, err := r.AuditPages(q)
		add(a, pages, err, "audit pages %v", q)
	}
	head, err := r.AuditHead()
	addOne(a, head, err, "audit head")
	mark, err := r.AuditMark()
	addOne(a, mark, err, "audit mark")
	a.sinks(r)
	for node := store.NodeID(1); node <= 3; node++ {
		clients, err := r.ClientsOf(node, store.ClientTurn{Name: "a", Turn: 1}, 3)
		add(a, clients, err, "clients of %d", node)
	}
	for _, name := range names {
		turns, err := r.Turns(name)
		add(a, turns, err, "turns of %s", name)
		var of []store.SessionEntry
		err = r.SessionsOf(name, func(s store.SessionEntry) error { of = append(of, s); return nil })
		add(a, of, err, "sessions of %s", name)
		setting, err := r.Setting(name)
		addWhole(a, setting, err, "setting %s", name)
	}
	var saved []store.SessionEntry
	err = r.Sessions(func(s store.SessionEntry) error { saved = append(saved, s); return nil })
	add(a, saved, err, "sessions")
	for _, name := range names {
		found, err := r.SessionMessages(name, 1, 2)
		add(a, found, err, "messages of %s", name)
	}
}

func (a answers) jobs(r store.Reader) {
	a.Helper()
	for key := job.Key(1); key <= maxJob; key++ {
		j, err := r.Job(key)
		addWhole(a, j, err, "job %d", key)
		document, err := r.Document(key)
		addWhole(a, document, err, "document %d", key)
		original, err := r.OriginalDocument(key)
		addWhole(a, original, err, "original document %d", key)
	}
	templates, err := r.Templates(&store.JobCursor{CreatedAt: at(2), ID: "a"}, 3)
	add(a, templates, err, "templates")
	count, err := r.TemplateCount()
	addOne(a, count, err, "count of templates")
	for _, name := range names {
		template, err := r.Template(name)
		addWhole(a, template, err, "template %s", name)
		j, err := r.JobByID(name)
		addWhole(a, j, err, "job by id %s", name)
		list, err := r.Jobs(store.JobQuery{Target: groupTarget(name).Resource(), Limit: 2})
		add(a, list, err, "jobs of target %s", name)
		list, err = r.Jobs(store.JobQuery{
			Target: groupTarget(name).Resource(),
			After:  &store.JobCursor{CreatedAt: at(2), ID: "a"},
			Limit:  3,
		})
		add(a, list, err, "jobs of target %s after one", name)
	}
	for _, status := range append(statuses, "") {
		n, err := r.JobCount(status)
		addOne(a, n, err, "count %s", status)
		q := store.JobQuery{Status: status, Limit: 3}
		list, err := r.Jobs(q)
		add(a, list, err, "jobs %s", status)
		q.After = &store.JobCursor{CreatedAt: at(2), ID: "a"}
		list, err = r.Jobs(q)
		add(a, list, err, "jobs after %s", status)
	}
	for _, selection := range []job.TargetSelection{job.Snapshot, job.Continuous} {
		n, err := r.ActiveJobs(selection)
		addOne(a, n, err, "active %s", selection)
	}
	n, err := r.ConcurrentJobs()
	addOne(a, n, err, "concurrent")
	oldest, newest, ok, err := r.RolloutMemberships()
	addOne(a, ok, err, "rollouts go on")
	addOne(a, newest-oldest, err, "newest rollout after the oldest")
	for g := registry.GroupID(1); g <= maxGroup; g++ {
		for _, after := range []job.Key{0, 2} {
			found, err := r.ContinuousJobs(g, after, 2)
			add(a, found, err, "continuous jobs of group %d after %d", g, after)
		}
	}
	for key := job.Key(1); key <= maxJob; key++ {
		things, err := r.LateJoiners(key, 3)
		add(a, things, err, "late joiners of job %d", key)
		retries, err := r.WaitingRetries(key, 3)
		add(a, retries, err, "waiting retries of job %d", key)
		confirmations, err := r.ConfirmationsOfJob(key, 3)
		add(a, confirmations, err, "confirmations of job %d", key)
		things, err = r.UsedNumbers(key, 3)
		add(a, things, err, "used numbers of job %d", key)
	}
	waiting, err := r.MembershipWork(3)
	add(a, waiting, err, "membership work")
	ended, err := r.EndedJobs(at(2), 3)
	add(a, ended, err, "ended jobs")
	for _, after := range []store.DueCursor{{}, {Due: at(1), Job: 2}} {
		due, err := r.DueJobs(after, at(2), 3)
		add(a, due, err, "due jobs after %v", after)
	}
	next, err := r.NextDue()
	addOne(a, next, err, "next due")
}

func (a answers) executions(r store.Reader) {
	a.Helper()
	failed := job.ExecutionFailed
	for j := job.Key(1); j <= maxJob; j++ {
		for t := registry.ThingID(1); t <= maxThing; t++ {
			e, err := r.Latest(j, t)
			addWhole(a, e, err, "latest %d %d", j, t)
			n, err := r.LastNumber(j, t)
			addOne(a, n, err, "last number %d %d", j, t)
		}
		for _, status := range []job.ExecutionStatus{job.ExecutionQueued, job.ExecutionInProgress} {
			list, err := r.PendingOfJob(j, status, job.ExecutionCursor{Thing: 1}, 4)
			add(a, list, err, "pending of job %d %s", j, status)
		}
		found, err := r.SomeOfJob(j, 100)
		addOne(a, len(found), err, "any of job %d", j)
		attempts, err := r.FirstAttempts(j, job.ExecutionCursor{Thing: 1}, 7)
		add(a, attempts, err, "first attempts of job %d", j)
		times, err := r.ExecutionTimes(j, job.ExecutionCursor{Thing: 1}, 7)
		add(a, times, err, "execution times of job %d", j)
		details, err := r.FailedOfJob(j, 5)
		add(a, details, err, "failed of job %d", j)
		for _, q := range []store.JobExecutionQuery{{Limit: 99}, {Limit: 3}, {Limit: 5, Status: &failed},
			{Limit: 5, After: &store.JobExecutionCursor{ThingName: "a", Thing: 3, Number: 2}}} {
			q.Job = j
			list, err := r.ExecutionsOfJob(q)
			if q.Things = 2; err == nil {
				var few []store.NamedExecution
				few, err = r.ExecutionsOfJob(q)
				list = append(list, few...)
			}
			add(a, list, err, "of job %d limit %d status %v after %v", j, q.Limit, q.Status != nil, q.After)
		}
	}
	for t := registry.ThingID(1); t <= maxThing; t++ {
		hold, err := r.HoldOf(t)
		addOne(a, hold, err, "hold of thing %d", t)
		confirmations, err := r.ConfirmationsOf(t, 2)
		add(a, confirmations, err, "confirmations of thing %d", t)
		queued, err := r.QueuedOfThing(t, job.QueueCursor{QueuedAt: at(1), Sequence: 9}, 3)
		add(a, queued, err, "queued of thing %d", t)
		list, err := r.Pending(t, 3)
		add(a, list, err, "pending %d", t)
		list, err = r.PendingWindowed(t, 2)
		add(a, list, err, "pending of jobs with windows %d", t)
		for _, q := range []store.ThingExecutionQuery{{Limit: 99}, {Limit: 2}, {Limit: 5, Job: 2},
			{Limit: 2, Job: 1, After: &store.ThingExecutionCursor{QueuedAt: at(2), JobID: "a", Number: 2}}, {Limit: 5, After: &store.ThingExecutionCursor{QueuedAt: at(2), JobID: "a", Number: 2}}} {
			q.Thing = t
			list, err := r.ExecutionsOfThing(q)
			add(a, list, err, "of thing %d limit %d %v %v", t, q.Limit, q.Job, q.After)
		}
	}
	for now := range 4 {
		list, err := r.DueExecutions(at(now), 5)
		add(a, list, err, "due executions at %d", now)
		holds, err := r.DueHolds(at(now), 3)
		add(a, holds, err, "due holds at %d", now)
		confirmations, err := r.DueConfirmations(at(now), 3)
		add(a, confirmations, err, "due confirmations at %d", now)
	}
	for _, after := range []registry.ThingID{0, 5} {
		holds, err := r.Holds(after, 3)
		add(a, holds, err, "holds after %d", after)
		confirmations, err := r.Confirmations(store.ConfirmationCursor{Thing: after, Job: 2}, 4)
		add(a, confirmations, err, "confirmations after %d", after)
	}
}

func (a answers) registry(r store.Reader) {
	a.Helper()
	for id := registry.ThingID(1); id <= maxThing; id++ {
		t, err := r.Thing(id)
		addWhole(a, t, err, "thing %d", id)
		name, err := r.ThingName(id)
		addOne(a, name, err, "thing name %d", id)
		of, err := r.Memberships(id)
		add(a, of, err, "memberships %d", id)
	}
	for _, q := range []store.ThingQuery{{Limit: 3}, {Limit: 99}, {Limit: 2, After: "a"}, {Limit: 3, Type: "lamp"},
		{Limit: 2, BillingGroup: 1}, {Limit: 3, BillingGroup: 2, After: "A"}, {Limit: 3, From: "a"}} {
		groups, err := r.GroupsOfThings(q.After, "b")
		add(a, groups, err, "groups of things from %q", q.After)
		list, err := r.Things(q)
		add(a, list, err, "things %+v", q)
	}
	for id := registry.GroupID(1); id <= maxGroup; id++ {
		g, err := r.Group(id)
		addWhole(a, g, err, "group %d", id)
		for _, after := range []string{"", "A"} {
			list, err := r.Members(id, after, 3)
			add(a, list, err, "members %d after %q", id, after)
			q := store.MemberRange{Group: id, After: after, Before: "b", Joined: 25, Limit: 2}
			counted, looked, err := r.CountBetween(q)
			addOne(a, [2]int{counted, looked}, err, "%+v", q)
			for _, number := range []int64{1, 20, 40} {
				left, err := r.LeftMembers(id, number, after, 3)
				add(a, left, err, "left members %d at %d after %q", id, number, after)
			}
		}
	}
	for first := registry.GroupID(1); first <= maxGroup; first++ {
		for _, c := range []store.MemberCount{
			{Groups: []registry.GroupID{first}, Joined: 99},
			{Groups: []registry.GroupID{first, maxGroup}, Joined: 20},
			{Groups: []registry.GroupID{first}, Joined: 40, Within: []registry.GroupID{maxGroup, 1}},
		} {
			n, err := r.CountMembers(c)
			addOne(a, n, err, "count of members %+v", c)
		}
	}
	for _, name := range names {
		id, err := r.ThingID(name)
		addOne(a, id, err, "thing id %s", name)
		t, err := r.ThingByName(name)
		addWhole(a, t, err, "thing by name %s", name)
		g, err := r.GroupByName(name)
		addWhole(a, g, err, "group by name %s", name)
		g, err = r.GroupByUUID("uuid-" + name)
		addWhole(a, g, err, "group by uuid %s", name)
		list, err := r.Groups(store.GroupQuery{Prefix: name, Limit: 3})
		add(a, list, err, "groups with prefix %s", name)
	}
	dynamic, err := r.DynamicGroups()
	add(a, dynamic, err, "dynamic groups")
	for _, limit := range []int{0, 2, 99} {
		busy, err := r.GroupsWithWork(limit)
		add(a, busy, err, "busy groups %d", limit)
	}
	for _, name := range names {
		kind, err := r.ThingType(name)
		addWhole(a, kind, err, "thing type %s", name)
		kinds, err := r.ThingTypes(name[:1], name, 3)
		add(a, kinds, err, "thing types after %s", name)
		for _, kind := range []string{registry.KindJob, registry.KindType} {
			tags, err := r.Tags(kind, name)
			if len(tags) > 0 || err != nil {
				addWhole(a, tags, err, "tags of %s %s", kind, name)
			}
		}
	}
	for id := registry.BillingGroupID(1); id <= maxGroup; id++ {
		g, err := r.BillingGroup(id)
		addOne(a, g, err, "billing group %d", id)
	}
	for _, name := range names {
		g, err := r.BillingGroupByName(name)
		addOne(a, g, err, "billing group %s", name)
		list, err := r.BillingGroups(name[:1], name, 2)
		add(a, list, err, "billing groups after %s", name)
	}
	for parent := registry.GroupID(0); parent < 2; parent++ {
		list, err := r.Groups(store.GroupQuery{Children: &parent, After: "A", Limit: 3})
		add(a, list, err, "children %d", parent)
	}
}

func (a answers) identity(r store.Reader) {
	a.Helper()
	for _, name := range names {
		c, err := r.Certificate(name)
		addOne(a, c, err, "certificate %s", name)
		ca, err := r.CACertificate(name)
		addOne(a, ca, err, "CA certificate %s", name)
		signed, err := r.CertificatesOfCA(name, store.IdentityQuery{Limit: 3})
		add(a, signed, err, "certificates of CA %s", name)
		authorities, err := r.CACertificatesOf("subject " + name[:1])
		add(a, authorities, err, "CA certificates of subject %s", name)
		p, err := r.Policy(name)
		addWhole(a, p, err, "policy %s", name)
		authorizer, err := r.Authorizer(name)
		addWhole(a, authorizer, err, "authorizer %s", name)
		template, err := r.ProvisioningTemplate(name)
		addWhole(a, template, err, "provisioning template %s", name)
		templates, err := r.ProvisioningTemplates(name, 2)
		add(a, templates, err, "provisioning templates after %s", name)
		temporary, err := r.TemporaryCertificate(name)
		addOne(a, temporary, err, "temporary certificate %s", name)
		things, err := r.ThingsOfPrincipal(name, "A", 3)
		add(a, things, err, "things of %s", name)
		targets, err := r.TargetsOf(name, registry.Attachment{Kind: registry.CertificateTarget, Key: "A"}, 3)
		add(a, targets, err, "targets of %s", name)
		for _, ascending := range []bool{true, false} {
			q := store.TargetQuery{Policy: name, Ascending: ascending, Limit: 3}
			targets, err := r.TargetsByTime(q)
			add(a, targets, err, "targets of %s by time, ascending %v", name, ascending)
			q.After = &registry.Attachment{AttachedAt: at(1), Kind: registry.GroupTarget, Key: "A"}
			targets, err = r.TargetsByTime(q)
			add(a, targets, err, "targets of %s by time after one, ascending %v", name, ascending)
		}
		for _, kind := range []registry.TargetKind{registry.CertificateTarget, registry.GroupTarget} {
			policies, err := r.PoliciesOf(kind, name)
			add(a, policies, err, "policies of %s %s", kind, name)
		}
		for id := registry.ThingID(1); id <= maxThing; id++ {
			p, err := r.Principal(id, name)
			addOne(a, p, err, "principal %d %s", id, name)
		}
	}
	for id := registry.ThingID(1); id <= maxThing; id++ {
		list, err := r.PrincipalsOfThing(id, "A", 3)
		add(a, list, err, "principals of %d", id)
	}
	for now := range 3 {
		due, err := r.TemporaryCertificates(at(now), 3)
		add(a, due, err, "temporary certificates at %d", now)
	}
	templates, err := r.ProvisioningTemplateCount()
	addOne(a, templates, err, "count of provisioning templates")
	for _, q := range []store.IdentityQuery{{Limit: 3}, {Limit: 3, Ascending: true},
		{Limit: 9, After: &store.IdentityCursor{CreatedAt: at(1), Key: "a"}},
		{Limit: 9, Ascending: true, After: &store.IdentityCursor{CreatedAt: at(1), Key: "a"}}} {
		certificates, err := r.Certificates(q)
		add(a, certificates, err, "certificates %d %v %v", q.Limit, q.Ascending, q.After)
		authorities, err := r.CACertificates(q)
		add(a, authorities, err, "CA certificates %d %v %v", q.Limit, q.Ascending, q.After)
		policies, err := r.Policies(q)
		add(a, policies, err, "policies %d %v %v", q.Limit, q.Ascending, q.After)
	}
	authorizers, err := r.Authorizers()
	add(a, authorizers, err, "authorizers")
}
