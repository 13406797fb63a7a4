package api_test

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/schema"
)

// deviations are the constraints that differ from the model on purpose: what this description
// says instead, and the rule that asks for it. The key is the structure or operation and the
// member.
var deviations = map[string]struct{ says, rule string }{
	"AbortConfig.criteriaList":                     {"items 1..16", "R-VAL-24"},
	"AbortCriteria.thresholdPercentage":            {"0..100, 2 decimals", "R-VAL-22"},
	"AssociateTargetsWithJob.targets":              {"items 1..100; each: len ..2048", "R-VAL-5"},
	"CancelJob.reasonCode":                         {"len ..128; [A-Z0-9_]+", "R-WIRE-19"},
	"CancelJobExecution.statusDetails":             {"items ..10; key: len 1..128; [a-zA-Z0-9:_-]+; value: len 1..1024; [^\\p{C}]+", "R-VAL-34"},
	"CreateJob.destinationPackageVersions":         {"items ..25; each: len 1..1600; ^arn:[!-~]+$", "R-VAL-31"},
	"CreateJob.document":                           {"len ..32768; 32768 bytes", "R-VAL-10"},
	"CreateJob.tags":                               {"items ..50", "R-VAL-32"},
	"CreateJob.targets":                            {"items 1..100; each: len ..2048", "R-VAL-5"},
	"CreateJobTemplate.destinationPackageVersions": {"items ..25; each: len 1..1600; ^arn:[!-~]+$", "R-VAL-31"},
	"CreateJobTemplate.document":                   {"len ..32768; 32768 bytes", "R-VAL-10"},
	"CreateJobTemplate.tags":                       {"items ..50", "R-VAL-32"},
	"CreateAuthorizer.tags":                        {"items ..50", "R-VAL-32"},
	"RegisterCACertificate.tags":                   {"items ..50", "R-VAL-32"},
	"CreateBillingGroup.tags":                      {"items ..50", "R-VAL-32"},
	"CreateDynamicThingGroup.tags":                 {"items ..50", "R-VAL-32"},
	"CreatePolicy.tags":                            {"items ..50", "R-VAL-32"},
	"CreateProvisioningTemplate.tags":              {"items ..50", "R-VAL-32"},
	"RegisterThing.parameters":                     {"items ..100; key: len ..2048; value: len ..4096", "R-ID-78"},
	"CreateThingGroup.tags":                        {"items ..50", "R-VAL-32"},
	"CreateThingType.tags":                         {"items ..50", "R-VAL-32"},
	"TestAuthorization.policyNamesToAdd":           {`items ..100; each: len 1..128; [\w+=,.@-]+`, "R-ID-64"},
	"TestAuthorization.policyNamesToSkip":          {`items ..100; each: len 1..128; [\w+=,.@-]+`, "R-ID-64"},
	"SearchIndex.maxResults":                       {"1..500", "R-ID-41"},
	"DescribeManagedJobTemplate.templateVersion":   {`^[1-9][0-9]*\.[0-9]+$`, "R-WIRE-20"},
	"ExponentialRolloutRate.incrementFactor":       {"1.1..5, 1 decimals", "R-VAL-17"},
	"Job.destinationPackageVersions":               {"items ..25; each: len 1..1600; ^arn:[!-~]+$", "R-VAL-31"},
	"Job.reasonCode":                               {"len ..128; [A-Z0-9_]+", "R-WIRE-19"},
	"Job.targets":                                  {"items 1..100; each: len ..2048", "R-VAL-5"},
	"JobExecutionStatusDetails.detailsMap":         {"items ..10; key: len 1..128; [a-zA-Z0-9:_-]+; value: len 1..1024; [^\\p{C}]+", "R-VAL-34"},
	"JobExecutionsRolloutConfig.maximumPerMinute":  {"1..1000", "R-VAL-15"},
	"ManagedJobTemplateSummary.templateVersion":    {`^[1-9][0-9]*\.[0-9]+$`, "R-WIRE-20"},
	"PresignedUrlConfig.roleArn":                   {`len 20..2048; arn:[a-z0-9-]+:iam::[0-9]+:role/[\w+=,.@/-]+`, "R-VAL-13"},
	"TimeoutConfig.inProgressTimeoutInMinutes":     {"1..10080", "R-VAL-25"},
	"AssociateTargetsWithJob.namespaceId":          {namespace, "R-VAL-36"},
	"CreateJob.namespaceId":                        {namespace, "R-VAL-36"},
	"DeleteJob.namespaceId":                        {namespace, "R-VAL-36"},
	"DeleteJobExecution.namespaceId":               {namespace, "R-VAL-36"},
	"Job.namespaceId":                              {namespace, "R-VAL-36"},
	"ListJobExecutionsForThing.namespaceId":        {namespace, "R-VAL-36"},
	"ListJobs.namespaceId":                         {namespace, "R-VAL-36"},
	"UpdateJob.namespaceId":                        {namespace, "R-VAL-36"},
}

const namespace = "len ..64; [a-zA-Z0-9_-]+"

// renamed are structures that have another name here than in the model.
var renamed = map[string]string{"ExecutionDetails": "JobExecutionStatusDetails", "ExecutionState": "JobExecutionState"}

func services() []*schema.Service {
	return []*schema.Service{&iot.Service, &jobsdata.Service, &drover.Service}
}

// TestFacts holds the description against the facts of the specification, both ways: no fact is
// missing, and the description says nothing that is not a fact.
func TestFacts(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/facts.tsv")
	if err != nil {
		t.Fatal(err)
	}
	d := describeAll()
	used, tabled := map[string]bool{}, map[string]bool{} // keys and structures that facts speak of
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		fact := strings.Split(line, "\t")
		key := strings.Join(fact[:4], " ")
		if fact[0] == "op" || fact[0] == "names" {
			key = strings.Join(fact[:3], " ")
		}
		got, ok := d[key]
		if !ok {
			t.Errorf("the description lacks %s", line)
			continue
		}
		used[key], tabled[fact[1]+fact[2]] = true, true
		want := slices.Clone(fact)
		if n := len(want) - 1; fact[0] == "in" || fact[0] == "member" {
			if dev, ok := deviations[fact[2]+"."+fact[3]]; ok {
				want[n] = dev.says
			}
			if want[n] == "?" {
				want[n] = got[n]
			}
			if got[n-1] == "" {
				want[n-1] = ""
			}
		}
		if diff := cmp.Diff(normal(want), normal(got)); diff != "" {
			t.Errorf("%s (-fact +description):\n%s", key, diff)
		}
	}
	for key, got := range d {
		if !used[key] && got[0] != "names" && (tabled[got[1]+got[2]] || got[0] != "member") && !untabled(got) {
			t.Errorf("no fact says %q", got)
		}
	}
}

// untabled reports what the specification names without a table of its members: structures whose
// member names alone it lists.
func untabled(got []string) bool { return got[0] == "member" && namesOnly[got[2]] }

var namesOnly = map[string]bool{
	"AttributePayload": true, "ThingAttribute": true, "ThingTypeProperties": true, "ThingTypeMetadata": true,
	"ThingTypeDefinition": true, "ThingGroupProperties": true, "ThingGroupMetadata": true,
	"BillingGroupProperties": true, "BillingGroupMetadata": true, "GroupNameAndArn": true,
	"KeyPair": true, "Certificate": true, "CACertificate": true, "CACertificateDescription": true, "CertificateDescription": true, "Policy": true, "PolicyVersion": true,
	"EffectivePolicy": true, "AuthInfo": true, "ThingDocument": true, "ThingConnectivity": true, "ThingGroupDocument": true,
}

// describeAll writes the description as facts.
func describeAll() map[string][]string {
	all := map[string][]string{}
	add := func(n int, fact ...string) { all[strings.Join(fact[:n], " ")] = fact }
	for _, service := range services() {
		input := map[*schema.Shape]bool{}
		for _, op := range service.All() {
			add(3, "op", service.Name, op.Name, op.Method+" "+op.Path, errorsOf(service, op), pageOf(op))
			for _, m := range op.Input.Members {
				add(4, "in", service.Name, op.Name, m.Name, m.Wire, m.In.String(), typeOf(m.Shape), yesNo(m.Required), constraintOf(m.Shape))
				reach(m.Shape, func(s *schema.Shape) { input[s] = true })
			}
			for _, m := range op.Output.Members {
				add(4, "out", service.Name, op.Name, m.Name, typeOf(m.Shape))
			}
		}
		for _, op := range service.All() {
			for _, root := range []*schema.Shape{op.Input, op.Output} {
				for _, m := range root.Members {
					reach(m.Shape, func(s *schema.Shape) { structureFacts(service, s, input[s], add) })
				}
			}
		}
	}
	return all
}

func structureFacts(service *schema.Service, s *schema.Shape, input bool, add func(int, ...string)) {
	names := []string{}
	for _, m := range s.Members {
		required := "" // what is only answered is not required of anybody
		if input {
			required = yesNo(m.Required)
		}
		add(4, "member", service.Name, nameOf(s), m.Name, typeOf(m.Shape), required, constraintOf(m.Shape))
		names = append(names, m.Name)
	}
	add(3, "names", service.Name, nameOf(s), strings.Join(names, ","))
}

func reach(s *schema.Shape, visit func(*schema.Shape)) {
	switch s.Kind {
	case schema.List, schema.Map:
		reach(s.Elem, visit)
	case schema.Structure:
		visit(s)
		for _, m := range s.Members {
			reach(m.Shape, visit)
		}
	}
}

func errorsOf(service *schema.Service, op *schema.Description) string {
	list := []string{}
	for _, e := range op.Errors {
		status := api.Status(e)
		if service == &jobsdata.Service && e == api.Throttling {
			status = 429
		}
		list = append(list, string(e)+":"+strconv.Itoa(status))
	}
	slices.Sort(list)
	return strings.Join(list, ",")
}

func pageOf(op *schema.Description) string {
	if op.Page == nil {
		return ""
	}
	return op.Page.In + "," + op.Page.Size + "," + op.Page.Items
}

func nameOf(s *schema.Shape) string {
	if name, ok := renamed[s.Name]; ok {
		return name
	}
	return s.Name
}

func typeOf(s *schema.Shape) string {
	switch s.Kind {
	case schema.List:
		return "list of " + typeOf(s.Elem)
	case schema.Map:
		return "map of " + typeOf(s.Elem)
	case schema.Structure:
		return nameOf(s)
	}
	return s.Kind.String()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// constraintOf writes a constraint in the notation of the specification.
func constraintOf(s *schema.Shape) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	c := s.Constraint
	if c.Size.Set() {
		add("items %s", boundOf(c.Size))
	}
	if s.Key != nil {
		if key := constraintOf(s.Key); key != "" {
			add("key: %s", key)
		}
	}
	if s.Elem != nil && s.Elem.Kind != schema.Structure {
		if elem := constraintOf(s.Elem); elem != "" {
			add("%s: %s", map[schema.Kind]string{schema.List: "each", schema.Map: "value"}[s.Kind], elem)
		}
	}
	if c.Len.Set() {
		add("len %s", boundOf(c.Len))
	}
	if c.Bytes > 0 {
		add("%d bytes", c.Bytes)
	}
	if c.Pattern != "" {
		add("%s", c.Pattern)
	}
	if c.OneOf != nil {
		add("one of %s", strings.Join(c.OneOf, ", "))
	}
	if c.Num.Set() {
		add("%s", boundOf(c.Num))
	}
	if d := c.Decimal; d != nil {
		add("%s..%s, %d decimals", d.Min, d.Max, d.Places)
	}
	return strings.Join(parts, "; ")
}

func boundOf(b schema.Bound) string {
	text := ".."
	if b.HasMin() {
		text = strconv.FormatInt(b.Min, 10) + text
	}
	if b.HasMax() {
		text += strconv.FormatInt(b.Max, 10)
	}
	return text
}

// zeroMin is a lower bound that says nothing for a length or a number of items.
var zeroMin = regexp.MustCompile(`\b0\.\.`)

func normal(fact []string) []string {
	n := len(fact) - 1
	fact[n] = zeroMin.ReplaceAllString(fact[n], "..")
	return fact
}

// lists are the responses that have a method Items.
var lists = []any{
	iot.ListAuthorizersResponse{}, iot.ListBillingGroupsResponse{}, iot.ListCACertificatesResponse{}, iot.ListCertificatesResponse{}, iot.ListJobExecutionsForJobResponse{},
	iot.ListJobExecutionsForThingResponse{}, iot.ListJobTemplatesResponse{},
	iot.ListJobsResponse{}, iot.ListManagedJobTemplatesResponse{},
	iot.ListPolicyPrincipalsResponse{}, iot.ListPrincipalThingsV2Response{},
	iot.ListProvisioningTemplatesResponse{}, iot.ListProvisioningTemplateVersionsResponse{},
	iot.ListTagsForResourceResponse{}, iot.ListTargetsForPolicyResponse{},
	iot.ListThingGroupsResponse{}, iot.ListThingPrincipalsResponse{},
	iot.ListThingPrincipalsV2Response{}, iot.ListThingTypesResponse{},
	iot.ListThingsResponse{}, iot.PolicyList{}, iot.ThingNames{}, drover.ListHoldsResponse{},
	drover.ListJobTargetThingsResponse{}, drover.ListThingEventsResponse{},
	drover.ListSinksResponse{}, drover.ListDeadLettersResponse{},
}

// Items of a paged response returns the member that the operation's Page names, and every paged
// operation has such a response.
func TestItems(t *testing.T) {
	t.Parallel()
	types := map[*schema.Shape]reflect.Type{}
	for _, list := range lists {
		types[schema.ShapeOf(reflect.TypeOf(list))] = reflect.TypeOf(list)
	}
	for _, d := range slices.Concat(iot.Service.All(), drover.Service.All()) {
		if d.Page == nil {
			continue
		}
		typ := types[d.Output]
		if typ == nil {
			t.Errorf("the response of %s has no method Items, or is not in lists", d.Name)
			continue
		}
		out := reflect.New(typ).Elem()
		list := out.FieldByName(d.Output.Member(d.Page.Items).GoName)
		list.Set(reflect.MakeSlice(list.Type(), 1, 1))
		got := out.MethodByName("Items").Call(nil)[0]
		if got.Len() != 1 || got.Pointer() != list.Pointer() {
			t.Errorf("Items of %s is not %s", d.Name, d.Page.Items)
		}
	}
}
