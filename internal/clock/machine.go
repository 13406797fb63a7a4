//go:build !settableclock

package clock

import "time"

// Now is the machine's clock, for what is not the engine's: certificates, signatures and sessions.
// Whatever of it is stored or compared with a stored time is read here and not from package time,
// so that a test can set the clock of the built binary (settable.go).
func Now() time.Time { return time.Now() }
