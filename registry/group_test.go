package registry

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

var (
	static = Group{ID: 1, Name: "s", Version: 4, Description: "old",
		Attributes: map[string]string{"a": "1"}}
	dynamic = Group{ID: 2, Name: "d", Version: 4, Query: "thingName:a*",
		Attributes: map[string]string{}}
	emptying = Group{ID: 3, Name: "e", Version: 4, Work: Emptying}
)

// What a repeated request to create a group may say without being a conflict (R-ID-49, R-ID-57,
// R-ID-12).
func TestSameGroup(t *testing.T) {
	t.Parallel()
	with := func(g Group, change func(*Group)) Group {
		change(&g)
		return g
	}
	for _, tt := range []struct {
		name          string
		stored, given Group
		want          bool
	}{
		{"R-ID-49 equal", static, static, true},
		{"R-ID-49 another version and id", static,
			with(static, func(g *Group) { g.ID, g.Version = 0, 0 }), true},
		{"R-ID-49 another parent", static, with(static, func(g *Group) { g.Parent = 9 }), false},
		{"R-ID-49 another description", static,
			with(static, func(g *Group) { g.Description = "new" }), false},
		{"R-ID-49 other attributes", static, with(static, func(g *Group) { g.Attributes = nil }),
			false},
		{"R-ID-57 equal", dynamic, dynamic, true},
		{"R-ID-57 while it is built", with(dynamic, func(g *Group) { g.Work = Building }), dynamic,
			true},
		{"R-ID-57 another query", dynamic, with(dynamic, func(g *Group) { g.Query = "*" }), false},
		{"a static one with the name of a dynamic one", dynamic,
			with(dynamic, func(g *Group) { g.Query = "" }), false},
		{"R-ID-12 one that is being deleted", emptying,
			with(emptying, func(g *Group) { g.Work = NoGroupWork }), false},
	} {
		if got := tt.stored.SameAs(tt.given); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// Updates by the kind of group: what each request refuses, and in which order (R-ID-13, R-ID-38,
// R-ID-12, R-ERR-9).
func TestUpdateGroup(t *testing.T) {
	t.Parallel()
	stale := GroupUpdate{ExpectedVersion: ptr(int64(3))}
	const differs = "expectedVersion 3 does not match 4"
	for _, tt := range []struct {
		name    string
		group   Group
		dynamic bool // the request is for dynamic groups
		update  GroupUpdate
		code    fault.Code
		says    string
	}{
		{"R-ID-13 static", static, false, GroupUpdate{}, "", ""},
		{"R-ID-13 the right version", static, false, GroupUpdate{ExpectedVersion: ptr(int64(4))},
			"", ""},
		{"R-ID-13 another version", static, false, stale, fault.VersionDiffers, differs},
		{"R-ID-38 dynamic, by the other request", dynamic, false, stale, fault.Invalid,
			"thing group d is dynamic; use UpdateDynamicThingGroup"},
		{"R-ID-38 dynamic", dynamic, true, GroupUpdate{}, "", ""},
		{"R-ID-13 dynamic, another version", dynamic, true, stale, fault.VersionDiffers, differs},
		{"R-ID-38 static, by the other request", static, true, stale, fault.Invalid,
			"thing group s is static; use UpdateThingGroup"},
		{"R-ID-12 being deleted", emptying, false, stale, fault.Invalid,
			"thing group e is being deleted"},
		{"R-ID-8 51 attributes", static, false, GroupUpdate{Attributes: attributes(51)},
			fault.Invalid,
			"attributePayload.attributes: 51 attributes, at most 50 are allowed"},
		{"R-ID-8 50 attributes", static, false, GroupUpdate{Attributes: attributes(50)}, "", ""},
	} {
		got, err := tt.group.Update(tt.update)
		if tt.dynamic {
			got, err = tt.group.UpdateDynamic(tt.update, nil)
		}
		refused(t, tt.name, err, tt.code, tt.says)
		if err == nil && got.Version != 5 {
			t.Errorf("%s: version %d, want 5 (R-ID-13)", tt.name, got.Version)
		}
	}
}

// What an update of a group replaces (R-ID-13, R-ID-50), and when a query makes the members anew
// (R-ID-38).
func TestUpdateGroupMembers(t *testing.T) {
	t.Parallel()
	got, err := static.Update(GroupUpdate{Description: ptr("new"),
		Attributes: map[string]string{"b": "2"}, Merge: true})
	want := static
	want.Description, want.Attributes, want.Version = "new", map[string]string{"a": "1", "b": "2"},
		5
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("R-ID-50: %v (-want +got):\n%s", err, diff)
	}
	if got, err := static.Update(GroupUpdate{Description: ptr("")}); err != nil ||
		got.Description != "" || len(got.Attributes) != 1 {
		t.Errorf("R-ID-50 an empty description: %+v, %v", got, err)
	}
	scanned := dynamic
	scanned.Scanned = "m"
	for _, tt := range []struct {
		name  string
		query *string
		work  GroupWork
		left  string
	}{
		{"no query", nil, NoGroupWork, "m"},
		{"the same query", ptr("thingName:a*"), NoGroupWork, "m"},
		{"another query", ptr("thingName:b*"), Rebuilding, ""},
	} {
		got, err := scanned.UpdateDynamic(GroupUpdate{}, tt.query)
		if err != nil || got.Work != tt.work || got.Scanned != tt.left {
			t.Errorf("R-ID-38 %s: work %q from %q, %v", tt.name, got.Work, got.Scanned, err)
		}
	}
}

// Deletion by the kind of group (R-ID-12, R-ERR-9). One that has begun may be asked for again.
func TestDeleteGroup(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		group    Group
		dynamic  bool
		children bool
		expected *int64
		code     fault.Code
		says     string
	}{
		{"R-ID-12 static", static, false, false, nil, "", ""},
		{"R-ID-12 again", emptying, false, false, nil, "", ""},
		{"R-ID-12 with children", static, false, true, nil, fault.Invalid,
			"thing group s cannot be deleted: there are still child groups attached"},
		{"R-ID-12 dynamic", dynamic, false, false, nil, fault.Invalid,
			"thing group d is dynamic; use DeleteDynamicThingGroup"},
		{"R-ERR-9 children before the version", static, false, true, ptr(int64(1)), fault.Invalid,
			"thing group s cannot be deleted: there are still child groups attached"},
		{"another version", static, false, false, ptr(int64(1)), fault.VersionDiffers,
			"expectedVersion 1 does not match 4"},
		{"dynamic", dynamic, true, false, ptr(int64(4)), "", ""},
		{"dynamic, another version", dynamic, true, false, ptr(int64(1)), fault.VersionDiffers,
			"expectedVersion 1 does not match 4"},
		{"static, by the other request", static, true, false, nil, fault.Invalid,
			"thing group s is static; use DeleteThingGroup"},
	} {
		got, err := tt.group.Delete(tt.children, tt.expected)
		if tt.dynamic {
			got, err = tt.group.DeleteDynamic(tt.expected)
		}
		refused(t, tt.name, err, tt.code, tt.says)
		if begun := got.Work == Emptying; err == nil && !begun {
			t.Errorf("%s: work %q", tt.name, got.Work)
		}
	}
}

// What takes members, children and policies (R-ID-12, R-ID-22, R-ID-38).
func TestCheckStatic(t *testing.T) {
	t.Parallel()
	refused(t, "static", static.CheckStatic(), "", "")
	refused(t, "R-ID-38", dynamic.CheckStatic(), fault.Invalid,
		"thing group d is dynamic: its query makes its members")
	refused(t, "R-ID-12", emptying.CheckStatic(), fault.Invalid, "thing group e is being deleted")
}

// A parent at each limit (R-ID-11, R-ID-38).
func TestCanNest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name            string
		parent          Group
		depth, children int
		says            string
	}{
		{"R-ID-11 a root", static, 1, 0, ""},
		{"R-ID-11 the child is at depth 7", static, 6, 0, ""},
		{"R-ID-11 the child would be at depth 8", static, 7, 0,
			"parentGroupName: s is 7 groups deep, at most 7 are allowed"},
		{"R-ID-11 the hundredth child", static, 1, 99, ""},
		{"R-ID-11 one more", static, 1, 100,
			"parentGroupName: s has 100 children, the most that are allowed"},
		{"R-ID-11 depth before children", static, 7, 100,
			"parentGroupName: s is 7 groups deep, at most 7 are allowed"},
		{"R-ID-38 a dynamic parent", dynamic, 1, 0,
			"parentGroupName: thing group d is dynamic and has no children"},
		{"R-ID-12 one that is being deleted", emptying, 1, 0, "thing group e is being deleted"},
	} {
		code := fault.Code("")
		if tt.says != "" {
			code = fault.Invalid
		}
		refused(t, tt.name, CanNest(tt.parent, tt.depth, tt.children), code, tt.says)
	}
}

// Who may join which group: not two of one tree, at most ten, and dynamic ones give way with
// override (R-ID-11, R-ID-13).
func TestCanJoin(t *testing.T) {
	t.Parallel()
	root := func(id GroupID, name string) Path { return Path{{ID: id, Name: name}} }
	target := Path{{ID: 100, Name: "root"}, {ID: 101, Name: "target"}}
	in := func(statics, dynamics int) (paths []Path) {
		for i := range statics {
			paths = append(paths, root(GroupID(1+i), "s"))
		}
		for i := range dynamics {
			paths = append(paths, Path{{ID: GroupID(50 + i), Name: "d", Query: "*"}})
		}
		return paths
	}
	for _, tt := range []struct {
		name     string
		in       []Path
		override bool
		joins    bool
		says     string
	}{
		{"R-ID-11 in none", nil, false, true, ""},
		{"R-ID-11 the tenth", in(9, 0), false, true, ""},
		{"R-ID-11 the eleventh", in(10, 0), false, false,
			"thing t is in 10 groups already, at most 10 are allowed"},
		{"R-ID-11 in it already", []Path{target}, false, false, ""},
		{"R-ID-11 in it already, and in nine others", append(in(9, 0), target), false, false, ""},
		{"R-ID-11 in its parent", []Path{root(100, "root")}, false, false,
			"thing t is in group root already, of the same hierarchy as target"},
		{"R-ID-11 in its sister", []Path{{{ID: 100, Name: "root"}, {ID: 102, Name: "sister"}}},
			false, false,
			"thing t is in group sister already, of the same hierarchy as target"},
		{"R-ID-11 in a deep group of another tree",
			[]Path{{{ID: 7, Name: "other"}, {ID: 8, Name: "deep"}}}, false, true, ""},
		{"R-ID-13 dynamic ones count", in(9, 1), false, false,
			"thing t is in 10 groups already, at most 10 are allowed"},
		{"R-ID-13 not with override", in(9, 1), true, true, ""},
		{"R-ID-13 all dynamic", in(0, 10), true, true, ""},
		{"R-ID-13 ten static ones", in(10, 0), true, false,
			"thing t is in 10 groups already, at most 10 are allowed"},
		{"R-ID-13 ten static ones and a dynamic one", in(10, 1), true, false,
			"thing t is in 10 groups already, at most 10 are allowed"},
	} {
		joins, err := CanJoin("t", tt.in, target, tt.override)
		code := fault.Code("")
		if tt.says != "" {
			code = fault.Invalid
		}
		refused(t, tt.name, err, code, tt.says)
		if joins != tt.joins {
			t.Errorf("%s: joins %v", tt.name, joins)
		}
	}
}

// One hundred dynamic groups and no more (R-ID-38).
func TestCheckDynamicGroups(t *testing.T) {
	t.Parallel()
	refused(t, "R-ID-38 the hundredth", CheckDynamicGroups(99), "", "")
	refused(t, "R-ID-38 one more", CheckDynamicGroups(100), fault.Limit,
		"there are 100 dynamic thing groups, the most that are allowed")
}
