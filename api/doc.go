// Package api holds what both planes of the API share: the names of the exceptions
// (exceptions.go), and the one table that gives a fault its three faces (faces.go). No other
// place chooses the status or the exception of an error.
//
// The operations stand in api/iot (control plane) and api/jobsdata (device plane).
//
// It is meant for other modules too: what it exports keeps working within a major version.
package api
