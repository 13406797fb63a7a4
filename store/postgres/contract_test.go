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

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, testpostgres.Schema(t)) })
}

// One schema stands for one folder of the embedded store.
func TestDurability(t *testing.T) {
	t.Parallel()
	storetest.RunDurable(t, func(t *testing.T, dir string) store.Store {
		return open(t, testpostgres.SchemaNamed(t, dir))
	})
}
