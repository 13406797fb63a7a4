package help

import (
	"strings"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/schema"
)

// The pages above those of operations: of a service, and of the API as the program named aws has
// it.

// subjects group the operations of a service. An operation belongs to the first subject that has a
// part of its name: AddThingToBillingGroup is about billing groups, not about things. The last
// subject has the others. The order is also that of the page.
var subjects = []struct {
	title string
	parts []string
}{
	{"Job templates", []string{"JobTemplate"}},
	{"Job executions", []string{"JobExecution"}},
	{"Jobs", []string{"Job"}},
	{"Billing groups", []string{"BillingGroup"}},
	{"Dynamic groups and the fleet index", []string{"DynamicThingGroup", "Index"}},
	{"Thing groups", []string{"ThingGroup"}},
	{"Thing types", []string{"ThingType"}},
	{"Policies", []string{"Polic", "Authorization"}},
	{"Custom authorizers", []string{"Authorizer"}},
	{"Provisioning", []string{"Provisioning", "RegisterThing"}},
	{"Certificates", []string{"Certificate", "Principal", "RegistrationCode"}},
	{"Things", []string{"Thing"}},
	{"Tags, events and the endpoint", []string{""}},
}

// subjectOrder is the order of the subjects on a page, by index in subjects: what people look for
// first comes first, where the table above has what is more special first.
var subjectOrder = []int{2, 1, 0, 11, 5, 4, 6, 3, 10, 7, 8, 9, 12}

// subjectOf is the index of an operation's subject.
func subjectOf(operation string) int {
	for i, s := range subjects {
		for _, part := range s.parts {
			if strings.Contains(operation, part) {
				return i
			}
		}
	}
	return len(subjects) - 1
}

// Service returns the page of a service: its operations by subject, each with its first sentence.
func Service(program string, s *schema.Service) (*Page, error) {
	docs, err := command.Docs(s)
	if err != nil {
		return nil, err
	}
	p := &Page{Name: program + " " + s.Name, Summary: command.Summary(s)}
	groups := make([]Rows, len(subjects))
	for _, op := range s.Operations {
		name := op.OperationName()
		i := subjectOf(name)
		groups[i] = append(groups[i],
			Row{command.Dashed(name), command.Sentence(docs.Operation(name))})
	}
	var operations []Block
	for _, i := range subjectOrder {
		if len(groups[i]) > 0 {
			operations = append(operations,
				Entry{Term: subjects[i].title, Blocks: []Block{groups[i]}})
		}
	}
	p.Sections = []Section{
		NameSection(p),
		{"SYNOPSIS", []Block{Code{p.Name + " <operation> [options]"}}},
		{"DESCRIPTION", []Block{Paragraph("\"" + p.Name + " <operation> help\" says all about an " +
			"operation: its options, how their values are written, examples, and the answer.")}},
		{"OPERATIONS", operations},
		{"GLOBAL OPTIONS", globalOptions()},
	}
	return p, nil
}

// API returns the page of the program that is called as aws: it has the services alone.
func API(program string) *Page {
	p := &Page{Name: program, Summary: "calls the API of AWS IoT Jobs on a Drover server"}
	p.Sections = []Section{
		NameSection(p),
		{"SYNOPSIS", []Block{Code{program + " [options] <service> <operation> [options]"}}},
		{"SERVICES", []Block{append(Services(), Row{"configure", "shows and changes profiles"})}},
		{"GLOBAL OPTIONS", globalOptions()},
	}
	return p
}

// Services are the rows of the services.
func Services() (rows Rows) {
	for _, s := range command.Services {
		rows = append(rows, Row{s.Name, command.Summary(s)})
	}
	return rows
}
