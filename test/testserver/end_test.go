package testserver

import "testing"

// Of a dump there is a line for each goroutine that is in functions of the server.
func TestStacks(t *testing.T) {
	t.Parallel()
	const dump = `SIGQUIT: quit

goroutine 1 gp=0x16d5182781e0 m=nil [sync.WaitGroup.Wait]:
runtime.gopark(0x0?, 0x2?)
	/usr/local/go/src/runtime/proc.go:462 +0xce fp=0x3fc4 sp=0x3fc4
github.com/drover-iot/drover/app.(*Server).Run(0x2380, {0x1e89d90, 0x2380}, 0x2380)
	app/app.go:150 +0x1a5
github.com/drover-iot/drover/app.(*Server).serve.func5()
github.com/drover-iot/drover/gateway.Serve({0x1e87, 0x2380}, 0x1)
created by github.com/drover-iot/drover/app.(*Server).Run in goroutine 1

goroutine 2 gp=0x16d518278d20 m=nil [force gc (idle)]:
runtime.gopark(0x0?, 0x2?)
`
	const want = "  1 [sync.WaitGroup.Wait] app.(*Server).Run < app.(*Server).serve.func5 < gateway.Serve\n"
	if got := stacks(dump); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
