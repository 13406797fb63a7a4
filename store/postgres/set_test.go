package postgres

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/store/relational"
)

// Changes are sent in sets, and none of them comes before an earlier one of the same row, nor before
// a change that has no set form.
func TestSetsKeepTheOrderOfARow(t *testing.T) {
	t.Parallel()
	insert, update := translated(relational.InsertExecution), translated(relational.UpdateExecution)
	names := map[string]string{insert: "insert", update: "update", "other": "other"}
	row := func(thing int64) []any {
		args := make([]any, 18)
		args[12], args[13], args[14] = int64(1), thing, int64(1)
		return args
	}
	for _, test := range []struct {
		name string
		sent []change
		want []string
	}{
		{
			name: "one set for each statement",
			sent: []change{
				{sql: insert, args: row(1)}, {sql: update, args: row(8)},
				{sql: insert, args: row(2)}, {sql: update, args: row(9)},
			},
			want: []string{"insert 2", "update 2"},
		},
		{
			name: "created and updated",
			sent: []change{
				{sql: update, args: row(1)}, {sql: insert, args: row(2)}, {sql: update, args: row(2)},
			},
			want: []string{"update 1", "insert 1", "update 1"},
		},
		{
			name: "updated twice",
			sent: []change{
				{sql: update, args: row(1)}, {sql: update, args: row(2)}, {sql: update, args: row(1)},
			},
			want: []string{"update 2", "update 1"},
		},
		{
			name: "another statement between",
			sent: []change{
				{sql: update, args: row(1)}, {sql: "other"}, {sql: update, args: row(2)},
			},
			want: []string{"update 1", "other 1", "update 1"},
		},
	} {
		c := &conn{}
		for _, w := range test.sent {
			c.add(w)
		}
		var got []string
		for _, w := range c.waiting {
			got = append(got, fmt.Sprintf("%s %d", names[w.sql], w.size()))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
