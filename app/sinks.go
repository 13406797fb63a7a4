package app

import (
	"github.com/drover-iot/drover/deliver"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/internal/buildinfo"
	"github.com/drover-iot/drover/internal/seal"
	"github.com/drover-iot/drover/registry"
)

// sinkSecrets is the purpose of the key that the secrets of sinks are encrypted with. What is stored
// depends on it: never change it (R-SNK-14).
const sinkSecrets = "drover secrets of sinks"

// sinks is how events are sent outside.
func (s *Server) sinks(key seal.Key) engine.SinkConfig {
	return engine.SinkConfig{
		Seal:    key,
		Dial:    deliver.Dialer{Version: buildinfo.Read().Version}.Dial,
		JobARNs: s.Scope.ARN(registry.KindJob, ""),
	}
}
