package commit

import (
	"errors"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/store"
)

// Missing reports whether the store does not have what was asked for.
func Missing(err error) bool { return errors.Is(err, store.ErrNotFound) }

// OrNotFound returns the fault in place of store.ErrNotFound, and any other error, or none, as it
// is:
//
//	thing, err := tx.ThingByName(name)
//	if err != nil {
//		return OrNotFound(err, fault.New(fault.NotFound, "thing %s does not exist", name))
//	}
func OrNotFound(err error, absent *fault.Error) error {
	if Missing(err) {
		return absent
	}
	return err
}

// NoJob is the fault of a job that does not exist.
func NoJob(id string) *fault.Error { return fault.New(fault.NotFound, "job %s does not exist", id) }
