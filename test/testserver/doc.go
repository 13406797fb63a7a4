// Package testserver runs the built binary for the tests that drive it from outside: test, as its
// users do, and test/attack, as those do who want to break it. It knows the server only by its
// command line, its data folder and its API.
//
// A test binary calls Main in its TestMain, which builds the server once. Serve starts one on an
// empty folder.
package testserver
