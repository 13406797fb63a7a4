package iot

// Names of the upper bounds that a server may set otherwise (docs/spec/24, section 5). What the
// types say is AWS IoT's, and the default.
const (
	LimitDocument = "document" // R-LIM-3
	LimitTargets  = "targets"  // R-LIM-7
	LimitExpiry   = "expiry"   // R-LIM-9
	LimitRate     = "rate"     // R-LIM-11, R-LIM-12
	LimitTags     = "tags"     // R-LIM-28
	LimitCriteria = "criteria" // R-LIM-29
)
