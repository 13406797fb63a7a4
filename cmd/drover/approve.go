package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/client"
)

// approveAbout is the help text of drover jobs approve.
const approveAbout = `Open the gate behind a wave that waits for approval: the rollout goes on with the next wave. Waves
are set with "drover jobs set", and "drover jobs steering" shows how far each is.

  drover jobs approve fw-2
  drover jobs approve fw-2 --wave 1

With --wave another one than that which waits is refused: whoever has looked at wave 1 does not
approve wave 2 by mistake.`

// approveWave opens the gate of a wave (R-STR-52).
func approveWave(ctx context.Context, how string, args []string) error {
	flags := flag.NewFlagSet("jobs approve", flag.ContinueOnError)
	bounds := drover.WaveNumber(0).Constraint().Num
	wave := flags.Int("wave", 0, fmt.Sprintf("`number` of the wave, %d to %d (default: the one that waits)",
		bounds.Min, bounds.Max))
	c := newCaller(flags)
	words, err := parseWords(flags, args, how, approveAbout)
	if err != nil {
		return err
	}
	if len(words) != 1 || words[0] == "" {
		return wrongWords(flags)
	}
	if *wave != 0 && (int64(*wave) < bounds.Min || int64(*wave) > bounds.Max) {
		return wrongValue(flags, "--wave %d is refused: must be %d to %d", *wave, bounds.Min, bounds.Max)
	}
	if err := c.find(ctx); err != nil {
		return err
	}
	request := &drover.ApproveWaveRequest{JobID: iot.JobID(words[0])}
	if *wave != 0 {
		request.Wave = new(drover.WaveNumber(*wave))
	}
	if _, err := client.Call(ctx, c.client(c.Attempts), drover.ApproveWave, request); err != nil {
		return err
	}
	fmt.Printf("%s goes on\n", words[0])
	return nil
}
