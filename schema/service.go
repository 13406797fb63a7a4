package schema

import "reflect"

// A Service is a named list of operations: one plane of the API.
type Service struct {
	Name       string // as on the command line: iot, iot-jobs-data
	Version    string // of the API model, a date: 2015-05-28
	Signing    string // the service's name in the scope of a signature
	Operations []Operation
}

// All describes every operation, in table order.
func (s *Service) All() []*Description {
	all := make([]*Description, len(s.Operations))
	for i, op := range s.Operations {
		all[i] = op.Describe()
	}
	return all
}

// Has reports whether an operation is one of the service's. Equal names are not enough: the
// DescribeJobExecution of the control plane and that of the device plane take different structures
// and are signed for different services. Nothing is described for the answer.
func (s *Service) Has(op Operation) bool {
	for _, own := range s.Operations {
		if own.OperationName() == op.OperationName() && reflect.TypeOf(own) == reflect.TypeOf(op) {
			return true
		}
	}
	return false
}
