package app

import (
	"time"

	"github.com/drover-iot/drover/internal/config"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// requestSettings are limits on single requests (R-LIM-55 to R-LIM-57). The defaults are AWS IoT's.
func (c *Config) requestSettings() []config.Setting {
	l, least, most := &c.Limits.Requests, job.LeastRequestLimits, job.MostRequestLimits
	settings := []config.Setting{
		wholeLimit("max-document-bytes", "bytes",
			"how many `bytes` a job document may have",
			&l.DocumentBytes, least.DocumentBytes, most.DocumentBytes),
		wholeLimit("max-targets", "targets",
			"what `number` of targets a job may have",
			&l.Targets, least.Targets, most.Targets),
		timeLimit("max-url-lifetime", "time, like 12h",
			"for how long presigned URLs in job documents may be valid, as a `duration`; without "+
				"expiresInSec it is an hour",
			&l.URLLifetime, least.URLLifetime, most.URLLifetime),
		wholeLimit("max-rollout-rate", "executions a minute",
			"how many `executions` a minute a rollout may create; without maximumPerMinute it is 1000, "+
				"or the limit when that is less",
			&l.PerMinute, least.PerMinute, most.PerMinute),
		wholeLimit("max-placeholders", "placeholders",
			"what `number` of placeholders a job document may have",
			&l.Placeholders, least.Placeholders, most.Placeholders),
		wholeLimit("max-local-placeholders", "placeholders",
			"how `often` ${thingName}, ${jobId} and ${executionNumber} may each stand in the key of an "+
				"upload",
			&l.SameLocal, least.SameLocal, most.SameLocal),
		timeLimit("min-start-ahead", "time, like 30m",
			"how long after the request the start time of a job must be, as a `duration`",
			&l.StartAhead, least.StartAhead, most.StartAhead),
		timeLimit("min-end-ahead", "time, like 30m",
			"how long after the request, and after its start time, the end time of a job must be, as a "+
				"`duration`",
			&l.EndAhead, least.EndAhead, most.EndAhead),
		wholeLimit("max-abort-criteria", "criteria",
			"what `number` of abort criteria a job may have",
			&l.AbortCriteria, least.AbortCriteria, most.AbortCriteria),
		wholeLimit("max-pending-listed", "executions",
			"what `number` of pending executions a device is shown in a list; half as many more of jobs "+
				"whose maintenance window is open",
			&l.PendingShown, least.PendingShown, most.PendingShown),
	}
	return append(settings, c.registrySettings()...)
}

// registrySettings are limits on what a thing or another resource may have.
func (c *Config) registrySettings() []config.Setting {
	l, most := &c.Limits.Registry, registry.MostLimits
	return []config.Setting{
		wholeLimit("max-tags", "tags",
			"what `number` of tags a resource may have; the settings of a job are tags, too",
			&l.Tags, 1, most.Tags),
		wholeLimit("max-thing-attributes", "attributes",
			"what `number` of attributes a thing may have that has a type",
			&l.Attributes, 1, most.Attributes),
		wholeLimit("max-thing-attributes-untyped", "attributes",
			"what `number` of attributes a thing may have that has no type",
			&l.AttributesUntyped, 1, most.AttributesUntyped),
	}
}

// wholeLimit is a limit that is a number of something, and changes while the server runs.
func wholeLimit(name, unit, about string, value *int, least, most int) config.Setting {
	bounds := config.Bounds{Least: float64(least), Most: float64(most)}
	return config.Setting{
		Name:  name,
		About: about,
		Unit:  unit,
		Live:  true,
		Value: config.Whole(value, bounds),
	}
}

// timeLimit is wholeLimit for a time.
func timeLimit(
	name, unit, about string, value *time.Duration, least, most time.Duration,
) config.Setting {
	bounds := config.Bounds{Least: least.Seconds(), Most: most.Seconds()}
	return config.Setting{
		Name:  name,
		About: about,
		Unit:  unit,
		Live:  true,
		Value: config.Duration(value, bounds),
	}
}
