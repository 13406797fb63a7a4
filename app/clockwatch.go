package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/drover-iot/drover/internal/clock"
)

// A clockWatch says in the log when the clock of the machine goes back, and what comes of it: an
// operator who reads times in the answers must be able to tell why they differ from the clock on
// the wall (R-CON-28).
type clockWatch struct {
	steady *clock.Steady
	log    *slog.Logger

	behind   bool // said, and not yet that it is over
	wentBack int  // how often that was said
}

// run looks at the clock every second until ctx ends.
func (w *clockWatch) run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		w.look()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look says what has changed since it looked last.
func (w *clockWatch) look() {
	w.steady.Now()
	behind, wentBack := w.steady.Behind(), w.steady.WentBack()
	switch {
	case wentBack > w.wentBack:
		w.log.Warn("the machine's clock has stayed behind, so the server follows it back")
	case behind > 0 && !w.behind:
		w.log.Warn("the machine's clock is behind the newest time that the server knows, "+
			"which goes on until the clock has been behind for some minutes",
			"behind", behind, "minutes", int(clock.Patience.Minutes()))
	case behind == 0 && w.behind:
		w.log.Info("the machine's clock is right again")
	}
	w.behind, w.wentBack = behind > 0, wentBack
}
