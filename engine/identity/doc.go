// Package identity is the use cases of certificates, policies and what they are attached to, and of
// who may connect: which thing a connection belongs to, and which policies are in force for it.
//
// Start with access.go, which answers for every connection, then certificates.go and policies.go,
// which change what it answers.
package identity
