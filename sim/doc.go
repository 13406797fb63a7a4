// Package sim is the fleet simulator: operators, devices, a network that loses, repeats and delays, and a server that
// crashes, all drawn from one seed and run on virtual time. The server is the real engine on the memory store, reached
// through the handlers of the control plane and, as over MQTT, with topics and payloads, through those of the device plane.
//
// One goroutine does everything, so a seed always does the same, byte for byte of its trace. After every commit and every
// step the rules (files rules_*.go) are held against what the store says. They are a second, plain reading of docs/spec:
// they count rows, loop and use fractions, and share no decision with package job. Breaking one ends the run with a
// Violation, which carries the command that repeats it.
//
// Start with world.go: its step is what happens again and again. operator.go, device.go and server.go are who acts;
// watch.go is where the rules look on.
package sim
