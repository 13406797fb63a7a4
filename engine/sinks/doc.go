// Package sinks is the use cases of sinks, and sends the events that wait for them (docs/spec/55,
// R-SNK). What a commit publishes is kept in the store until every sink has had it, so that no commit
// waits for a sink. For each sink one node runs a sender, which reads on from the position of the
// sink, keeps the order of each job, and stores how far it has come at most once a second.
//
// Start with Service.Run, then runner.go. How webhooks, NATS and Kafka are spoken is not known here:
// see Sender.
package sinks
