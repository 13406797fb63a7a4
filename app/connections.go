package app

import (
	"fmt"

	"github.com/drover-iot/drover/internal/capacity"
	"github.com/drover-iot/drover/internal/connlimit"
)

// How much clients may use of the machine follows from what the process may use of it: connections
// from its limit of open files; unidentified ones, bodies of requests and what the broker holds
// also from its memory. So a flood is refused by the server, and never reaches the limit where the
// system refuses the server.

const (
	// ownFiles are the descriptors that a server needs beside those that are open before it
	// listens: four listeners, and eight for files that it opens for a moment, such as keys.json,
	// and for connections that it accepts only to close them.
	ownFiles = 12
	// minConnections is the least that a server can serve with.
	minConnections = 8
)

// A connectionRoom is what the limit of open files leaves room for.
type connectionRoom struct{ files, room int }

// measureConnections finds out how many connections there is room for. It is called when everything
// but the listeners is open.
func (s *Server) measureConnections() (connectionRoom, error) {
	files, open, err := capacity.Files()
	if err != nil {
		return connectionRoom{}, fmt.Errorf("limit of open files: %w", err)
	}
	return connectionRoom{files, files - open - ownFiles}, nil
}

// share returns the limits on connections of a configuration (R-LIM-52).
func (r connectionRoom) share(c Config) (connlimit.Limits, error) {
	total, err := connectionsFor(c.named("max-connections"), c.MaxConnections, r.files, r.room)
	return connlimit.Share(total, capacity.Memory()), err
}

// connectionsFor is how many connections there may be when the limit of open files leaves room for
// some: as many as are configured by the setting of this name, or all that there is room for.
func connectionsFor(name string, configured, files, room int) (int, error) {
	switch {
	case room < minConnections:
		return 0, fmt.Errorf("the limit of open files is %d, which leaves room for %d connections; "+
			"at least %d are needed (ulimit -n)", files, max(room, 0), minConnections)
	case configured > room:
		return 0, fmt.Errorf("%s: %d is too many: the limit of open files is %d, "+
			"which leaves room for %d (ulimit -n)", name, configured, files, room)
	case configured > 0:
		return configured, nil
	}
	return room, nil
}

// A budget is how many bytes of one kind clients may have the server keep.
type budget struct {
	most int64
	part int64 // of the memory that the process may use, when that is less: 16 is a sixteenth
}

var (
	bodiesBudget = budget{64 << 20, 8}  // bodies of requests
	brokerBudget = budget{64 << 20, 16} // each: wills, retained messages, unfinished packets, what waits to be written
	// queuedBudget is for the messages of absent clients. They are on disk, but in memory is where.
	queuedBudget = budget{1 << 30, 2}
)

// of returns the budget when the process may use this much memory; 0 is not known.
func (b budget) of(memory int64) int64 {
	if memory == 0 {
		return b.most
	}
	return min(b.most, memory/b.part)
}
