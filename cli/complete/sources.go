package complete

import (
	"slices"
	"strings"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/schema"
)

// Which list of the API has the values of a type. The types are those of the description, so that
// an operation that comes is completed like those that are there.

// A source is a list operation whose items hold values.
type source struct {
	// types are names of types; for members without a type of their own, names of members.
	types []string
	list  schema.Operation
	item  string // where the value is in an item: a member, member.member, or "" for the item

	behind string // the value is what follows this in the text of the item; "" for the whole text
	about  string // the member of an item that describes it; "" for none
	prefix string // the member of the request that filters by the beginning; "" for none
	query  string // what that member has in front of the beginning; it has "*" behind it then

	// needs are members that the list gets from the line. A source that has them there knows better
	// than those that need nothing: of all jobs, those of the thing.
	needs []string
	// makers are operations that make what has the value as its name. A new name is not completed.
	makers []string
}

// sources are all lists with values. No other operation is called for completion, and each only
// reads. The table is made when it is asked for: no other command has to wait for it.
func sources() []source {
	return []source{
		{types: []string{"JobID", "JobIDOrNext"}, list: iot.ListJobs, item: "jobId",
			about: "status", makers: []string{"CreateJob"}},
		{types: []string{"JobID", "JobIDOrNext"}, list: iot.ListJobExecutionsForThing,
			item: "jobId", about: "jobExecutionSummary.status", needs: []string{"thingName"}},
		{types: []string{"jobArn"}, list: iot.ListJobs, item: "jobArn", about: "status"},

		{types: []string{"ThingName"}, list: iot.ListThings, item: "thingName",
			about: "thingTypeName", makers: []string{"CreateThing"}},
		{types: []string{"ThingName"}, list: iot.SearchIndex, item: "thingName",
			about: "thingTypeName", prefix: "queryString", query: "thingName:",
			makers: []string{"CreateThing"}},
		{types: []string{"ThingName"}, list: iot.ListJobExecutionsForJob, item: "thingArn",
			behind: ":thing/", about: "jobExecutionSummary.status", needs: []string{"jobId"}},
		{types: []string{"thingArn", "targets"}, list: iot.ListThings, item: "thingArn"},

		{types: []string{"ThingGroupName"}, list: iot.ListThingGroups, item: "groupName",
			prefix: "namePrefixFilter",
			makers: []string{"CreateThingGroup", "CreateDynamicThingGroup"}},
		{types: []string{"thingGroupArn", "targets", "PolicyTarget"}, list: iot.ListThingGroups,
			item: "groupArn", prefix: "namePrefixFilter"},
		{types: []string{"BillingGroupName"}, list: iot.ListBillingGroups, item: "groupName",
			prefix: "namePrefixFilter", makers: []string{"CreateBillingGroup"}},
		{types: []string{"billingGroupArn"}, list: iot.ListBillingGroups, item: "groupArn",
			prefix: "namePrefixFilter"},
		{types: []string{"ThingTypeName"}, list: iot.ListThingTypes, item: "thingTypeName",
			makers: []string{"CreateThingType"}},

		{types: []string{"JobTemplateID"}, list: iot.ListJobTemplates, item: "jobTemplateId",
			about: "description", makers: []string{"CreateJobTemplate"}},
		{types: []string{"JobTemplateArn"}, list: iot.ListJobTemplates, item: "jobTemplateArn",
			about: "description"},
		{types: []string{"JobTemplateArn"}, list: iot.ListManagedJobTemplates, item: "templateArn",
			about: "description"},
		{types: []string{"ManagedTemplateName"}, list: iot.ListManagedJobTemplates,
			item: "templateName", about: "description"},

		{types: []string{"PolicyName"}, list: iot.ListPolicies, item: "policyName",
			makers: []string{"CreatePolicy"}},
		{types: []string{"PolicyVersionID"}, list: iot.ListPolicyVersions, item: "versionId",
			about: "createDate", needs: []string{"policyName"}},
		{types: []string{"CertificateID"}, list: iot.ListCertificates, item: "certificateId",
			about: "status"},
		{types: []string{"CACertificateID"}, list: iot.ListCACertificates, item: "certificateId",
			about: "status"},
		{types: []string{"Principal", "PolicyTarget"}, list: iot.ListCertificates,
			item: "certificateArn", about: "status"},

		{types: []string{"executionNumber"}, list: iot.ListJobExecutionsForThing,
			item: "jobExecutionSummary.executionNumber", about: "jobExecutionSummary.status",
			needs: []string{"thingName", "jobId"}},

		// What may have tags.
		{types: []string{"TaggedArn"}, list: iot.ListJobs, item: "jobArn", about: "status"},
		{types: []string{"TaggedArn"}, list: iot.ListJobTemplates, item: "jobTemplateArn"},
		{types: []string{"TaggedArn"}, list: iot.ListThingGroups, item: "groupArn",
			prefix: "namePrefixFilter"},
		{types: []string{"TaggedArn"}, list: iot.ListBillingGroups, item: "groupArn",
			prefix: "namePrefixFilter"},
		{types: []string{"TaggedArn"}, list: iot.ListThingTypes, item: "thingTypeArn"},
		{types: []string{"TaggedArn"}, list: iot.ListPolicies, item: "policyArn"},
		{types: []string{"TaggedArn"}, list: iot.ListCACertificates, item: "certificateArn"},
	}
}

// A List is one list of the API to be asked for values.
type List struct {
	Operation  schema.Operation  // of the control plane
	Parameters map[string]string // members of the request

	source source
}

// lists are the lists that know what the value of a member may be, of which text is written. s is
// the shape of the value, or of an element of it.
func (w *walk) lists(m *schema.Member, s *schema.Shape, text string) (lists []List) {
	// From the first list on that has what it needs, those that need nothing are left out.
	special := false
	for _, from := range sources() {
		if !from.has(m, s) || w.isNew(m, from) {
			continue
		}
		list, ok := w.list(from, text)
		if !ok || special && from.needs == nil {
			continue
		}
		if from.needs != nil && !special {
			special, lists = true, nil
		}
		lists = append(lists, list)
	}
	return lists
}

// has reports whether a list has values of a member.
func (from source) has(m *schema.Member, s *schema.Shape) bool {
	return slices.Contains(from.types, s.Name) || slices.Contains(from.types, m.Name)
}

// isNew reports whether the operation on the line makes something of the name in a member.
func (w *walk) isNew(m *schema.Member, from source) bool {
	op := w.cursor.Operation
	return op != nil && m.Required && slices.Contains(from.makers, op.Name)
}

// isPlain reports whether a name may be written in a query without quotes.
func isPlain(name string) bool {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
	return name != "" && strings.Trim(name, plain) == ""
}

// list is a source with its parameters, when the line has what it needs.
func (w *walk) list(from source, text string) (list List, ok bool) {
	list = List{Operation: from.list, Parameters: map[string]string{}, source: from}
	for _, need := range from.needs {
		value := w.cursor.Text(command.Dashed(need))
		if value == "" || strings.HasPrefix(value, filePrefixes[0]) {
			return list, false
		}
		list.Parameters[need] = value
	}
	// The name in an ARN is behind its last slash; in front of the slash there is none yet.
	name := text
	if strings.HasSuffix(from.item, "Arn") {
		name = text[strings.LastIndexByte(text, '/')+1:]
		if name == text {
			name = ""
		}
	}
	// A list with a filter is asked for less, and one without it for its first pages.
	switch {
	case from.query != "" && !isPlain(name): // all things are in another list
		return list, false
	case from.query != "":
		list.Parameters[from.prefix] = from.query + name + "*"
	case from.prefix != "" && name != "":
		list.Parameters[from.prefix] = name
	}
	return list, true
}

// Items is the member of an answer that holds the list.
func (l List) Items(op *schema.Description) string {
	if op.Page != nil {
		return op.Page.Items
	}
	for _, m := range op.Output.Members {
		if m.Shape.Kind == schema.List {
			return m.Name
		}
	}
	return ""
}

// Tokens are the members for the token of a page, in a request and in an answer. A search, which
// the command line does not page through, has them too.
func (l List) Tokens(op *schema.Description) (asks, answers string) {
	if op.Page != nil {
		return op.Page.In, op.Page.Out
	}
	return "nextToken", "nextToken"
}

// Value is the value in an item of the list, and what describes it; both are "" when they are not
// there.
func (l List) Value(item value.Value) (text, about string) {
	text = inside(item, l.source.item)
	if l.source.behind != "" {
		_, text, _ = strings.Cut(text, l.source.behind)
	}
	if l.source.about != "" {
		about = inside(item, l.source.about)
	}
	return text, about
}

// inside is the text at a path in an item, "" when there is none.
func inside(item value.Value, path string) string {
	for name := range strings.SplitSeq(path, ".") {
		o, ok := item.(*value.Object)
		if !ok {
			return ""
		}
		item, _ = o.Get(name)
	}
	if item == nil {
		return ""
	}
	return value.Plain(item)
}
