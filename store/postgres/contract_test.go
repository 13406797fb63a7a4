package postgres_test

import (
	"context"
	"testing"

	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/postgres"
	"github.com/drover-iot/drover/store/storetest"
	"github.com/drover-iot/drover/test/testpostgres"
)

func open(t *testing.T, url string) store.Store {
	t.Helper()
	s, err := postgres.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The contract holds on the oldest and on the newest version (R-NODE-2).
func TestContract(t *testing.T) {
	t.Parallel()
	for _, version := range testpostgres.Versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			server := testpostgres.Shared(t, version)
			storetest.Run(t, func(t *testing.T) store.Store {
				return open(t, server.Schema(t, t.Name()+t.TempDir()))
			})
		})
	}
}

// One schema stands for one folder of the embedded store.
func TestDurability(t *testing.T) {
	t.Parallel()
	for _, version := range testpostgres.Versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			server := testpostgres.Shared(t, version)
			storetest.RunDurable(t, func(t *testing.T, dir string) store.Store {
				return open(t, server.Schema(t, dir))
			})
		})
	}
}
