package provision

import (
	"context"
	"sync"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/parsed"
	"github.com/drover-iot/drover/registry/provisioning"
	"github.com/drover-iot/drover/store"
)

// Config is what the use cases of provisioning work with.
type Config struct {
	Store    store.Store
	Commits  *commit.Committer
	Fleet    *fleet.Service
	Identity *identity.Service
}

// Service is the use cases of provisioning. Its methods may be called concurrently.
type Service struct {
	Config
	// Ask asks the hook of a template, which is at a URL, and reads its answer. An error says why
	// there is none. Set before the first request; nil refuses what needs a hook.
	Ask func(ctx context.Context, url string, question, answer any) error
	// Refused is called with what a hook has not allowed, or has not answered: err is nil when it has
	// answered no. May be nil.
	Refused func(template, certificate string, err error)

	templates *parsed.Cache[provisioning.Template] // by their text
	mu        sync.Mutex
	looked    time.Time // see RemoveExpired
}

// New returns the use cases over a configuration.
func New(c Config) *Service {
	return &Service{Config: c, templates: parsed.New(provisioning.Parse)}
}

// NoTemplate is the fault of a provisioning template that does not exist.
func NoTemplate(name string) *fault.Error {
	return fault.New(fault.NotFound, "provisioning template %s does not exist", name)
}
