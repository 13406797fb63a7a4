// Package credentials fetches credentials from where they are given out: the token service (STS) for
// roles and web identities, single sign-on, the container, the instance, a process. Each function
// is one way, and is told all that it needs; which of them a call uses, and with what, is decided in
// package settings by the order of R-CMD-104.
//
// Roles are the start (role.go). What was fetched for a role is cached in a file (cache.go). Nothing
// here writes a secret anywhere else, and no error holds one.
package credentials
