// Package client calls Drover from Go, by the same operations table that the server answers from:
//
//	c := client.New(url, client.Credentials{AccessKeyID: id, SecretAccessKey: secret})
//	job, err := client.Call(ctx, c, iot.DescribeJob, &iot.DescribeJobRequest{JobID: "fw-2"})
//	if errors.Is(err, api.ResourceNotFound) { … }
//	for thing, err := range client.All(ctx, c, iot.ListThings, &iot.ListThingsRequest{}) { … }
//
// Call makes one request of either plane, and repeats it after failures that may pass. All goes
// through the pages of a list. A refusal is an *Error. Clock moves the clock of a test server.
//
// The package describes no operation and checks no member: the server does. Start with call.go;
// request.go and send.go are the lower half, which the command line uses too.
//
// It is meant for other modules too: what it exports keeps working within a major version.
package client
