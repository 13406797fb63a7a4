// Package cli is the command line of the API: `drover iot OPERATION` and `drover iot-jobs-data OPERATION`, as the aws
// command line has them. It is an interpreter over the operations table: there is no code for any one command. Names,
// options, help, skeletons, shorthand, checks and output order are walks over the description in package schema.
//
// cli.go is the path of a call. words.go reads the command line, shorthand.go and jsonvalue.go read values, check.go
// checks them, send.go makes the request, answer.go and output.go show what came back. Rules R-CMD are in docs/spec.
package cli
