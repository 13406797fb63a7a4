//go:build !unix

package capacity

import "math"

// Files returns how many files and connections the process may have open, and how many it has. Here
// there is no limit to ask for.
func Files() (limit, open int, err error) { return math.MaxInt32, 0, nil }
