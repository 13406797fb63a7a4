#!/bin/sh
# Builds what is measured and prints the table. Options go to the program: -quick, -million, -growth, -latency,
# -steering, -audit, -console, -nodes, -devices.
set -eu
cd "$(dirname "$0")/.."
make -s build
go build -o bin/bench ./bench
exec ./bin/bench -drover bin/drover "$@"
