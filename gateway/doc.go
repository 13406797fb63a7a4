// Package gateway finds out who calls: operators by the signature of a request, devices by the
// certificate of a connection. It says whether they are allowed to, and hands the request to the
// plane that it is for.
//
// It knows no operation and answers nothing itself: also a refusal is written by the plane, in the
// form of that plane. It must never let a request through because a check could not be made. What
// secures a connection uses the real clock, never the engine's, which may be a virtual one.
//
// Start reading at http.go, which routes HTTP requests. operators.go and devices.go are the two
// kinds of caller, permissions.go is what a device may do on one MQTT connection, alpn.go tells
// MQTT from HTTP on a common port. keys.go and issuer.go make the credentials.
package gateway
