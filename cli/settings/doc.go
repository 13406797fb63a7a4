// Package settings finds what a call of the command line needs to know beside its parameters:
// region, endpoint, credentials, output, attempts. Each comes from the first place that has it:
// an option, an environment variable, the profile in the shared files, a default (docs/spec/40,
// sections 18, 19 and 23).
//
// Find is the start (settings.go). The shared files are in profile.go. Which credentials are used is
// decided in credentials.go; package credentials fetches them. The package sends nothing itself.
package settings
