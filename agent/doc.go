// Package agent is a client for devices: it does the jobs of a thing, on a Drover or on AWS IoT
// (docs/agent.md, docs/spec/56). It keeps its place across restarts and power cuts, and decides
// nothing about what is done: that is in the documents of jobs and in the handlers of the device's
// owner.
//
// Start at Run, then execution.go.
package agent
