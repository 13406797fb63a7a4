// Package sigv4 verifies AWS Signature Version 4 on incoming requests, in the Authorization header
// (sigv4.go) or in the query (presigned.go).
//
// The signing maths is that of the AWS SDK: the request is signed once more, with the secret of the
// key that it names and over exactly the headers that it says were signed. Then the two signatures
// are compared. It knows no keys and no clock; both are given to it.
package sigv4
