package memory

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

func (r reader) Thing(key registry.ThingID) (registry.Thing, error) {
	t, ok := r.things.get(id(key))
	if !ok {
		return registry.Thing{}, store.ErrNotFound
	}
	return cloneThing(t), nil
}

func (r reader) ThingID(name string) (registry.ThingID, error) {
	key, ok := r.thingNames.get(text(name))
	if !ok {
		return 0, store.ErrNotFound
	}
	return registry.ThingID(key), nil
}

func (r reader) ThingByName(name string) (registry.Thing, error) {
	key, err := r.ThingID(name)
	if err != nil {
		return registry.Thing{}, err
	}
	return r.Thing(key)
}

func (r reader) ThingName(key registry.ThingID) (string, error) {
	name, ok := r.names.get(id(key))
	if !ok {
		return "", store.ErrNotFound
	}
	return name, nil
}

func (r reader) ThingNames(keys []registry.ThingID) (map[registry.ThingID]string, error) {
	return store.NamesByOne(r, keys)
}

func (r reader) Things(q store.ThingQuery) (found []registry.Thing, err error) {
	for name, key := range r.thingNames.from(text(max(q.From, q.After))) {
		if len(found) >= q.Limit {
			break
		}
		t, _ := r.things.get(key)
		if string(name) > q.After && (q.Type == "" || q.Type == t.Type) &&
			(q.BillingGroup == 0 || q.BillingGroup == t.BillingGroup) {
			found = append(found, cloneThing(t))
		}
	}
	return found, nil
}

func (r reader) ThingType(name string) (registry.ThingType, error) {
	t, ok := r.thingTypes.get(text(name))
	if !ok {
		return registry.ThingType{}, store.ErrNotFound
	}
	return cloneThingType(t), nil
}

func (r reader) ThingTypes(
	prefix, after string, limit int,
) (found []registry.ThingType, err error) {
	for name, t := range r.thingTypes.from(text(after)) {
		if len(found) >= limit {
			break
		}
		if string(name) > after && strings.HasPrefix(t.Name, prefix) {
			found = append(found, cloneThingType(t))
		}
	}
	return found, nil
}

func (r reader) BillingGroup(key registry.BillingGroupID) (registry.BillingGroup, error) {
	g, ok := r.billingGroups.get(id(key))
	if !ok {
		return registry.BillingGroup{}, store.ErrNotFound
	}
	return g, nil
}

func (r reader) BillingGroupByName(name string) (registry.BillingGroup, error) {
	key, ok := r.billingNames.get(text(name))
	if !ok {
		return registry.BillingGroup{}, store.ErrNotFound
	}
	return r.BillingGroup(registry.BillingGroupID(key))
}

func (r reader) BillingGroups(
	prefix, after string, limit int,
) (found []registry.BillingGroup, err error) {
	for name, key := range r.billingNames.from(text(after)) {
		if len(found) >= limit {
			break
		}
		if string(name) > after && strings.HasPrefix(string(name), prefix) {
			g, _ := r.billingGroups.get(key)
			found = append(found, g)
		}
	}
	return found, nil
}

func (r reader) Tags(kind, name string) (map[string]string, error) {
	tags, _ := r.tagged.get(resource{kind, name})
	return maps.Clone(tags), nil
}

func (r reader) Group(key registry.GroupID) (registry.Group, error) {
	g, ok := r.groups.get(id(key))
	if !ok {
		return registry.Group{}, store.ErrNotFound
	}
	return cloneGroup(g), nil
}

func (r reader) GroupByName(name string) (registry.Group, error) {
	key, ok := r.groupNames.get(text(name))
	if !ok {
		return registry.Group{}, store.ErrNotFound
	}
	return r.Group(registry.GroupID(key))
}

func (r reader) GroupByUUID(uuid string) (registry.Group, error) {
	for _, g := range r.groups.all() {
		if g.UUID == uuid {
			return cloneGroup(g), nil
		}
	}
	return registry.Group{}, store.ErrNotFound
}

func (r reader) Groups(q store.GroupQuery) (found []registry.Group, err error) {
	for name, key := range r.groupNames.from(text(q.After)) {
		if len(found) >= q.Limit {
			break
		}
		g, _ := r.groups.get(key)
		if string(name) > q.After && strings.HasPrefix(g.Name, q.Prefix) &&
			(q.Children == nil || *q.Children == g.Parent) {
			found = append(found, cloneGroup(g))
		}
	}
	return found, nil
}

func (r reader) DynamicGroups() (found []registry.Group, err error) {
	for _, g := range r.groups.all() {
		if g.Dynamic() {
			found = append(found, cloneGroup(g))
		}
	}
	return found, nil
}

func (r reader) GroupsWithWork(limit int) (found []registry.Group, err error) {
	for _, g := range r.groups.all() {
		if len(found) >= limit {
			break
		}
		if g.Work != registry.NoGroupWork {
			found = append(found, cloneGroup(g))
		}
	}
	return found, nil
}

func (r reader) Members(
	group registry.GroupID, after string, limit int,
) (found []registry.Membership, err error) {
	for at, m := range r.memberships.from(inGroup{group, after}) {
		if at.group != group || len(found) >= limit {
			break
		}
		if at.name > after {
			found = append(found, m)
		}
	}
	return found, nil
}

func (r reader) CountMembers(c store.MemberCount) (int64, error) {
	counted, within := r.below(c.Groups), r.below(c.Within)
	things := map[registry.ThingID]bool{}
	for at, m := range r.memberships.all() {
		if counted[at.group] && m.Joined <= c.Joined {
			things[m.Thing] = true
		}
	}
	if len(c.Within) > 0 {
		both := map[registry.ThingID]bool{}
		for at, m := range r.memberships.all() {
			if within[at.group] && things[m.Thing] {
				both[m.Thing] = true
			}
		}
		things = both
	}
	return int64(len(things)), nil
}

// below is groups and all groups below them.
func (r reader) below(groups []registry.GroupID) map[registry.GroupID]bool {
	below := map[registry.GroupID]bool{}
	for _, g := range groups {
		if _, err := r.Group(g); err == nil {
			below[g] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for id, g := range r.groups.all() {
			if below[g.Parent] && !below[registry.GroupID(id)] {
				below[registry.GroupID(id)], grown = true, true
			}
		}
	}
	return below
}

func (r reader) CountBetween(q store.MemberRange) (counted, looked int, err error) {
	for at, m := range r.memberships.from(inGroup{q.Group, q.After}) {
		if at.group != q.Group || looked >= q.Limit || q.Before != "" && at.name >= q.Before {
			break
		}
		if at.name > q.After {
			looked++
			if m.Joined <= q.Joined {
				counted++
			}
		}
	}
	return counted, looked, nil
}

func (r reader) Memberships(thing registry.ThingID) (found []registry.Membership, err error) {
	for at, name := range r.groupsOf.from(groupOf{thing: thing}) {
		if at.thing != thing {
			break
		}
		m, _ := r.memberships.get(inGroup{at.group, name})
		found = append(found, m)
	}
	return found, nil
}

func (r reader) GroupsOfThings(first, last string) (found []store.ThingGroup, err error) {
	for name, key := range r.thingNames.from(text(first)) {
		if string(name) > last {
			break
		}
		thing := registry.ThingID(key)
		for at := range r.groupsOf.from(groupOf{thing: thing}) {
			if at.thing != thing {
				break
			}
			found = append(found, store.ThingGroup{Thing: thing, Group: at.group})
		}
	}
	return found, nil
}

func (r reader) LeftMembers(
	group registry.GroupID, number int64, after string, limit int,
) (found []registry.LeftMembership, err error) {
	for at, m := range r.left.from(leftGroup{inGroup: inGroup{group, after}}) {
		if at.group != group || len(found) >= limit {
			break
		}
		if at.name != after && m.LastedAt(number) {
			found = append(found, m)
		}
	}
	return found, nil
}

func (r reader) LeftBefore(
	number int64, limit int,
) (found []registry.LeftMembership, err error) {
	for _, m := range r.left.all() {
		if m.Left <= number {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b registry.LeftMembership) int { return cmp.Compare(a.Left, b.Left) })
	return found[:min(limit, len(found))], nil
}

func (r reader) LastJoined() (int64, error) { return r.keys.joined.Load(), nil }

func (r reader) Certificate(certificate string) (registry.Certificate, error) {
	c, ok := r.certificates.get(text(certificate))
	if !ok {
		return registry.Certificate{}, store.ErrNotFound
	}
	return c, nil
}

func (r reader) Certificates(q store.IdentityQuery) ([]registry.Certificate, error) {
	return r.certificatesThat(func(registry.Certificate) bool { return true }, q), nil
}

func (r reader) CertificatesOfCA(
	ca string, q store.IdentityQuery,
) ([]registry.Certificate, error) {
	of := func(c registry.Certificate) bool { return ca != "" && c.CA == ca }
	return r.certificatesThat(of, q), nil
}

// certificatesThat are those that a function selects, by creation.
func (r reader) certificatesThat(
	selected func(registry.Certificate) bool, q store.IdentityQuery,
) (found []registry.Certificate) {
	for _, c := range r.certificates.all() {
		if selected(c) {
			found = append(found, c)
		}
	}
	var after *registry.Certificate
	if q.After != nil {
		after = &registry.Certificate{ID: q.After.Key, CreatedAt: ms(q.After.CreatedAt)}
	}
	created := func(a, b registry.Certificate) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	}
	return page(found, direction(created, q.Ascending), after, q.Limit)
}

func (r reader) CACertificate(certificate string) (registry.CACertificate, error) {
	c, ok := r.authorities.get(text(certificate))
	if !ok {
		return registry.CACertificate{}, store.ErrNotFound
	}
	return c, nil
}

func (r reader) CACertificates(q store.IdentityQuery) (found []registry.CACertificate, err error) {
	for _, c := range r.authorities.all() {
		found = append(found, c)
	}
	var after *registry.CACertificate
	if q.After != nil {
		after = &registry.CACertificate{ID: q.After.Key, CreatedAt: ms(q.After.CreatedAt)}
	}
	created := func(a, b registry.CACertificate) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	}
	return page(found, direction(created, q.Ascending), after, q.Limit), nil
}

func (r reader) CACertificatesOf(subject string) (found []registry.CACertificate, err error) {
	for _, c := range r.authorities.all() {
		if c.Subject == subject {
			found = append(found, c)
		}
	}
	return found, nil
}

// direction is the order of a list that may run either way.
func direction[T any](compare func(a, b T) int, ascending bool) func(a, b T) int {
	if ascending {
		return compare
	}
	return func(a, b T) int { return compare(b, a) }
}

func (r reader) Policy(name string) (registry.Policy, error) {
	p, ok := r.policies.get(text(name))
	if !ok {
		return registry.Policy{}, store.ErrNotFound
	}
	return clonePolicy(p), nil
}

func (r reader) Policies(q store.IdentityQuery) ([]registry.Policy, error) {
	var found []registry.Policy
	for _, p := range r.policies.all() {
		found = append(found, clonePolicy(p))
	}
	var after *registry.Policy
	if q.After != nil {
		after = &registry.Policy{Name: q.After.Key, CreatedAt: ms(q.After.CreatedAt)}
	}
	created := func(a, b registry.Policy) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Name, b.Name))
	}
	return page(found, direction(created, q.Ascending), after, q.Limit), nil
}

func (r reader) Authorizer(name string) (registry.Authorizer, error) {
	a, ok := r.authorizers.get(text(name))
	if !ok {
		return registry.Authorizer{}, store.ErrNotFound
	}
	return cloneAuthorizer(a), nil
}

func (r reader) Authorizers() (found []registry.Authorizer, err error) {
	for _, a := range r.authorizers.all() {
		found = append(found, cloneAuthorizer(a))
	}
	return found, nil
}

func (r reader) PoliciesOf(
	kind registry.TargetKind, key string,
) (found []registry.Policy, err error) {
	for name, p := range r.policies.all() {
		if r.attachments.has(attached{string(name), kind, key}) {
			found = append(found, clonePolicy(p))
		}
	}
	return found, nil
}

func (r reader) TargetsOf(
	policy string, after registry.Attachment, limit int,
) (found []registry.Attachment, err error) {
	after.Policy = policy
	for at, a := range r.attachments.from(attachedKey(after)) {
		if at.policy != policy || len(found) >= limit {
			break
		}
		if at != attachedKey(after) {
			found = append(found, a)
		}
	}
	return found, nil
}

func (r reader) TargetsByTime(q store.TargetQuery) (found []registry.Attachment, err error) {
	for at, a := range r.attachments.from(attached{policy: q.Policy}) {
		if at.policy != q.Policy {
			break
		}
		found = append(found, a)
	}
	after := q.After
	if after != nil {
		after = &registry.Attachment{Kind: after.Kind, Key: after.Key, AttachedAt: ms(after.AttachedAt)}
	}
	byTime := func(a, b registry.Attachment) int {
		return cmp.Or(
			a.AttachedAt.Compare(b.AttachedAt), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key))
	}
	return page(found, direction(byTime, q.Ascending), after, q.Limit), nil
}

func (r reader) PrincipalsOfThing(
	thing registry.ThingID, after string, limit int,
) (found []registry.Principal, err error) {
	for at, p := range r.principals.from(principal{thing, after}) {
		if at.thing != thing || len(found) >= limit {
			break
		}
		if at.certificate > after {
			found = append(found, p)
		}
	}
	return found, nil
}

func (r reader) ThingsOfPrincipal(
	certificate, after string, limit int,
) ([]registry.Principal, error) {
	var found []registry.Principal
	for at, p := range r.principals.all() {
		if at.certificate == certificate {
			found = append(found, p)
		}
	}
	byName := func(a, b registry.Principal) int { return cmp.Compare(a.ThingName, b.ThingName) }
	found = slices.DeleteFunc(found, func(p registry.Principal) bool { return p.ThingName <= after })
	return page(found, byName, nil, limit), nil
}

func (r reader) Principal(thing registry.ThingID, certificate string) (registry.Principal, error) {
	p, ok := r.principals.get(principal{thing, certificate})
	if !ok {
		return registry.Principal{}, store.ErrNotFound
	}
	return p, nil
}
