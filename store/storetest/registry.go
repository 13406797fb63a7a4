package storetest

import (
	"fmt"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

func deleteThings(ids ...registry.ThingID) (c store.Changes) {
	c.Registry.DeletedThings = ids
	return c
}

func join(group, thing, joined int64) (c store.Changes) {
	m := registry.Membership{Group: registry.GroupID(group), Joined: joined}
	m.Thing = registry.ThingID(thing)
	c.Registry.AddedMemberships = []registry.Membership{m}
	return c
}

func leave(group, thing int64) (c store.Changes) {
	c = join(group, thing, 0)
	c.Registry.RemovedMemberships, c.Registry.AddedMemberships = c.Registry.AddedMemberships, nil
	return c
}

func left(group, thing int64, name string, joined, ended int64) (c store.Changes) {
	m := registry.LeftMembership{Left: ended}
	m.Group, m.Thing, m.Name, m.Joined = registry.GroupID(group), registry.ThingID(thing), name, joined
	c.Registry.LeftMemberships = []registry.LeftMembership{m}
	return c
}

func forget(group, thing int64, name string, joined int64) (c store.Changes) {
	c = left(group, thing, name, joined, 0)
	c.Registry.ForgottenMemberships, c.Registry.LeftMemberships = c.Registry.LeftMemberships, nil
	return c
}

func thingName(t registry.Thing) string       { return t.Name }
func groupName(g registry.Group) string       { return g.Name }
func memberName(m registry.Membership) string { return m.Name }

func listThings(w world, q store.ThingQuery, limit int) []string {
	w.Helper()
	return collect(pages(w, limit, func(r store.Reader, after *registry.Thing, limit int) ([]registry.Thing, error) {
		q.Limit = limit
		if after != nil {
			q.After = after.Name
		}
		return r.Things(q)
	}), thingName)
}

func listGroups(w world, q store.GroupQuery, limit int) []string {
	w.Helper()
	return collect(pages(w, limit, func(r store.Reader, after *registry.Group, limit int) ([]registry.Group, error) {
		q.Limit = limit
		if after != nil {
			q.After = after.Name
		}
		return r.Groups(q)
	}), groupName)
}

func members(w world, group registry.GroupID, limit int) []string {
	w.Helper()
	return collect(pages(w, limit, func(r store.Reader, after *registry.Membership, limit int) ([]registry.Membership, error) {
		name := ""
		if after != nil {
			name = after.Name
		}
		return r.Members(group, name, limit)
	}), memberName)
}

var things = []promise{
	{"a thing comes back whole, by key and by name", func(w world) {
		want := thing(5, "a:b_c-D")
		want.Type, want.Version, want.Attributes = "lamp", 3, map[string]string{"color": "red <&>", "empty": ""}
		w.apply(createThings(want))
		same(w, "by key", read(w, func(r store.Reader) (registry.Thing, error) { return r.Thing(5) }), want)
		same(w, "by name", read(w, func(r store.Reader) (registry.Thing, error) { return r.ThingByName(want.Name) }), want)
		same(w, "key", read(w, func(r store.Reader) (registry.ThingID, error) { return r.ThingID(want.Name) }), want.ID)
		same(w, "name", read(w, func(r store.Reader) (string, error) { return r.ThingName(5) }), want.Name)
	}},
	{"a thing that does not exist is not found", func(w world) {
		absent(w, "key", func(r store.Reader) (registry.Thing, error) { return r.Thing(1) })
		absent(w, "name", func(r store.Reader) (registry.Thing, error) { return r.ThingByName("a") })
		absent(w, "id", func(r store.Reader) (registry.ThingID, error) { return r.ThingID("a") })
		absent(w, "name of", func(r store.Reader) (string, error) { return r.ThingName(1) })
	}},
	{"names that differ only in case, and names with : _ -, are different", func(w world) {
		names := []string{"-a", ":a", "A", "_a", "a", "a-b", "a:b", "aB", "a_b", "ab"}
		for i, name := range names {
			w.apply(createThings(thing(int64(i+1), name)))
		}
		for i, name := range names {
			same(w, name, read(w, func(r store.Reader) (registry.ThingID, error) { return r.ThingID(name) }), registry.ThingID(i+1))
		}
		for limit := 1; limit <= 11; limit++ {
			same(w, fmt.Sprint("pages of ", limit), listThings(w, store.ThingQuery{}, limit), names)
		}
	}},
	{"things are listed from a name on, whether there is one of that name or not", func(w world) {
		for i, name := range []string{"B", "a", "b", "c"} {
			w.apply(createThings(thing(int64(i+1), name)))
		}
		for _, row := range []struct {
			from, after string
			want        []string
		}{
			{"b", "", []string{"b", "c"}}, {"aa", "", []string{"b", "c"}}, {"B", "a", []string{"b", "c"}},
			{"b", "a", []string{"b", "c"}}, {"b", "b", []string{"c"}}, {"d", "", nil},
		} {
			q := store.ThingQuery{From: row.from, After: row.after}
			for limit := 1; limit <= 3; limit++ {
				same(w, fmt.Sprintf("%+v by %d", q, limit), listThings(w, q, limit), row.want)
			}
		}
	}},
	{"a taken thing name or key is a conflict", func(w world) {
		w.apply(createThings(thing(1, "a")))
		w.refused("name", createThings(thing(2, "a")))
		w.refused("key", createThings(thing(1, "b")))
	}},
	{"an update rewrites type, attributes and version", func(w world) {
		want := thing(1, "a")
		w.apply(createThings(want))
		want.Type, want.Version, want.Attributes = "lamp", 2, map[string]string{"k": "v"}
		update := func(t registry.Thing) store.Changes {
			return store.Changes{Registry: store.RegistryChanges{UpdatedThings: []registry.Thing{t}}}
		}
		w.apply(update(want))
		same(w, "thing", read(w, func(r store.Reader) (registry.Thing, error) { return r.Thing(1) }), want)
		w.refused("of nothing", update(thing(2, "b")))
	}},
	{"a deleted thing's name is free, and readable by its key as long as it has executions (R-EXE-24)", func(w world) {
		w.apply(createThings(thing(1, "a")), createJobs(newJob(1, "j")), queue(execution(1, 1, 1)), deleteThings(1))
		absent(w, "key", func(r store.Reader) (registry.Thing, error) { return r.Thing(1) })
		absent(w, "name", func(r store.Reader) (registry.Thing, error) { return r.ThingByName("a") })
		same(w, "list", listThings(w, store.ThingQuery{}, 5), nil)
		w.apply(createThings(thing(2, "a")), deleteThings(2), createThings(thing(3, "a")))
		for _, key := range []registry.ThingID{1, 3} {
			same(w, "name", read(w, func(r store.Reader) (string, error) { return r.ThingName(key) }), "a")
		}
		absent(w, "name of one without executions", func(r store.Reader) (string, error) { return r.ThingName(2) })
		same(w, "names", read(w, func(r store.Reader) (map[registry.ThingID]string, error) {
			return r.ThingNames([]registry.ThingID{3, 2, 1, 3, 99})
		}), map[registry.ThingID]string{1: "a", 3: "a"})
		same(w, "no names", read(w, func(r store.Reader) (map[registry.ThingID]string, error) { return r.ThingNames(nil) }), map[registry.ThingID]string{})
		same(w, "key", read(w, func(r store.Reader) (registry.ThingID, error) { return r.ThingID("a") }), registry.ThingID(3))
		w.refused("deleting it again", deleteThings(1))
		w.refused("its key again", createThings(thing(1, "b")))
	}},
	{"a thing with memberships or certificates is not deleted before them", func(w world) {
		w.apply(createThings(thing(1, "a")), createGroups(group(1, "g")), join(1, 1, 1))
		w.refused("membership", deleteThings(1))
		p := []registry.Principal{{Thing: 1, Certificate: "c"}}
		w.apply(leave(1, 1), store.Changes{Registry: store.RegistryChanges{Principals: p}})
		w.refused("principal", deleteThings(1))
		w.apply(store.Changes{Registry: store.RegistryChanges{DeletedPrincipals: p, DeletedThings: []registry.ThingID{1}}})
	}},
	{"things are filtered by type, with full pages", func(w world) {
		for i := range 30 {
			one := thing(int64(i+1), fmt.Sprintf("t%02d", i))
			if i%10 == 7 {
				one.Type = "lamp"
			}
			w.apply(createThings(one))
		}
		for _, row := range []struct {
			q    store.ThingQuery
			want []string
		}{
			{store.ThingQuery{Type: "lamp"}, []string{"t07", "t17", "t27"}},
			{store.ThingQuery{Type: "Lamp"}, nil},
		} {
			for limit := 1; limit <= 4; limit++ {
				same(w, fmt.Sprintf("%+v by %d", row.q, limit), listThings(w, row.q, limit), row.want)
			}
		}
	}},
}

var groups = []promise{
	{"a group comes back whole, by key, name and UUID", func(w world) {
		want := group(3, "g")
		want.Parent, want.Description, want.Version, want.Attributes = 2, "text", 4, map[string]string{"k": "v"}
		w.apply(createGroups(want))
		same(w, "key", read(w, func(r store.Reader) (registry.Group, error) { return r.Group(3) }), want)
		same(w, "name", read(w, func(r store.Reader) (registry.Group, error) { return r.GroupByName("g") }), want)
		same(w, "uuid", read(w, func(r store.Reader) (registry.Group, error) { return r.GroupByUUID(want.UUID) }), want)
		absent(w, "key", func(r store.Reader) (registry.Group, error) { return r.Group(1) })
		absent(w, "name", func(r store.Reader) (registry.Group, error) { return r.GroupByName("G") })
		absent(w, "uuid", func(r store.Reader) (registry.Group, error) { return r.GroupByUUID("x") })
	}},
	{"taken, missing and updated groups", func(w world) {
		want := group(1, "g")
		w.apply(createGroups(want))
		w.refused("name", createGroups(group(2, "g")))
		w.refused("key", createGroups(group(1, "h")))
		want.Description, want.Version, want.Attributes = "new", 2, map[string]string{"k": "v"}
		update := func(g registry.Group) store.Changes {
			return store.Changes{Registry: store.RegistryChanges{UpdatedGroups: []registry.Group{g}}}
		}
		w.apply(update(want))
		same(w, "group", read(w, func(r store.Reader) (registry.Group, error) { return r.Group(1) }), want)
		w.refused("update", update(group(2, "h")))
		w.refused("delete", store.Changes{Registry: store.RegistryChanges{DeletedGroups: []registry.GroupID{2}}})
	}},
	{"groups are listed by name, by prefix, by parent", func(w world) {
		w.apply(createGroups(group(1, "root"), group(2, "b"), group(3, "Root")))
		for i, name := range []string{"ro-2", "ro-1", "x"} {
			child := group(int64(i+10), name)
			child.Parent = 1
			w.apply(createGroups(child))
		}
		root, none := registry.GroupID(1), registry.GroupID(0)
		for _, row := range []struct {
			q    store.GroupQuery
			want []string
		}{
			{store.GroupQuery{}, []string{"Root", "b", "ro-1", "ro-2", "root", "x"}},
			{store.GroupQuery{Prefix: "ro"}, []string{"ro-1", "ro-2", "root"}},
			{store.GroupQuery{Prefix: "ro-1"}, []string{"ro-1"}},
			{store.GroupQuery{Children: &root}, []string{"ro-1", "ro-2", "x"}},
			{store.GroupQuery{Children: &root, Prefix: "ro"}, []string{"ro-1", "ro-2"}},
			{store.GroupQuery{Children: &none}, []string{"Root", "b", "root"}},
		} {
			for limit := 1; limit <= 7; limit++ {
				same(w, fmt.Sprintf("%+v by %d", row.q, limit), listGroups(w, row.q, limit), row.want)
			}
		}
	}},
	{"members are listed by name, with the number that they joined with", func(w world) {
		w.apply(createGroups(group(1, "g"), group(2, "h")))
		for i, name := range []string{"c", "a", "B", "b"} {
			w.apply(createThings(thing(int64(i+1), name)), join(1, int64(i+1), int64(10*i+10)))
		}
		w.apply(join(2, 1, 50))
		for limit := 1; limit <= 5; limit++ {
			same(w, "all", members(w, 1, limit), []string{"B", "a", "b", "c"})
			same(w, "no group", members(w, 9, limit), nil)
		}
		want := []registry.Membership{{Group: 2, Member: registry.Member{Thing: 1, Name: "c"}, Joined: 50}}
		same(w, "whole", read(w, func(r store.Reader) ([]registry.Membership, error) { return r.Members(2, "b", 9) }), want)
	}},
	{"things are counted by groups, each once (R-FCT-3)", func(w world) {
		below := group(3, "below")
		below.Parent = 1
		w.apply(createGroups(group(1, "g"), group(2, "h"), below, group(12, "other")))
		for i, name := range []string{"a", "b", "c", "d", "e"} {
			w.apply(createThings(thing(int64(i+1), name)), join(1, int64(i+1), int64(10*i+10)))
		}
		w.apply(join(2, 1, 60), join(3, 2, 70), join(12, 5, 80))
		for _, row := range []struct {
			q    store.MemberCount
			want int64
		}{
			{store.MemberCount{Joined: 99}, 0},
			{store.MemberCount{Groups: []registry.GroupID{9}, Joined: 99}, 0},
			{store.MemberCount{Groups: []registry.GroupID{2}, Joined: 99}, 1},
			{store.MemberCount{Groups: []registry.GroupID{2}, Joined: 60}, 1},
			{store.MemberCount{Groups: []registry.GroupID{2}, Joined: 59}, 0},
			{store.MemberCount{Groups: []registry.GroupID{1}, Joined: 99}, 5},
			{store.MemberCount{Groups: []registry.GroupID{1, 2, 12}, Joined: 99}, 5},
			{store.MemberCount{Groups: []registry.GroupID{1, 2}, Joined: 30}, 3},
			{store.MemberCount{Groups: []registry.GroupID{1}, Joined: 99, Within: []registry.GroupID{2, 12}}, 2},
			{store.MemberCount{Groups: []registry.GroupID{1}, Joined: 20, Within: []registry.GroupID{2, 12}}, 1},
			{store.MemberCount{Groups: []registry.GroupID{3}, Joined: 99, Within: []registry.GroupID{1}}, 1},
		} {
			got := read(w, func(r store.Reader) (int64, error) { return r.CountMembers(row.q) })
			same(w, fmt.Sprintf("%+v", row.q), got, row.want)
		}
	}},
	{"members are counted between two names", func(w world) {
		w.apply(createGroups(group(1, "g"), group(2, "h")))
		for i, name := range []string{"c", "a", "B", "b", "d"} {
			w.apply(createThings(thing(int64(i+1), name)), join(1, int64(i+1), int64(10*i+10)))
		}
		w.apply(join(2, 1, 60))
		for _, row := range []struct {
			q               store.MemberRange
			counted, looked int
		}{
			{store.MemberRange{Group: 1, Joined: 99, Limit: 9}, 5, 5},
			{store.MemberRange{Group: 1, Joined: 99, Limit: 3}, 3, 3},
			{store.MemberRange{Group: 1, Joined: 99}, 0, 0},
			{store.MemberRange{Group: 1, Joined: 20, Limit: 9}, 2, 5},
			{store.MemberRange{Group: 1, Joined: 20, Limit: 2}, 1, 2},
			{store.MemberRange{Group: 1, After: "a", Before: "d", Joined: 99, Limit: 9}, 2, 2},
			{store.MemberRange{Group: 1, After: "A", Before: "a", Joined: 99, Limit: 9}, 1, 1},
			{store.MemberRange{Group: 1, After: "d", Joined: 99, Limit: 9}, 0, 0},
			{store.MemberRange{Group: 2, Joined: 99, Limit: 9}, 1, 1},
			{store.MemberRange{Group: 9, Joined: 99, Limit: 9}, 0, 0},
		} {
			got := read(w, func(r store.Reader) ([2]int, error) {
				counted, looked, err := r.CountBetween(row.q)
				return [2]int{counted, looked}, err
			})
			same(w, fmt.Sprintf("%+v", row.q), got, [2]int{row.counted, row.looked})
		}
	}},
	{"memberships of a thing are listed by group", func(w world) {
		w.apply(createThings(thing(1, "a"), thing(2, "b")), createGroups(group(1, "z"), group(2, "y")))
		w.apply(join(2, 1, 7), join(1, 1, 8), join(1, 2, 9))
		of := func(t registry.ThingID) []registry.Membership {
			return read(w, func(r store.Reader) ([]registry.Membership, error) { return r.Memberships(t) })
		}
		a := registry.Member{Thing: 1, Name: "a"}
		same(w, "a", of(1), []registry.Membership{{Group: 1, Member: a, Joined: 8}, {Group: 2, Member: a, Joined: 7}})
		between := func(first, last string) []store.ThingGroup {
			return read(w, func(r store.Reader) ([]store.ThingGroup, error) {
				return r.GroupsOfThings(first, last)
			})
		}
		all := []store.ThingGroup{{Thing: 1, Group: 1}, {Thing: 1, Group: 2}, {Thing: 2, Group: 1}}
		same(w, "of all things", between("", "b"), all)
		same(w, "of a", between("", "a"), all[:2])
		same(w, "of those from b", between("aa", "z"), all[2:])
		same(w, "of none", between("c", "z"), nil)
		same(w, "of one", between("b", "b"), all[2:])
		w.apply(leave(1, 1))
		same(w, "after leaving", of(1), []registry.Membership{{Group: 2, Member: a, Joined: 7}})
		same(w, "members", members(w, 1, 9), []string{"b"})
		w.apply(join(1, 1, 20))
		same(w, "joined again", of(1)[0].Joined, int64(20))
	}},
	{"joining twice, leaving without being in, and unknown ends are conflicts", func(w world) {
		w.apply(createThings(thing(1, "a")), createGroups(group(1, "g")), join(1, 1, 1))
		w.refused("twice", join(1, 1, 2))
		w.refused("no thing", join(1, 2, 2))
		w.refused("no group", join(2, 1, 2))
		w.apply(leave(1, 1))
		w.refused("left", leave(1, 1))
	}},
	{"a deleted group's memberships vanish with it (R-ID-12)", func(w world) {
		w.apply(createThings(thing(1, "a")), createGroups(group(1, "g"), group(2, "h")), join(1, 1, 1), join(2, 1, 2))
		w.apply(store.Changes{Registry: store.RegistryChanges{DeletedGroups: []registry.GroupID{1}}})
		absent(w, "group", func(r store.Reader) (registry.Group, error) { return r.GroupByName("g") })
		same(w, "members", members(w, 1, 9), nil)
		got := read(w, func(r store.Reader) ([]registry.Membership, error) { return r.Memberships(1) })
		same(w, "memberships", len(got), 1)
		w.apply(createGroups(group(3, "g")))
	}},
	{"memberships that have ended are listed by name, as far as a rollout counts them", func(w world) {
		w.apply(createThings(thing(1, "a"), thing(2, "b"), thing(3, "c")))
		w.apply(left(1, 1, "a", 5, 20), left(1, 2, "b", 6, 30), left(1, 1, "a", 25, 40), left(2, 3, "c", 1, 9))
		in := func(group, number int64, after string, limit int) (found []string) {
			list := read(w, func(r store.Reader) ([]registry.LeftMembership, error) {
				return r.LeftMembers(registry.GroupID(group), number, after, limit)
			})
			for _, m := range list {
				found = append(found, fmt.Sprintf("%s %d-%d", m.Name, m.Joined, m.Left))
			}
			return found
		}
		same(w, "before them", in(1, 4, "", 9), nil)
		same(w, "as the first begins", in(1, 5, "", 9), []string{"a 5-20"})
		same(w, "both", in(1, 10, "", 9), []string{"a 5-20", "b 6-30"})
		same(w, "one at a time", in(1, 10, "", 1), []string{"a 5-20"})
		same(w, "after it", in(1, 10, "a", 9), []string{"b 6-30"})
		same(w, "as the first ends", in(1, 20, "", 9), []string{"b 6-30"})
		same(w, "the second time", in(1, 29, "", 9), []string{"a 25-40", "b 6-30"})
		same(w, "another group", in(2, 8, "", 9), []string{"c 1-9"})
		before := func(number int64, limit int) (ends []int64) {
			list := read(w, func(r store.Reader) ([]registry.LeftMembership, error) { return r.LeftBefore(number, limit) })
			for _, m := range list {
				ends = append(ends, m.Left)
			}
			return ends
		}
		same(w, "ended", before(30, 9), []int64{9, 20, 30})
		same(w, "the first that ended", before(30, 2), []int64{9, 20})
		w.apply(forget(1, 1, "a", 5), forget(1, 1, "a", 99))
		same(w, "one is forgotten", before(99, 9), []int64{9, 30, 40})
	}},
	{"the rollouts of snapshot jobs are known by their membership number, while they go on", func(w world) {
		rollouts := func() string {
			return read(w, func(r store.Reader) (string, error) {
				oldest, newest, ok, err := r.RolloutMemberships()
				return fmt.Sprint(oldest, newest, ok), err
			})
		}
		begin := func(key, number int64) job.Job {
			j := newJob(key, fmt.Sprint("j", key))
			j.Sources, j.NewestMembership = []job.Source{{Group: 1}}, number
			return j
		}
		same(w, "none", rollouts(), "0 0 false")
		waits, a, b, continuous := newJob(1, "waits"), begin(2, 7), begin(3, 9), begin(4, 50)
		waits.Status, continuous.TargetSelection = job.Scheduled, job.Continuous
		w.apply(createJobs(waits, a, b, continuous))
		same(w, "two", rollouts(), "7 9 true")
		a.Progress.Finished = true
		w.apply(move(a))
		same(w, "one", rollouts(), "9 9 true")
		b.Status = job.Scheduled
		w.apply(move(b))
		same(w, "between windows", rollouts(), "9 9 true")
		b.Status = job.Canceled
		w.apply(move(b))
		same(w, "ended", rollouts(), "0 0 false")
		waits.Status, waits.Sources, waits.NewestMembership = job.InProgress, a.Sources, 30
		changed := move(waits)
		changed.Job.Definitions = []job.Job{waits}
		w.apply(changed)
		same(w, "begins later", rollouts(), "30 30 true")
	}},
	{"LastJoined is at least every number handed out and below the next", func(w world) {
		last := func() int64 { return read(w, store.Reader.LastJoined) }
		before := last()
		var joined int64
		err := w.Write(w.Context(), func(tx store.Tx) error {
			joined = tx.NextKeys().Joined()
			inside, err := tx.LastJoined()
			same(w, "inside", inside, joined)
			return err
		})
		same(w, "write", err, nil)
		if joined <= before || last() < joined {
			w.Errorf("before %d, handed out %d, after %d", before, joined, last())
		}
	}},
}
