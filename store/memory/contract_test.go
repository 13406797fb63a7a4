package memory_test

import (
	"testing"

	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
	"github.com/drover-iot/drover/store/storetest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) store.Store { return memory.Open() })
}
