#!/bin/sh
# Releases the commit of this checkout twice, from two clones whose paths differ in length, and compares every byte.
# Then it unpacks the archives for Linux and asks the binaries what they are. SYSTEMS is as for release.sh.
set -eu
cd "$(dirname "$0")/.."
export SYSTEMS="${SYSTEMS:-linux/amd64 linux/arm64 linux/arm}"
WORK="$(mktemp -d)"
trap 'rm -rf "$WORK"' EXIT
for clone in one "somewhere else/two"; do
	git clone -q . "$WORK/$clone"
	mkdir -p "$WORK/$clone/.tools/bin"
	ln -s "$PWD/.tools/bin/cyclonedx-gomod" "$PWD/.tools/bin/nfpm" "$WORK/$clone/.tools/bin"
	"$WORK/$clone/scripts/release.sh" "$WORK/$clone/dist"
done
diff -r "$WORK/one/dist" "$WORK/somewhere else/two/dist"
(cd "$WORK/one/dist" && sha256sum --quiet -c SHA256SUMS)
for program in drover drover-agent; do
	tar -C "$WORK" -xzf "$WORK/one/dist/$program"-v*-linux-amd64.tar.gz
	"$WORK/$program"-v*-linux-amd64/"$program" version | grep "$(git rev-parse HEAD)"
done
echo "release-check: both releases have the same bytes"
