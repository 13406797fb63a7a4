// Package cli is the command line of the API: `drover iot OPERATION` and `drover iot-jobs-data OPERATION`, as the aws
// command line has them. It is an interpreter over the operations table: there is no code for any one command. Names,
// options, help, skeletons, shorthand, checks and output order are walks over the description in package schema.
//
// cli.go is the path of a call. words.go reads the command line, read.go and shorthand.go its values, check.go checks them,
// perform.go, retry.go and send.go make the request, answer.go, query.go and output.go show what came back; help.go and
// skeleton.go need no server. settings.go and credentials.go are the world around. Rules R-CMD are in docs/spec.
package cli
