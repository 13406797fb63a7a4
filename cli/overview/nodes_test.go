package overview

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/client"
)

// The list says of each node whether it is ready, or who goes on for it (R-NODE-13).
func TestNodeTable(t *testing.T) {
	t.Parallel()
	const want = `NODE     VERSION  STARTED        LAST SIGN  CONNECTIONS  READY
east/1   v1.2.0   2 h 0 min ago  0 s ago    7            yes
west/2   v1.2.0   3 min ago      6 s ago    0            no
north/3  v1.1.0   2 d 0 h ago    9 s ago    2            gone, east/1 takes over its clients
`
	table := NodeTable([]client.Node{
		{
			Name:        "east/1",
			Version:     "v1.2.0",
			Since:       now.Add(-2 * time.Hour),
			LastSign:    now,
			Connections: 7,
			Ready:       true,
		},
		{Name: "west/2", Version: "v1.2.0", Since: now.Add(-3 * time.Minute), LastSign: now.Add(-6 * time.Second)},
		{
			Name:        "north/3",
			Version:     "v1.1.0",
			Since:       now.Add(-48 * time.Hour),
			LastSign:    now.Add(-9 * time.Second),
			Connections: 2,
			Heir:        "east/1",
		},
	}, now)
	if diff := cmp.Diff(want, table.String(0, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
