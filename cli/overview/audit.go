package overview

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/cli/terminal"
)

// AuditTable is the list of records of the audit log as a table (R-AUD-3).
func AuditTable(records []drover.AuditRecord) Table {
	t := Table{
		Titles:  []string{"NUMBER", "TIME", "OPERATOR", "OPERATION", "RESOURCE", "CHANGED"},
		Shrinks: []int{4, 5},
	}
	for _, r := range records {
		style := terminal.Plain
		if r.AccessKeyID == nil { // the server itself
			style = terminal.Yellow
		}
		t.Rows = append(t.Rows, []Cell{
			{Text: fmt.Sprint(r.Number)},
			{r.Time.Time().Format(time.RFC3339), terminal.Dim},
			{r.Operator, style},
			{Text: r.Operation},
			{Text: r.Resource},
			{Text: changedMembers(r)},
		})
	}
	return t
}

// changedMembers names the members that a record says have changed. For a resource that is new or gone
// that is all of them, and it is said instead.
func changedMembers(r drover.AuditRecord) string {
	switch {
	case r.Before == nil && r.After == nil:
		return ""
	case r.Before == nil:
		return "new"
	case r.After == nil:
		return "gone"
	}
	names := map[string]bool{}
	for _, object := range [][]byte{r.Before, r.After} {
		addNames(names, object)
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), ", ")
}

// addNames adds the names of the members of an object. Of one that holds nothing but another object,
// as that of a job does, those of the other one are meant.
func addNames(names map[string]bool, object []byte) {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return // it is no object, and has no names
	}
	for name, value := range members {
		if len(members) == 1 && len(value) > 0 && value[0] == '{' {
			addNames(names, value)
			return
		}
		names[name] = true
	}
}
