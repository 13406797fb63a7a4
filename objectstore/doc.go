// Package objectstore is the server's side of object stores: the credential of each role (roles.go,
// assume.go), the document behind a link (document.go, hosts.go), and whether what a new job names
// is there (check.go). It signs with package presign.
//
// Delivery to devices never waits for it: credentials are read and renewed in the background, and
// what asks a store does so for the request of an operator, on its goroutine, for five seconds at
// the most.
package objectstore
