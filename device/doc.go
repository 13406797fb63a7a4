// Package device is the device plane: what devices ask about their job executions and what they are
// notified of, the same over MQTT and HTTPS. It translates: wire in, one use case, wire out. It
// decides nothing and knows no connection; package app joins it to the broker and to the HTTPS
// listener.
//
// operations.go has the four operations in the neutral form that both protocols share. mqtt.go and
// http.go put each into the form of its protocol, announce.go notifies things of what has changed,
// payload.go turns executions into payloads.
package device
