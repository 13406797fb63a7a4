// Package place keeps an agent's place in a job in a file, so that it goes on where it was after a
// restart, a reboot or a power cut (docs/spec/56, R-AGT-10).
package place

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/drover-iot/drover/internal/disk"
)

// A Place is how far an execution has come.
type Place struct {
	JobID  string `json:"jobId"`
	Number int64  `json:"executionNumber"`
	// Step is the index of the step that is next, or that has begun.
	Step int `json:"step"`
	// Begun is how often the step has begun.
	Begun int `json:"begun,omitempty"`
	// Boot is the boot in which a reboot was asked for; empty: none was. In another boot the step that
	// asked is done.
	Boot string `json:"boot,omitempty"`
	// Outcome is what the server has to be told; nil before the end.
	Outcome *Outcome `json:"outcome,omitempty"`
}

// An Outcome is how an execution has ended.
type Outcome struct {
	// Status is SUCCEEDED, FAILED or REJECTED.
	Status  string            `json:"status"`
	Details map[string]string `json:"statusDetails,omitempty"`
}

// A File is where a place is kept.
type File struct{ Path string }

// Load returns the place, nil when there is none.
func (f File) Load() (*Place, error) {
	text, err := os.ReadFile(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var p Place
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", f.Path, err)
	}
	return &p, nil
}

// Save keeps a place. When it returns without an error, the place is on stable storage.
func (f File) Save(p Place) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return disk.Write(f.Path, text, 0o600)
}

// Clear forgets the place.
func (f File) Clear() error {
	if err := os.Remove(f.Path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
