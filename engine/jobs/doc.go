// Package jobs is the use cases of jobs, job templates and job executions: those of operators,
// those of devices, and the background work that a job waits for.
//
// A use case loads facts through a commit.Tx, lets package job decide, and stages what it decided.
// No rule about a job stands here: when you look for why something happens, look in job; when you
// look for what is loaded and written, look here.
//
// Start with jobs.go (what operators ask), device.go (what devices ask) and transitions.go (what
// one event does to an execution and to its job). steps.go is the background work, membership.go
// how jobs follow the groups of things.
package jobs
