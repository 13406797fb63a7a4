package main

import (
	"context"
	"flag"
	"os"

	agentcommand "github.com/drover-iot/drover/agent/command"
)

// runAgent does the jobs of a device until ctx ends. cmd/drover-agent is the same without the server.
func runAgent(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("agent", flag.ContinueOnError)
	agent := agentcommand.New(flags)
	if err := parse(flags, args, agentcommand.About("drover agent")); err != nil {
		return err
	}
	return agent.Run(ctx, os.Stdout)
}
