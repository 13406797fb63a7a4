package main

import (
	"context"

	"github.com/drover-iot/drover/cli/help"
)

// The commands of drover itself, beside those that call the API. The table is what runs them, and
// what help, man pages and completion know of them.

// A command is one of drover's own.
type command struct {
	name, about string
	verbs       []string // words that follow the name, each with options and a page of its own
	run         func(ctx context.Context, args []string) error
}

// commands are drover's own, in the order in which help lists them. Each returns helpWanted when
// its words ask for help, before it does anything else.
func commands() []command {
	return []command{
		{"serve", "runs the server", nil, serve},
		{"agent", "does the jobs of a device, on that device", nil, runAgent},
		{"config", "shows the settings that a server would have, and where they come from", nil,
			showConfig},
		{"demo", "shows in a minute what Drover does: a server, devices, and a job that is changed " +
			"while it runs", nil, runDemo},
		{"clock", "reads or moves the clock of a server with --clock virtual", nil, runClock},
		{"sim", "simulates a fleet, operators and crashes from a seed, and holds the server to its " +
			"rules", nil, simulate},
		{"nodes", "lists the servers on one database", nil, listNodes},
		noun("jobs", "lists, watches and steers jobs, and ships a file to devices by a job", jobVerbs),
		forecastCommand(),
		noun("things", "lists things, and holds single ones", thingVerbs),
		{"explain", "says why a thing has not done a job, or what a job waits for", nil, explain},
		{"trace", "shows what a device sends and gets, and why it is refused", nil, traceThing},
		noun("policy", "says what a device may do over MQTT, and by which policy", policyVerbs),
		{"artifact", "brings files to the store that devices download from, and back",
			[]string{"put", "list", "get", "remove"}, runArtifact},
		noun("audit", "says who has changed what, and whether its records are as they were made",
			auditVerbs),
		noun("sinks", "sends lifecycle events to webhooks, NATS or Kafka", sinkVerbs),
		noun("keys", "makes, lists and deletes operator keys, and prints one for a shell", keyVerbs),
		noun("store", "copies the data of a server that is stopped to another database", storeVerbs),
		{"backup", "writes everything that makes a server to one file, while it runs", nil, runBackup},
		{"restore", "makes the data folder of a server from a backup", nil, runRestore},
		{"verify", "says whether a data folder or a backup is damaged", nil, runVerify},
		noun("import", "copies a fleet from an AWS account into this server", importVerbs),
		noun("export", "copies the fleet of this server into an AWS account", exportVerbs),
		{"man", "writes man pages of drover and of every operation", nil, runMan},
		{"completion", "prints what lets bash, zsh or fish complete words at TAB", nil,
			runCompletion},
	}
}

// droverPage is the page of drover itself.
func droverPage() *help.Page {
	p := &help.Page{
		Name:    "drover",
		Summary: "runs jobs on fleets of devices, on the AWS IoT Jobs API",
	}
	var own help.Rows
	for _, c := range commands() {
		own = append(own, help.Row{Term: c.name, Text: c.about})
	}
	own = append(own,
		help.Row{Term: "configure", Text: "shows and changes the profiles that the aws command " +
			"line has, too"},
		help.Row{Term: "version", Text: "prints the version"},
	)
	p.Sections = []help.Section{
		help.NameSection(p),
		{Title: "SYNOPSIS", Blocks: []help.Block{help.Code{
			"drover <command> [options]",
			"drover iot <operation> [options]",
			"drover iot-jobs-data <operation> [options]",
		}}},
		{Title: "DESCRIPTION", Blocks: []help.Block{
			help.Paragraph("Drover is a server for jobs on devices, and the command line for it. " +
				"The server keeps things, groups, certificates and jobs, releases the jobs to the " +
				"devices at the pace that is asked for, and follows what they report. " +
				"Devices and tools speak to it as they do to AWS IoT."),
			help.Paragraph("Every command has help: \"drover serve --help\", " +
				"\"drover iot help\" for the list of operations, \"drover iot create-job help\"."),
		}},
		{Title: "COMMANDS", Blocks: []help.Block{own}},
		{Title: "COMMANDS OF THE API", Blocks: []help.Block{help.Services()}},
		{Title: "EXAMPLES", Blocks: []help.Block{
			help.Paragraph("A first look, without preparation:"),
			help.Command{"drover demo"},
			help.Paragraph("A server in this folder, and in another terminal a thing and a job for it:"),
			help.Command{
				"drover serve",
				"drover iot create-thing --thing-name pump-07",
				"drover iot create-job --job-id hello --document '{\"operation\":\"greet\"}' \\",
				"    --targets arn:aws:iot:us-east-1:000000000000:thing/pump-07",
				"drover iot describe-job --job-id hello",
				"drover jobs list",
			},
		}},
	}
	return p
}
