// Package job decides everything about jobs and job executions: state machines, rollout, abort, timeouts, retries,
// updates of a running job. It is pure: it takes facts and a time and returns new values; it never reads a clock,
// draws a random number, touches a store or logs. The server, the scenario tests, the simulator and the forecast all
// drive this one body of code.
//
// There are two grains. An execution moves by events (transition.go, report.go); a job is settled from its counts,
// never from rows (settle.go), so it costs the same for ten devices and for ten million. Start with job.go.
package job
