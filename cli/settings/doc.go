// Package settings finds what a call of the command line needs to know beside its parameters:
// region, endpoint, credentials, output, attempts. Each comes from the first place that has it:
// an option, an environment variable, the profile in the shared files, a default (docs/spec/40,
// sections 18, 19 and 23).
//
// Find is the start (settings.go). The shared files are in profile.go, keys in credentials.go. The
// package sends nothing.
package settings
