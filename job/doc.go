// Package job decides everything about jobs and job executions: state machines, rollout, abort,
// timeouts, retries, schedules, membership, updates of a running job. It is pure: it takes facts
// and a time and returns new values; it never reads a clock, draws a random number, touches a store
// or logs. The server, the scenario tests, the simulator and forecasts all use this one body of
// code.
//
// There are two state machines. An execution changes by events, one row of transition.go at a time.
// A job changes by what is recorded about it (release.go, cancel.go, scheduled.go) and is then
// recomputed from its counts, never from rows (recompute.go), so it costs the same for ten devices
// and for ten million. work.go says what a job has to do next. Start with job.go.
//
// Operators may steer a job beyond the API by tags of it (docs/spec/50). steering.go reads these
// settings, steered.go is what they have come to, and hidden.go says which executions they hide.
// The rest is a file or a few for each: pause.go, guard.go, waves.go, backoff.go, confirmation.go,
// retryfailed.go, and hold.go for single things.
package job
