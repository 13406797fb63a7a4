// Package explain says why a thing does not have a job, or what a job waits for (docs/spec/51,
// section 2). It is pure: facts and a time in, a verdict and reasons out, in the order in which
// they bind: the first reason holds now, and the second will when the first is gone.
//
// It has no rules of its own about jobs: what hides an execution, which wave takes a thing and the
// like is asked of package job. Start with codes.go, which lists every reason; thing.go and jobs.go
// are the two questions.
package explain
