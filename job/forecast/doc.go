// Package forecast says what will become of a job: how many executions there will be at which time,
// when it will have finished, and whether something will stop it before (docs/spec/51, section 1).
// It simulates the job some hundred times from what is known of it and from what is assumed of its
// devices, and asks package job for whatever a rollout decides.
//
// A simulation has counts and no things: so many executions are created at a tick, and how many of
// them start in which step of time is one draw for each step, however many they are. So a million
// things cost as much as a thousand. Nothing here reads a store or a clock, and the same input with
// the same seed gives the same answer, on any number of cores.
//
// Start with Run in forecast.go. grid.go divides the time into steps, spread.go says how a number of
// delays falls into them, run.go is one simulation, summary.go makes one answer of all of them, and
// warnings.go reads it for the operator.
package forecast
