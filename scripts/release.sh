#!/bin/sh
# Writes what is released into a folder: for each system an archive with the binary, the licence and the man pages,
# for each Linux a Debian package, SHA256SUMS, and a CycloneDX list of the modules in the binary. What it writes depends on the commit and on the version
# of Go only: files carry the time of the commit, belong to nobody, and stand in order. It needs GNU tar and a
# checkout without changes.
#
#     scripts/release.sh DIR
#
# SYSTEMS is which systems, such as "linux/amd64 linux/arm64".
set -eu
DIST="${1:?the folder to write to}"
mkdir -p "$DIST"
DIST="$(cd "$DIST" && pwd)"
cd "$(dirname "$0")/.."
GO="${GO:-go}"
SYSTEMS="${SYSTEMS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64}"

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
export SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)" CGO_ENABLED=0 TZ=UTC LC_ALL=C

# build SYSTEM FILE
build() {
	GOOS="${1%/*}" GOARCH="${1#*/}" "$GO" build -trimpath -buildvcs=true -ldflags='-s -w' -o "$2" ./cmd/drover
}

# The man pages, and the version, are what a binary for this machine says.
build "$("$GO" env GOHOSTOS)/$("$GO" env GOHOSTARCH)" "$WORK/drover"
VERSION="$("$WORK/drover" version | sed -n '1s/^drover //p')"
"$WORK/drover" man "$WORK/man" >/dev/null

rm -f "$DIST"/drover[-_]* "$DIST/SHA256SUMS"
for s in $SYSTEMS; do
	name="drover-$VERSION-${s%/*}-${s#*/}"
	echo "release: $name"
	mkdir "$WORK/$name"
	binary="$WORK/$name/drover"
	case "$s" in windows/*) binary="$binary.exe" ;; esac
	build "$s" "$binary"
	cp LICENSE README.md CHANGELOG.md "$WORK/$name"
	cp -R "$WORK/man" "$WORK/$name/man"
	chmod -R u=rwX,go=rX "$WORK/$name"
	tar -C "$WORK" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -cf - "$name" |
		gzip -9 -n > "$DIST/$name.tar.gz"
	case "$s" in linux/*)
		HELPER="$WORK/drover" ./scripts/package.sh "$binary" "${s#*/}" "$VERSION" "$DIST"
	esac
	GOOS="${s%/*}" GOARCH="${s#*/}" .tools/bin/cyclonedx-gomod app -json -licenses -std -noserial -notimestamp \
		-main cmd/drover -output "$DIST/$name.cdx.json" . 2>/dev/null
done
(cd "$DIST" && sha256sum drover[-_]* > SHA256SUMS)
echo "release: $DIST"
