// Package sim is the fleet simulator: operators, devices, a network that loses, repeats and delays
// messages, and a server that crashes, all drawn from one seed and run on virtual time. The server
// is the real engine on the memory store, or in SQLite on a disk that fails (package simdisk). It is
// reached through the handlers of the control plane and, as over MQTT with topics and payloads,
// through those of the device plane.
//
// One goroutine does everything, so that a seed always does the same, byte for byte of its trace.
// Nothing here may read a clock, or draw a number from anything but the run's random.
//
// What the server must do is not said here but in package rules: this package shows it every
// commit, answer and message. The first rule that does not hold ends the run with a Violation,
// which carries the command that repeats it.
//
// Start with world.go: its step is what happens again and again. operator.go, device.go and
// server.go are who acts; watch.go is where commits are shown to the rules.
package sim
