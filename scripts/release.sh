#!/bin/sh
# Writes what is released into a folder: for each system an archive with the binary, the licence and the man pages,
# and one with the agent for devices, for each Linux a Debian package of both, SHA256SUMS, and CycloneDX lists of the
# modules in the binaries. What it writes depends on the commit and on the version
# of Go only: files carry the time of the commit, belong to nobody, and stand in order. It needs GNU tar and a
# checkout without changes.
#
#     scripts/release.sh DIR
#
# SYSTEMS is which systems, such as "linux/amd64 linux/arm64". linux/arm is ARMv6 with a floating-point unit, which is
# in every Raspberry Pi, and runs on ARMv7 too: Debian's armhf.
set -eu
DIST="${1:?the folder to write to}"
mkdir -p "$DIST"
DIST="$(cd "$DIST" && pwd)"
cd "$(dirname "$0")/.."
GO="${GO:-go}"
SYSTEMS="${SYSTEMS:-linux/amd64 linux/arm64 linux/arm darwin/amd64 darwin/arm64 windows/amd64}"

if [ -n "$(git status --porcelain)" ]; then
	echo "release: the checkout has changes that are not committed" >&2
	exit 1
fi
if ! tar --version 2>/dev/null | grep -q GNU; then
	echo "release: GNU tar is needed, which can write the same archive twice" >&2
	exit 1
fi

WORK="$(mktemp -d)"
trap 'rm -rf "$WORK"' EXIT
export SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)" CGO_ENABLED=0 GOARM=6 TZ=UTC LC_ALL=C

# build SYSTEM PROGRAM FILE
build() {
	GOOS="${1%/*}" GOARCH="${1#*/}" "$GO" build -trimpath -buildvcs=true -ldflags='-s -w' -o "$3" "./cmd/$2"
}

# archive NAME: of the folder of this name.
archive() {
	chmod -R u=rwX,go=rX "$WORK/$1"
	tar -C "$WORK" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -cf - "$1" |
		gzip -9 -n > "$DIST/$1.tar.gz"
}

# list SYSTEM PROGRAM NAME: of the modules in a program.
list() {
	GOOS="${1%/*}" GOARCH="${1#*/}" .tools/bin/cyclonedx-gomod app -json -licenses -std -noserial -notimestamp \
		-main "cmd/$2" -output "$DIST/$3.cdx.json" . 2>/dev/null
}

# The man pages, and the version, are what a binary for this machine says.
build "$("$GO" env GOHOSTOS)/$("$GO" env GOHOSTARCH)" drover "$WORK/drover"
VERSION="$("$WORK/drover" version | sed -n '1s/^drover //p')"
"$WORK/drover" man "$WORK/man" >/dev/null

rm -f "$DIST"/drover[-_]* "$DIST/SHA256SUMS"
for s in $SYSTEMS; do
	name="drover-$VERSION-${s%/*}-${s#*/}"
	echo "release: $name"
	mkdir "$WORK/$name"
	binary="$WORK/$name/drover"
	case "$s" in windows/*) binary="$binary.exe" ;; esac
	build "$s" drover "$binary"
	cp LICENSE README.md CHANGELOG.md "$WORK/$name"
	cp -R "$WORK/man" "$WORK/$name/man"
	archive "$name"
	list "$s" drover "$name"
	case "$s" in linux/*)
		HELPER="$WORK/drover" ./scripts/package.sh drover "$binary" "${s#*/}" "$VERSION" "$DIST"
	esac

	case "$s" in windows/*) continue ;; esac # where no agent runs
	agent="drover-agent-$VERSION-${s%/*}-${s#*/}"
	echo "release: $agent"
	mkdir "$WORK/$agent"
	build "$s" drover-agent "$WORK/$agent/drover-agent"
	cp LICENSE docs/agent.md "$WORK/$agent"
	cp -R deploy/agent/agent.yaml deploy/agent/drover-agent.service deploy/agent/handlers "$WORK/$agent"
	archive "$agent"
	list "$s" drover-agent "$agent"
	case "$s" in linux/*)
		HELPER="$WORK/drover" ./scripts/package.sh drover-agent "$WORK/$agent/drover-agent" "${s#*/}" "$VERSION" "$DIST"
	esac
done
(cd "$DIST" && sha256sum drover[-_]* > SHA256SUMS)
echo "release: $DIST"
