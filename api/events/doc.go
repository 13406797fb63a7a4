// Package events is the payloads of the lifecycle events that the server publishes on reserved MQTT
// topics, and those topics (docs/spec/24, sections 1 to 3). It holds names and shapes only; which
// event is due is decided in package job.
//
// It is meant for other modules too: what it exports keeps working within a major version.
package events
