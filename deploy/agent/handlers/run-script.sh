#!/bin/sh
# run-script.sh FILE [ARGUMENT…]: runs a script that a step before has downloaded, and removes it.
set -eu
script=$1
shift
trap 'rm -f "$script"' EXIT
sh "$script" "$@"
