// Package cli is the command line of the API: `drover iot OPERATION` and `drover iot-jobs-data
// OPERATION`, as the aws command line has them. It is an interpreter of the operations table:
// there is no code for any one command. Names, options, help, skeletons, shorthand, checks and
// the order of output come from the description in package schema.
//
// Run in cli.go is the path of a call. cli/command has the tables of options and reads the words of
// a line, parameters.go and read.go read its values, check.go checks them. perform.go makes the
// call: send.go sends, answer.go and paging.go read what comes back. What stands alone has a
// package: cli/value, cli/shorthand, cli/jmespath, cli/output, cli/settings, cli/exit. Rules R-CMD
// are in docs/spec/40.
package cli
