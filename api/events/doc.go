// Package events is the payloads of the lifecycle events that the server publishes on reserved MQTT
// topics, and those topics (docs/spec/24, sections 1 to 3); and of those that the vendor has not, on
// topics of their own (docs/spec/50, section 9). It holds names and shapes only; which event is due
// is decided in package job.
//
// It is meant for other modules too: what it exports keeps working within a major version.
package events
