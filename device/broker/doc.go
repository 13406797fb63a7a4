// Package broker is Drover's device listener: an embedded MQTT 3.1.1 and MQTT 5 server.
//
// It knows no jobs, certificates and policies: an Authenticator says who is connecting, an
// Authorizer what they may do, and a Service what a publish to a reserved topic means. It must
// never make a publisher wait for a slow subscriber.
//
// Start reading at broker.go, which says which goroutines there are and in which order locks are
// taken. The path of a PUBLISH is conn.go, publish.go, then request.go (to the Service) or
// route.go, session.go and outbound.go (to the subscribers). How several brokers on one store share
// their clients is in nodes.go, turns.go, handover.go and adopt.go. Rules R-BRK-… and R-MQTT-… are in
// docs/spec.
package broker
