# What this project can do. Go and make are enough; what tests need beside them is installed into .tools.

GO ?= go
GOLANGCI_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.9.0
CYCLONEDX_VERSION := v1.10.0
NFPM_VERSION := v2.45.0
LITESTREAM_VERSION := v0.5.18

.PHONY: build release release-check package-check cross test test-32 check vuln race postgres crash disk litestream attack nodes upgrade sim sim-disk guard forecast moves fuzz mutants bench bench-growth bench-latency bench-steering bench-audit bench-console bench-sinks bench-nodes bench-devices demo setup clean

# The binary of everything, and the agent by itself, for devices. They say which commit they were built from.
build:
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=auto -ldflags='-s -w' -o bin/ ./cmd/drover ./cmd/drover-agent

# Whether the binaries build for every system that they are for. They are compiled without optimisation, which is
# faster, and thrown away.
SYSTEMS ?= linux/amd64 linux/arm64 linux/arm darwin/arm64 windows/amd64
cross:
	@for s in $(SYSTEMS); do \
		echo "build for $$s"; \
		CGO_ENABLED=0 GOARM=6 GOOS=$${s%/*} GOARCH=$${s#*/} \
			$(GO) build -gcflags='all=-N -l' -o /dev/null ./cmd/drover ./cmd/drover-agent || exit 1; \
	done

# The packages that 32 bits may break, built for them. An x86 machine runs them as they are; with ARM=1 they are those
# of a Raspberry Pi and run in qemu-arm. One package at a time: the address space is 4 GiB.
ARM ?=
test-32:
	CGO_ENABLED=0 GOARM=6 GOARCH=$(if $(ARM),arm,386) $(GO) test -count=1 -p 1 -parallel 1 -timeout 60m \
		$(if $(ARM),-exec qemu-arm ./agent/...,./agent/... ./schema ./internal/... ./job/... ./registry/... ./store/sqlite \
		./store/relational ./artifact/... ./engine/... ./device/... ./gateway ./control ./app)

# What is released, in dist: archives for each system, Debian packages, their checksums, and a list of all that is in them. Two runs of
# a commit write the same bytes.
release: .tools/bin/cyclonedx-gomod .tools/bin/nfpm
	GO='$(GO)' ./scripts/release.sh dist

# Whether two releases of a commit, built in two clones at different places, have the same bytes.
release-check: .tools/bin/cyclonedx-gomod .tools/bin/nfpm
	./scripts/release-check.sh

# The Debian packages in a Debian of their own, with systemd: installed, started, hung, upgraded, removed, purged. It needs
# root, debootstrap and systemd-nspawn.
package-check: .tools/bin/nfpm
	GO='$(GO)' ./scripts/package-check.sh

.tools/bin/nfpm:
	GOBIN=$(CURDIR)/.tools/bin $(GO) install github.com/goreleaser/nfpm/v2/cmd/nfpm@$(NFPM_VERSION)

.tools/bin/cyclonedx-gomod:
	GOBIN=$(CURDIR)/.tools/bin $(GO) install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX_VERSION)

# All tests, with what they need installed first. Never from the cache: it does not see that the binary changed.
test: setup
	$(GO) test -count=1 -timeout 20m ./...

setup:
	GO='$(GO)' ./scripts/setup-tests.sh

# Format, vet, lint. The import table is a test.
check: .tools/bin/golangci-lint
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "not formatted: run gofmt -w"; exit 1; }
	$(GO) vet ./...
	.tools/bin/golangci-lint run ./...

.tools/bin/golangci-lint:
	GOBIN=$(CURDIR)/.tools/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

# Whether what is imported has known vulnerabilities in the functions that are called. It asks the Go
# vulnerability database, so it needs the network and is not part of the tests.
vuln: .tools/bin/govulncheck
	.tools/bin/govulncheck ./...

.tools/bin/govulncheck:
	GOBIN=$(CURDIR)/.tools/bin $(GO) install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)

# All tests under the race detector, which needs a C compiler.
race: setup
	$(GO) test -race -count=1 ./...

# The tests of stores, of the engine and of the binary with everything on PostgreSQL, on the oldest version and on the newest.
postgres: setup
	DROVER_TEST_POSTGRES=15 DROVER_CRASH_ROUNDS=300 $(GO) test -count=1 ./store/postgres ./engine ./test ./test/script -timeout 30m
	DROVER_TEST_POSTGRES=18 DROVER_CRASH_ROUNDS=300 $(GO) test -count=1 ./engine ./test ./test/script -timeout 30m

# 1,000 kills under load.
crash:
	DROVER_CRASH_ROUNDS=1000 $(GO) test -count=1 ./test -run TestCrash -timeout 60m -v

# Each operation of the disk below the store fails, once or from then on, and 1,000 flipped bytes.
disk:
	DROVER_DISK=long $(GO) test -count=1 ./store/sqlite -run 'TestFailingDisk|TestFlippedBytes' -timeout 30m -v

# Litestream beside a running server, which it takes some minutes to build: replicated under load, killed, restored
# elsewhere, verified.
litestream: .tools/bin/litestream
	$(GO) test -count=1 -tags litestream ./test -run TestLitestream -v

.tools/bin/litestream:
	GOBIN=$(CURDIR)/.tools/bin $(GO) install github.com/benbjohnson/litestream/cmd/litestream@$(LITESTREAM_VERSION)

# Floods, slow clients and damaged files against the built binary, for longer than in CI. What abuse costs devices is
# measured alone, and needs root: the devices have the processors first.
attack:
	DROVER_ATTACK=long $(GO) test -count=1 ./test/attack -skip 'TestAbuse$$' -timeout 60m -v
	DROVER_ATTACK=long $(GO) test -count=1 ./test/attack -run 'TestAbuse$$' -v

# Nodes on one database, while nodes, database and network fail. Each node is in a network namespace of
# its own, which needs root; NETWORK=loopback does not.
NODES ?= 3
DURATION ?= 20m
NETWORK ?= namespaces
nodes: setup
	DROVER_NODES=long DROVER_NODES_COUNT=$(NODES) DROVER_NODES_DURATION=$(DURATION) \
		DROVER_NODES_NETWORK=$(NETWORK) $(GO) test -count=1 ./test/nodes -run TestFaults -timeout 6h -v

# The program of the last release, or of the commit before this one, and this one on one database.
upgrade: setup
	DROVER_NODES=long DROVER_NODES_COUNT=$(NODES) DROVER_NODES_DURATION=5m \
		$(GO) test -count=1 ./test/nodes -run TestUpgrade -timeout 1h -v

# 100,000 simulated fleets; a seed that breaks a rule prints the command that repeats it.
SEEDS ?= 1..100000
sim: build
	./bin/drover sim --seeds $(SEEDS)
	./bin/drover sim --seeds 1..500 --things 400 --days 1 --jobs 3 --crash 0.0003

# 2,000 fleets whose server is on a disk that fails, is full and loses power.
DISK_SEEDS ?= 1..2000
sim-disk: build
	./bin/drover sim --disk --seeds $(DISK_SEEDS)
	./bin/drover sim --disk --seeds 1..50 --things 200 --days 1 --jobs 3 --crash 0.0003

# 100,000 rollouts for each property of the guard, and the tables of docs/guard.md.
guard:
	DROVER_GUARD=long $(GO) test -count=1 ./job -run '^TestGuard(FalseStops|Power|Table)$$' -timeout 4h -v

# 200 random jobs: what the engine does with them against what was forecast.
forecast:
	DROVER_FORECAST=long $(GO) test -count=1 ./sim -run '^TestForecastBand' -timeout 1h -v

# Moves of a fleet in many random stories, and interrupted at every request: no thing may get a job again.
MOVES ?= 100
moves:
	DROVER_MOVES=$(MOVES) $(GO) test -count=1 -timeout 60m -run 'TestNeverAgain|TestInterrupted' ./migrate

# Every fuzz target for a while.
FUZZTIME ?= 30s
fuzz:
	./scripts/fuzz.sh $(FUZZTIME)

# Whether the tests see mistakes: each of those in internal/mutants/table must make one fail. ONLY is a
# regular expression for names.
ONLY ?=
mutants:
	$(GO) run ./internal/mutants -only='$(ONLY)'

# The table of speeds: bounds and peers are measured in the same run.
bench:
	./scripts/bench.sh

# What must not cost more as the fleet, its groups or its jobs grow. It fails when a bound is broken.
bench-growth:
	./scripts/bench.sh -growth

# How long devices wait while an operator does the worst. It fails when a bound is broken.
bench-latency:
	./scripts/bench.sh -latency

# What the settings that steer a job cost. It fails when a bound is broken.
bench-steering:
	./scripts/bench.sh -steering

# What a hundred open consoles cost the server and its devices, how soon the page of a job with 100,000 executions is
# there, and whether a page grows that is open for an hour. It fails when a bound is broken.
bench-console: setup
	./scripts/bench.sh -console
	DROVER_CONSOLE_EXECUTIONS=100000 $(GO) test -count=1 ./test/browser -run 'TestBytes|TestFirstPaint' -v -timeout 20m
	DROVER_CONSOLE_THINGS=1000000 DROVER_CONSOLE_JOBS=100000 $(GO) test -count=1 ./test/browser -run TestLargeFleet -v -timeout 60m
	DROVER_CONSOLE_SECONDS=3600 $(GO) test -count=1 ./test/browser -run TestHeap -v -timeout 90m

# Connections of devices: mutual TLS, one message to all, a request among many. It fails when a bound is broken.
bench-devices:
	./scripts/bench.sh -devices

# What a sink costs that never answers.
bench-sinks:
	./scripts/bench.sh -sinks

# What the audit log costs CreateThing. It fails when a bound is broken.
bench-audit:
	./scripts/bench.sh -audit

# Several nodes on one PostgreSQL. It fails when a bound is broken.
bench-nodes:
	./scripts/bench.sh -nodes

# A first look: a server, 200 devices over MQTT, a job that is changed while it runs.
demo: build
	./bin/drover demo --things 200

clean:
	rm -rf bin dist .tools
