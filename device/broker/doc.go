// Package broker is Drover's device listener: an embedded MQTT 3.1.1 and MQTT 5 server.
//
// It knows packets, sessions, subscriptions, routing and limits. It knows no jobs, no certificates
// and no policies: what a publish to a reserved topic means is asked of a Service, who is
// connecting of an Authenticator, and what they may do of an Authorizer. It imports nothing of this
// module but the codec, package mqtt, and package ids.
//
// One goroutine reads each connection and answers on it; a second one exists only while messages of
// others wait to be written. A publisher is never held up by a slow reader.
//
// Start reading at broker.go (New, Serve, Publish), then conn.go (the life of a connection),
// session.go (what waits for a client) and routes.go (who gets a message). Rules R-BRK-… and
// R-MQTT-… are in docs/spec.
package broker
