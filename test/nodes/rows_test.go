package nodes

import (
	"slices"
	"strings"
	"testing"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/schema"
)

// Every operation of the API on jobs and executions has a row in the table of operations and
// faults: who adds an operation adds it to the load.
func TestOperationsHaveRows(t *testing.T) {
	t.Parallel()
	var rows []string
	for _, op := range operations {
		name, _, _ := strings.Cut(string(op), " ")
		rows = append(rows, strings.TrimSuffix(name, ","))
	}
	for _, service := range []schema.Service{iot.Service, jobsdata.Service} {
		for _, op := range service.All() {
			if strings.Contains(op.Path, "/jobs") && !slices.Contains(rows, op.Name) {
				t.Errorf("%s of %s has no row: the load does not ask for it", op.Name, service.Name)
			}
		}
	}
}
