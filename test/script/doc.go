// Package script runs archives of shell sessions with the built binary: files, command lines, and
// what each must print. An archive is a behaviour of the command line as a user meets it, from the
// first word that is typed to the exit status.
package script
