package nodes

import (
	"testing"

	"github.com/drover-iot/drover/test/testserver"
)

func TestMain(m *testing.M) { testserver.Main(m, "../../cmd/drover") }
