// Package follow waits until something in a server has ended: a job, an execution, a deletion, a
// new query of a dynamic group. It looks again and again, ever less often, and shows on a progress
// line how it goes (R-CMD-154 to R-CMD-156). --wait and drover jobs create are built on it; drover
// jobs watch shares its counts and its estimates.
//
// Wait in wait.go lists what can be waited for. poll.go looks again and again; line.go,
// counts.go and estimate.go are pure functions of what was seen.
package follow
