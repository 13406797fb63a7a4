package job

import (
	"time"

	"github.com/drover-iot/drover/registry"
)

// An operator may hold a single thing: what is QUEUED for it is hidden and cannot be started,
// whatever its job is (R-STR-14). Executions are created as always.

// Hold says that a thing is held. It is in force as long as it is stored, also after Until: what
// ends it then is due work, which removes it and notifies the device.
type Hold struct {
	Thing  registry.ThingID
	Reason string    // as the operator gave it: 1..256 characters of the tag set (R-VAL-32)
	Since  time.Time // when the thing was held
	Until  time.Time // when the hold ends by itself; zero when only an operator ends it
}
