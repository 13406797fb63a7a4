// Package curve says how a job went over time: how many executions had been released at which time,
// and how many had ended, by status.
//
// It is pure, and needs the same memory for a million executions as for a thousand: see Counter.
package curve
