package control

import (
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/schema"
)

// limitsOf are the upper bounds of members that differ from those of the description (R-LIM-56).
// Members are judged by them while a request is decoded, so that the first member that is wrong is
// named whatever the limits are (R-ERR-10). There are none with the limits of AWS IoT.
func limitsOf(l job.Limits) schema.Limits {
	set := bounds(l)
	for name, most := range bounds(job.DefaultLimits) {
		if set[name] == most {
			delete(set, name)
		}
	}
	return set
}

// bounds are the upper bounds that limits set, by the names that the description has for them.
func bounds(l job.Limits) schema.Limits {
	return schema.Limits{
		iot.LimitDocument: int64(l.Requests.DocumentBytes),
		iot.LimitTargets:  int64(l.Requests.Targets),
		iot.LimitExpiry:   int64(l.Requests.URLLifetime / time.Second),
		iot.LimitRate:     int64(l.Requests.PerMinute),
		iot.LimitCriteria: int64(l.Requests.AbortCriteria),
		iot.LimitTags:     int64(l.Registry.Tags),
	}
}
