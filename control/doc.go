// Package control is the control plane: the operations of api/iot that operators call. Each is one
// method of Plane, which translates a request into one use case of the engine and its result into
// a response. It decides nothing, stores nothing and reads no clock. Who the caller is was found
// out before, by package gateway; it also brings the check of what an operator may call.
//
// Begin with plane.go, then handler.go, which reads requests and writes responses, and jobs.go.
// list.go answers the operations that page, arns.go reads and makes ARNs, jobconfig.go converts
// the configurations of jobs. The other files are named after the nouns that their operations are
// about. Every operation of api/iot has a method.
package control
