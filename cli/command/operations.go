package command

import (
	"strings"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/schema"
)

// A line begins with two plain words, the service and the operation. Global options may stand
// before the first, between the two, and behind.

// Services are the planes that can be called, by their names on the command line.
var Services = []*schema.Service{&iot.Service, &jobsdata.Service}

// FindService finds a service by its whole name, nil without one (R-CMD-17).
func FindService(name string) *schema.Service {
	for _, s := range Services {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// ServiceNames are the names of the services, in table order.
func ServiceNames() []string {
	names := make([]string, len(Services))
	for i, s := range Services {
		names[i] = s.Name
	}
	return names
}

// Summary says what a service is for.
func Summary(s *schema.Service) string {
	if s == &jobsdata.Service {
		return "calls the device plane: what a device does with its jobs"
	}
	return "calls the control plane: jobs, things, groups, certificates, policies"
}

// Names are the operations of a service as they are called, in table order: CreateJob is
// create-job.
func Names(s *schema.Service) []string {
	names := make([]string, len(s.Operations))
	for i, op := range s.Operations {
		names[i] = Dashed(op.OperationName())
	}
	return names
}

// Find finds an operation by its whole name on the command line, nil without one. Only the one
// found is described: a call of the command line pays for one operation, not for a hundred.
func Find(s *schema.Service, name string) *schema.Description {
	for _, op := range s.Operations {
		if Dashed(op.OperationName()) == name {
			return op.Describe()
		}
	}
	return nil
}

// ReadNames reads the service, the operation and the global options around them. It returns the
// names, of which there may be none, one or two, and the words after them. The names are not
// looked up.
func (l *Line) ReadNames(words []string) (names, rest []string, err error) {
	// Each turn reads the options in front of a plain word, and the word.
	for len(names) < 2 {
		at := firstPlain(words)
		if err := l.Read(words[:at], Globals); err != nil {
			return nil, nil, err
		}
		if len(l.LeftOver) > 0 {
			return nil, nil, exit.LeftOver(strings.Join(l.LeftOver, ", "))
		}
		if at == len(words) {
			return names, nil, nil
		}
		names, words = append(names, words[at]), words[at+1:]
	}
	return names, words, nil
}

// firstPlain is the index of the first word that is neither a global option nor its value.
func firstPlain(words []string) int {
	for i := 0; i < len(words); i++ {
		found, err := lookUp(words[i], Globals)
		if found.Option == nil && err == nil && !isOption(words[i]) {
			return i
		}
		if found.Option != nil && found.Takes == TakesOne && !found.hasValue {
			i++
		}
	}
	return len(words)
}
