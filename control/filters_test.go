package control

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
	"github.com/drover-iot/drover/store/sqlite"
)

// Every list, by every combination of the values of its members, in pages of one, of two and of all
// items. What a list must hold is said a second time, by plain code over what the world is known to
// hold.

// listing is one operation that lists.
type listing struct {
	op string
	// item names the member of an item by which the test knows it, empty where the item is a text.
	item string
	// filters are the values of the members that are tried; nil leaves the member out.
	filters map[string][]any
	// want is what the list must hold by these members, in order; nil when they are refused.
	want func(f filter) []string
}

// filter is the members of one request, without those of the page.
type filter map[string]any

// passes reports whether a member is absent, or is this value.
func (f filter) passes(member, value string) bool { return f[member] == nil || f[member] == value }

// text is a member, empty when it is absent.
func (f filter) text(member string) string { text, _ := f[member].(string); return text }

// true reports whether a member is true.
func (f filter) true(member string) bool { yes, _ := f[member].(bool); return yes }

// items are those of a member that is a list, none when it is absent.
func items(member any) []any { all, _ := member.([]any); return all }

var flags = []any{nil, true, false}

func (w *world) listings() []listing {
	arns := func(kind string, names []string) []string {
		return convert(names, func(name string) string { return testArn + kind + "/" + name })
	}
	attached := func(f filter, ofThing bool) []string {
		found := []string{}
		for i, id := range w.byID() {
			certificate := fmt.Sprintf("C%d", i)
			kind := "NON_EXCLUSIVE_THING"
			if exclusiveTo(certificate) {
				kind = "EXCLUSIVE_THING"
			}
			for _, thing := range attachments[certificate] {
				switch {
				case !f.passes("thingPrincipalType", kind):
				case ofThing && thing == f["thingName"]:
					found = append(found, testArn+"cert/"+id)
				case !ofThing && f["principal"] == w.target(certificate):
					found = append(found, thing)
				}
			}
		}
		return found
	}
	created := func(f filter, oldestFirst []string) []string {
		if found := slices.Clone(oldestFirst); f.true("ascendingOrder") {
			return found
		}
		newest := slices.Clone(oldestFirst)
		slices.Reverse(newest)
		return newest
	}
	names := []any{"B", "a", "b", "c", "d", "e"}
	principals := []any{w.target("C0"), w.target("C1"), w.target("C2")}
	kinds := []any{nil, "EXCLUSIVE_THING", "NON_EXCLUSIVE_THING"}
	statuses := []any{nil, "QUEUED", "IN_PROGRESS", "FAILED", "SUCCEEDED", "CANCELED", "REJECTED"}
	return []listing{
		{"ListThings", "thingName", map[string][]any{
			"attributeName":           {nil, "wattage", "site", "Site"},
			"attributeValue":          {nil, "75", "7", "north", "n", ""},
			"thingTypeName":           {nil, "lamp", "pump", "lam"},
			"usePrefixAttributeValue": flags,
		}, func(f filter) []string {
			if f["attributeValue"] != nil && f["attributeName"] == nil { // R-ID-59
				return nil
			}
			found := []string{}
			for _, thing := range things {
				value, has := thing.attributes[f.text("attributeName")]
				matches := f["attributeName"] == nil || has && f.passes("attributeValue", value) ||
					has && f.true("usePrefixAttributeValue") &&
						strings.HasPrefix(value, f.text("attributeValue"))
				if matches && f.passes("thingTypeName", thing.kind) {
					found = append(found, thing.name)
				}
			}
			return found
		}},
		{"ListThingTypes", "thingTypeName", map[string][]any{
			"thingTypeName": {nil, "lamp", "l", "lampion", "pump", "x"},
		}, func(f filter) []string { // R-ID-58
			return only([]string{"lamp", "lampion", "pump"}, func(name string) bool {
				return strings.HasPrefix(name, f.text("thingTypeName"))
			})
		}},
		{"ListThingGroups", "groupName", map[string][]any{
			"parentGroup":      {nil, "root", "mid", "leaf", "dynamic"},
			"namePrefixFilter": {nil, "r", "mid", "l", "x"},
			"recursive":        flags,
		}, func(f filter) []string { // R-ID-12, R-ID-52
			return only(groups, func(name string) bool {
				parent, within := f["parentGroup"], f.true("recursive")
				switch {
				case !strings.HasPrefix(name, f.text("namePrefixFilter")):
					return false
				case parent == nil:
					return f["recursive"] != false || parents[name] == ""
				case within:
					return name != parent && below(name, parent.(string))
				}
				return parents[name] == parent
			})
		}},
		{"ListThingsInThingGroup", "", map[string][]any{
			"thingGroupName": {"root", "mid", "leaf", "side", "rootlet", "dynamic"},
			"recursive":      flags,
		}, func(f filter) []string {
			return only(namesOf(names), func(thing string) bool {
				return slices.ContainsFunc(groups, func(group string) bool {
					return slices.Contains(membersOf[group], thing) && (group == f["thingGroupName"] ||
						f.true("recursive") && below(group, f.text("thingGroupName")))
				})
			})
		}},
		{"ListAuthorizers", "authorizerName", map[string][]any{
			"status":         {nil, "ACTIVE", "INACTIVE"},
			"ascendingOrder": flags,
		}, func(f filter) []string { // R-ID-90
			return created(f, only([]string{"A", "a", "b", "c"}, func(name string) bool {
				return f.passes("status", authorizerStatus[name])
			}))
		}},
		{"ListBillingGroups", "groupName", map[string][]any{
			"namePrefixFilter": {nil, "s", "sales", "x"},
		}, func(f filter) []string { // R-ID-44
			return only([]string{"lab", "s", "sales"}, func(name string) bool {
				return strings.HasPrefix(name, f.text("namePrefixFilter"))
			})
		}},
		{"ListProvisioningTemplates", "templateName", nil, func(filter) []string { // R-ID-76
			return []string{"fleet", "s", "t"}
		}},
		{"ListProvisioningTemplateVersions", "versionId", map[string][]any{
			"templateName": {"fleet", "s", "none"},
		}, func(f filter) []string {
			return map[string][]string{"fleet": {"1", "2", "3"}, "s": {"1"}}[f.text("templateName")]
		}},
		{"ListHolds", "thingName", nil, func(filter) []string { // R-STR-14
			return []string{"a", "c", "e"}
		}},
		{"ListSinks", "sinkName", nil, func(filter) []string { return []string{"other", "s"} }}, // R-SNK-1
		{"ListDeadLetters", "reason", map[string][]any{ // R-SNK-10
			"sinkName": {"s"},
		}, func(filter) []string { return []string{"one", "two", "three"} }},
		{"ListThingEvents", "kind", map[string][]any{
			"thingName": {"b", "d", "none"},
		}, func(f filter) []string { // R-WEB-36
			made := []string{"RECORD", "RECORD", "RECORD"} // it was created, joined a group, got a certificate
			return map[string][]string{
				"b": slices.Concat([]string{"EXECUTION_ENDED", "EXECUTION_QUEUED", "EXECUTION_QUEUED"}, made),
				"d": made,
			}[f.text("thingName")]
		}},
		{"ListJobTargetThings", "", map[string][]any{
			"jobId": {"j2", "j5", "none"},
			"without": {nil, []any{"group=leaf", "group=none"}, []any{"group=root"},
				[]any{"attribute.site=north"}, []any{"thing-type=pump", "attribute.wattage=7"}},
		}, func(f filter) []string { // R-FAIL-2
			left := []string{}
			for _, trait := range items(f["without"]) {
				left = append(left, map[string][]string{
					"group=leaf": {"c"}, "group=root": {"B", "a", "b", "c", "d"},
					"attribute.site=north": {"a", "c"},
					"thing-type=pump":      {"c"}, "attribute.wattage=7": {"b"},
				}[trait.(string)]...)
			}
			all, known := map[string][]string{"j2": {"a", "b", "c"}, "j5": {"a", "B"}}[f.text("jobId")]
			if !known {
				return nil
			}
			return only(all, func(thing string) bool { return !slices.Contains(left, thing) })
		}},
		{"ListThingsInBillingGroup", "", map[string][]any{
			"billingGroupName": {"lab", "s", "sales"},
		}, func(f filter) []string { // R-ID-44
			found := slices.Clone(billed[f.text("billingGroupName")])
			slices.Sort(found)
			return append([]string{}, found...)
		}},
		{"ListThingGroupsForThing", "groupName", map[string][]any{"thingName": names},
			func(f filter) []string {
				return only(groups, func(group string) bool {
					return slices.Contains(membersOf[group], f.text("thingName"))
				})
			}},
		{"ListThingPrincipals", "", map[string][]any{"thingName": names},
			func(f filter) []string { return attached(f, true) }},
		{"ListThingPrincipalsV2", "principal",
			map[string][]any{"thingName": names, "thingPrincipalType": kinds},
			func(f filter) []string { return attached(f, true) }},
		{"ListPrincipalThings", "", map[string][]any{"principal": principals},
			func(f filter) []string { return attached(f, false) }},
		{"ListPrincipalThingsV2", "thingName",
			map[string][]any{"principal": principals, "thingPrincipalType": kinds},
			func(f filter) []string { return attached(f, false) }},
		{"ListCertificates", "certificateId", map[string][]any{"ascendingOrder": flags},
			func(f filter) []string { // R-ID-3
				order := slices.Clone(w.certificates)
				slices.Sort(order[1:]) // of the two of one second by id
				return created(f, append(order, w.signed...))
			}},
		{"ListCACertificates", "certificateId", map[string][]any{
			"ascendingOrder": flags, "templateName": {nil, "t", "u"},
		}, func(f filter) []string { // R-ID-69
			switch f["templateName"] {
			case "t":
				return created(f, []string{w.authorities[0], w.authorities[2]})
			case "u":
				return []string{}
			}
			return created(f, w.authorities)
		}},
		{"ListCertificatesByCA", "certificateId", map[string][]any{
			"ascendingOrder": flags, "caCertificateId": {w.authorities[0], w.authorities[1]},
		}, func(f filter) []string { // R-ID-69
			if f["caCertificateId"] == w.authorities[0] {
				return []string{}
			}
			return created(f, w.signed)
		}},
		{"ListPolicies", "policyName", map[string][]any{"ascendingOrder": flags},
			func(f filter) []string { return created(f, []string{"p3", "p1", "p2", "p0"}) }},
		{"ListPolicyVersions", "versionId", map[string][]any{"policyName": {"p1", "p2"}},
			func(f filter) []string { // R-ID-21
				if f["policyName"] == "p1" {
					return []string{"1", "2"}
				}
				return []string{"1"}
			}},
		{"ListAttachedPolicies", "policyName", map[string][]any{
			"target": {w.target("C0"), w.target("C1"), w.target("C2"), w.target("group/leaf"),
				w.target("group/mid"), w.target("group/root"), w.target("group/side")},
			"recursive": flags,
		}, func(f filter) []string { // R-ID-22
			found := []string{}
			for _, policy := range policies {
				if slices.ContainsFunc(policy.targets, func(target string) bool {
					group, isGroup := strings.CutPrefix(target, "group/")
					asked, asksGroup := strings.CutPrefix(f.text("target"), testArn+"thinggroup/")
					return w.target(target) == f["target"] ||
						isGroup && asksGroup && f.true("recursive") && below(asked, group)
				}) {
					found = append(found, policy.name)
				}
			}
			slices.Sort(found)
			return found
		}},
		{"ListTargetsForPolicy", "", map[string][]any{"policyName": {"p0", "p1", "p2", "p3"}},
			func(f filter) []string {
				for _, policy := range policies {
					if policy.name == f["policyName"] {
						return convert(policy.targets, w.target)
					}
				}
				return nil
			}},
		{"ListPrincipalPolicies", "policyName", map[string][]any{
			"principal": {w.target("C0"), w.target("C1"), w.target("C2"), w.target("group/mid"),
				w.target("group/root")},
			"ascendingOrder": flags,
		}, func(f filter) []string { // R-ID-62
			found := []string{}
			for _, policy := range policies {
				if slices.ContainsFunc(policy.targets, func(target string) bool {
					return w.target(target) == f["principal"]
				}) {
					found = append(found, policy.name)
				}
			}
			return created(f, found)
		}},
		{"ListPolicyPrincipals", "", map[string][]any{
			"policyName": {"p0", "p1", "p2", "p3"}, "ascendingOrder": flags,
		}, func(f filter) []string { // R-ID-62
			for _, policy := range policies {
				if policy.name == f["policyName"] {
					newest := convert(policy.targets, w.target)
					slices.Reverse(newest)
					return created(f, newest)
				}
			}
			return nil
		}},
		{"ListTagsForResource", "Key", map[string][]any{
			"resourceArn": {testArn + "policy/p1", testArn + "policy/p2"},
		}, func(f filter) []string { // R-ID-43
			if strings.HasSuffix(f.text("resourceArn"), "p1") {
				return []string{"A", "a", "z"}
			}
			return []string{}
		}},
		{"ListJobs", "jobId", map[string][]any{
			"status":          {nil, "IN_PROGRESS", "CANCELED", "COMPLETED", "SCHEDULED"},
			"targetSelection": {nil, "SNAPSHOT", "CONTINUOUS"}, "namespaceId": {nil, "ns", "x"},
			"thingGroupName": {nil, "mid", "rootlet", "leaf"},
			"thingGroupId":   {nil, w.groupID("mid")},
		}, func(f filter) []string { // R-API-10, R-API-12
			if f["thingGroupId"] != nil && !f.passes("thingGroupName", "mid") {
				return nil
			}
			found := []string{}
			for _, known := range jobsKnown {
				if f.passes("status", known.status) && f.passes("targetSelection", known.selection) &&
					f.passes("namespaceId", known.namespace) &&
					f.passes("thingGroupName", known.group) &&
					(f["thingGroupId"] == nil || known.group == "mid") {
					found = append(found, known.id)
				}
			}
			return found
		}},
		{"ListJobExecutionsForThing", "", map[string][]any{
			"thingName": names, "status": statuses, "namespaceId": {nil, "ns", "x"},
			"jobId": {nil, "j1", "j3", "j4", "j5"},
		}, func(f filter) []string { // R-API-27
			found := []string{}
			for _, x := range executionsKnown {
				namespace := ""
				if x.job == "j3" || x.job == "j4" {
					namespace = "ns"
				}
				if x.thing == f["thingName"] && f.passes("status", x.status) &&
					f.passes("namespaceId", namespace) && f.passes("jobId", x.job) {
					found = append(found, fmt.Sprintf("%s %d", x.job, x.number))
				}
			}
			return found
		}},
		{"ListJobExecutionsForJob", "", map[string][]any{
			"jobId": {"j1", "j2", "j3", "j4", "j5"}, "status": statuses,
		}, func(f filter) []string { // R-API-26, R-API-28
			found := []string{}
			for _, thing := range namesOf(names) {
				for _, x := range executionsKnown {
					if x.thing == thing && x.job == f["jobId"] && f.passes("status", x.status) {
						found = append(found, fmt.Sprintf("%sthing/%s %d", testArn, thing, x.number))
					}
				}
			}
			return found
		}},
		{"ListJobTemplates", "jobTemplateArn", nil, func(filter) []string { // R-API-35
			return arns("jobtemplate", []string{"t2", "t3", "t1"})
		}},
		{"ListManagedJobTemplates", "", map[string][]any{
			"templateName": {nil, "AWS-Reboot", "AWS-Download", "x"},
		}, func(f filter) []string { // R-API-35
			if f["templateName"] == "x" {
				return nil
			}
			return only([]string{"AWS-Download 1.0", "AWS-Reboot 1.1", "AWS-Reboot 1.0"},
				func(name string) bool { return strings.HasPrefix(name, f.text("templateName")) })
		}},
		{"SearchIndex", "thingName", map[string][]any{
			"queryString": {"*", "attributes.site:north", "attributes.wattage > 75", "none"},
			"indexName":   {nil, "AWS_Things"}, "queryVersion": {nil, "2017-09-30"},
		}, func(f filter) []string { // R-ID-41
			return map[string][]string{"*": namesOf(names), "attributes.site:north": {"a", "c"},
				"attributes.wattage > 75": {"d"}, "none": {}}[f.text("queryString")]
		}},
	}
}

func (w *world) groupID(name string) string {
	return w.do("DescribeThingGroup", m{"thingGroupName": name})["thingGroupId"].(string)
}

func only(list []string, keep func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !keep(s) })
}

func namesOf(values []any) []string {
	return convert(values, func(v any) string { return v.(string) })
}

// combinations are all filters that can be made of the values.
func combinations(values map[string][]any) []filter {
	all := []filter{{}}
	for member, choices := range values {
		var longer []filter
		for _, f := range all {
			for _, choice := range choices {
				with := maps.Clone(f)
				if choice != nil {
					with[member] = choice
				}
				longer = append(longer, with)
			}
		}
		all = longer
	}
	return all
}

// walk goes through the pages of a list, of a size or, at 0, of the default size. It returns nil when
// the list is refused.
func (w *world) walk(op *schema.Description, l listing, f filter, size int) []string {
	w.t.Helper()
	page := op.Page
	switch {
	case op.Name == "SearchIndex":
		page = searchPage
	case page == nil:
		page = &schema.Page{Items: "policyVersions"}
	}
	found := []string{}
	members := m(maps.Clone(f))
	if size > 0 {
		members[page.Size] = size
	}
	for pages := 0; ; pages++ {
		r := w.serve(op, members)
		if r.Code != http.StatusOK {
			return nil
		}
		var answer map[string]any
		if err := json.Unmarshal(r.Body.Bytes(), &answer); err != nil {
			w.t.Fatal(err)
		}
		items := answer[page.Items].([]any)
		if size > 0 && len(items) > size {
			w.t.Errorf("%s %v: a page of %d has %d items", l.op, f, size, len(items))
		}
		for _, item := range items {
			found = append(found, l.known(item))
		}
		token, more := answer[page.Out].(string)
		if !more {
			return found
		}
		if members[page.In] = token; pages > 100 {
			w.t.Fatalf("%s %v: no end of pages", l.op, f)
		}
	}
}

// known is the text by which the test knows an item.
func (l listing) known(item any) string {
	fields, _ := item.(map[string]any)
	switch {
	case fields == nil:
		return item.(string)
	case l.op == "ListProvisioningTemplateVersions":
		return fmt.Sprint(fields["versionId"])
	case l.op == "ListManagedJobTemplates":
		return fmt.Sprint(fields["templateName"], " ", fields["templateVersion"])
	case fields["jobExecutionSummary"] != nil:
		of := fields["jobId"]
		if of == nil {
			of = fields["thingArn"]
		}
		summary := fields["jobExecutionSummary"].(map[string]any)
		return fmt.Sprint(of, " ", summary["executionNumber"])
	}
	return fields[l.item].(string)
}

// TestLists walks every list (R-ID-9, R-ID-12, R-ID-52, R-ID-58, R-API-10 to R-API-12, R-API-26 to
// R-API-28, R-API-35, R-WIRE-21 to R-WIRE-23).
func TestLists(t *testing.T) {
	t.Parallel()
	file, err := sqlite.Open(filepath.Join(t.TempDir(), "drover.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	for name, s := range map[string]store.Store{"memory": memory.Open(), "sqlite": file} {
		t.Run(name, func(t *testing.T) { newWorld(t, s).walkAll() })
	}
}

// walkAll walks every list of the world.
func (w *world) walkAll() {
	walked := map[string]bool{}
	for _, l := range w.listings() {
		op := described(l.op)
		walked[l.op] = true
		sizes := []int{0, 1, 2, 250}
		if op.Name != "SearchIndex" && (op.Page == nil || op.Page.Size == "") {
			sizes = []int{0}
		}
		for _, f := range combinations(l.filters) {
			want := l.want(f)
			for _, size := range sizes {
				got := w.walk(op, l, f, size)
				if diff := cmp.Diff(want, got); diff != "" {
					w.t.Errorf("%s %v in pages of %d (-want +got):\n%s", l.op, f, size, diff)
				}
			}
		}
	}
	for _, op := range pagedOperations() {
		if !walked[op.Name] {
			w.t.Errorf("%s is not walked", op.Name)
		}
	}
}
