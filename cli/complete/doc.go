// Package complete says what may stand at the cursor of a command line that is being written: for
// bash, zsh and fish, which call the program back at TAB. It is a walk over the tables that help
// walks over, so that a new operation, option or command is completed without code here.
//
// Everything here is a pure function of the line. What only a server or a file knows is named in
// the answer (Wanted), and fetched by package cli, which has the settings and the time limit.
//
// Start with Complete (complete.go). values.go says what a value may be, sources.go which list of
// the API has the values of a type, shorthand.go reads values that are half written. shell.go and
// scripts.go are the side of the shells. Rules R-CMD-144 to R-CMD-148 are in docs/spec/40.
package complete
