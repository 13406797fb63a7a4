package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// What the server tells systemd, when that has started it and asks to be told: a unit of the type
// notify, with WatchdogSec. Elsewhere none of it does anything.

// tellSupervisor tells systemd something. That this fails is nothing that the server should end for.
func tellSupervisor(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("cannot tell systemd", "what", state, "err", err)
	}
}

// watchdog tells systemd twice in each WatchdogSec that the server is well, until ctx ends. When it
// is not, systemd hears nothing, and starts the server again (R-SVC-2).
func watchdog(ctx context.Context, log *slog.Logger, unhealthy func() error) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("the watchdog of systemd is set wrongly", "err", err)
	}
	if every == 0 {
		return
	}
	ticks := time.NewTicker(every / 2)
	defer ticks.Stop()
	for {
		if err := unhealthy(); err != nil {
			log.Error("systemd is not told that the server is well", "err", err)
		} else {
			tellSupervisor(log, daemon.SdNotifyWatchdog)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}
