// Package app makes a server of the other packages: it reads the configuration, owns the data
// folder, opens the listeners, and hands each part what it needs of the others. It is the only
// package of the server that may import everything.
//
// It decides nothing. Rules belong in job and registry, use cases in engine, who calls in gateway,
// the form of requests and answers in control and device. Only /_drover/clock is answered here,
// because it belongs to the server as a whole.
//
// Start reading at app.go, the life of a server, then wire.go, how its parts are joined. config.go
// is all that a server can be told, data.go what is in its folder, secrets.go its keys.
package app
