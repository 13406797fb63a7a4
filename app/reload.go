package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/drover-iot/drover/internal/config"
	"github.com/drover-iot/drover/internal/connlimit"
)

// A server that runs is told by a signal to read again what it was started with: the file of its
// settings, its certificate, and the roles of the object store (R-CFG-9). Everything is read and
// checked before anything changes, so that a file that is wrong changes nothing.

// A reload is what was read again and is not in force yet.
type reload struct {
	config      Config
	warnings    []string
	certificate tls.Certificate
	connections connlimit.Limits
}

// reloads reads the settings again at each signal, until ctx ends.
func (s *Server) reloads(ctx context.Context) error {
	inForce := s.Config
	for {
		select {
		case <-ctx.Done():
			return nil
		case signal := <-s.Reload:
			next, err := s.readAgain()
			if err != nil {
				s.Log.Error("everything stays as it was: settings were read again and are wrong",
					"err", err)
				continue
			}
			s.use(inForce, next)
			inForce = liveParts(inForce, next.config)
			s.tellRoles(signal)
		}
	}
}

// tellRoles has the file of roles read again. When that is asked for already, once is enough.
func (s *Server) tellRoles(signal os.Signal) {
	select {
	case s.rolesAgain <- signal:
	default:
	}
}

// readAgain reads and checks everything.
func (s *Server) readAgain() (next reload, err error) {
	if s.Again == nil {
		next.config = s.Config
	} else if next.config, next.warnings, err = s.Again(); err != nil {
		return next, err
	}
	if next.connections, err = s.connectionLimits.share(next.config); err != nil {
		return next, err
	}
	next.certificate, err = loadKeyPair(
		filepath.Join(s.Data, "server.pem"), filepath.Join(s.Data, "server.key"))
	return next, err
}

// use puts into force what can change while the server runs, and logs what has changed.
func (s *Server) use(inForce Config, next reload) {
	for _, text := range next.warnings {
		s.Log.Warn(text)
	}
	// The log first, so that what follows is logged as the new level has it.
	if s.Level != nil {
		s.Level.Set(next.config.LogLevel)
	}
	s.engine.SetLimits(next.config.Limits)
	s.control.SetLimits(next.config.Limits)
	s.control.SetRate(next.config.Rates.Control)
	s.plane.Reads.Set(next.config.Rates.DeviceReads)
	s.plane.Writes.Set(next.config.Rates.DeviceWrites)
	s.limiter.SetLimits(next.connections)
	if s.artifactRates != nil {
		s.artifactRates.Set(next.config.Artifacts.Rate, next.config.Artifacts.RatePerDevice)
	}
	certificate := "as it was"
	if !s.certificate.Is(next.certificate) {
		s.certificate.Set(next.certificate)
		certificate = fmt.Sprintf("another one, until %s", notAfter(next.certificate))
	}
	changed, restart := differences(inForce, next.config)
	s.Log.Info("settings were read again", "changed", strings.Join(changed, ", "),
		"certificate", certificate)
	if len(restart) > 0 {
		s.Log.Warn("settings in the file differ from those in force, which change with a restart only",
			"settings", strings.Join(restart, ", "))
	}
}

// notAfter is when a certificate ends.
func notAfter(c tls.Certificate) string {
	if c.Leaf == nil {
		return "an unknown time"
	}
	return c.Leaf.NotAfter.UTC().Format("2006-01-02")
}

// differences are the settings whose values differ: those that can change now, with their new
// values, and those that need a restart.
func differences(inForce, next Config) (changed, restart []string) {
	before := config.All(inForce.Settings())
	after := config.InForce(config.All(next.Settings()), next.Origins)
	for i, s := range config.All(next.Settings()) {
		switch {
		case s.Value.String() == before[i].Value.String():
		case s.Live:
			changed = append(changed, s.Name+"="+after[i].Value)
		default:
			restart = append(restart, s.Name)
		}
	}
	return changed, restart
}

// liveParts is a configuration with the settings of another one that can change while the server
// runs.
func liveParts(inForce, next Config) Config {
	to := config.All(inForce.Settings())
	for i, s := range config.All(next.Settings()) {
		if s.Live {
			_ = to[i].Value.Set(s.Value.String()) // it was read from a text before
		}
	}
	return inForce
}
