package postgres

import (
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/store"
)

// errRolledBack is a commit that was none: what a write did not notice had failed.
var errRolledBack = errors.New("the transaction was rolled back")

// integrity is the class of errors of a row that was in the way, or of one that is missing.
const integrity = "23"

// away are the classes and codes of errors of a database that cannot be used now: connections that
// are refused or too many, a server that shuts down, starts, or has become a standby, and a session
// that was ended by limitIdle.
var away = []string{"08", "57", "53300", "25006", "25P03"}

// named makes a conflict of what did not fit, and fault.Unavailable of a database that cannot be
// reached (R-NODE-9). Whether a commit that was cut off is in the database nobody knows then.
func named(err error) error {
	var refused *pgconn.PgError
	switch {
	case err == nil, errors.Is(err, store.ErrConflict), errors.Is(err, errRolledBack),
		fault.Of(err) != nil:
		return err
	case !errors.As(err, &refused):
		return gone(err)
	case refused.Code[:2] == integrity:
		return fmt.Errorf("%w: %w", store.ErrConflict, err)
	case slices.Contains(away, refused.Code[:2]) || slices.Contains(away, refused.Code):
		return gone(err)
	}
	return err
}

// gone is the fault of a database that cannot be reached. Its text names no address and no user.
func gone(err error) error {
	return fmt.Errorf("%w (%w)",
		fault.New(fault.Unavailable, "the database cannot be reached; try again"), err)
}
