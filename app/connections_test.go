package app

import (
	"strings"
	"testing"
)

// How many connections there may be, by what is configured and what there is room for.
func TestConnectionsFor(t *testing.T) { // R-LIM-52
	t.Parallel()
	for _, row := range []struct {
		configured, room, want int
		says                   string // the error
	}{
		{configured: 0, room: 8, want: 8},
		{configured: 0, room: 19_948, want: 19_948},
		{configured: 100, room: 19_948, want: 100},
		{configured: 8, room: 8, want: 8},
		{configured: 0, room: 7, says: "leaves room for 7 connections; at least 8"},
		{configured: 0, room: -3, says: "leaves room for 0 connections"},
		{configured: 9, room: 8, says: "--max-connections: 9 is too many: the limit of open files is 64"},
	} {
		got, err := connectionsFor("--max-connections", row.configured, 64, row.room)
		if got != row.want || (err == nil) != (row.says == "") ||
			err != nil && !strings.Contains(err.Error(), row.says) {
			t.Errorf("%d of %d: got %d, %v, want %d, %q",
				row.configured, row.room, got, err, row.want, row.says)
		}
	}
}

// How much memory bodies may take.
func TestBodyBytes(t *testing.T) { // R-WIRE-30
	t.Parallel()
	for memory, want := range map[int64]int64{
		0:         64 << 20,
		256 << 20: 32 << 20,
		512 << 20: 64 << 20,
		16 << 30:  64 << 20,
	} {
		if got := bodiesBudget.of(memory); got != want {
			t.Errorf("%d bytes of memory: got %d, want %d", memory, got, want)
		}
	}
}
