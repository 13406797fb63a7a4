// Package clock is the one place that reads the time of the engine. Everything that the engine
// decides uses the time it is given. What secures a connection or limits a rate uses the real clock
// directly: a virtual one must not make a certificate expire.
package clock
