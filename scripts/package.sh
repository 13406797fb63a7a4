#!/bin/sh
# Writes the Debian package of a binary for Linux into a folder, with a name like drover_1.4.0_amd64.deb.
#
#     scripts/package.sh BINARY ARCH VERSION FOLDER
#
# SOURCE_DATE_EPOCH is the time that all files get, so that two packages of a commit are the same. HELPER is the same
# program for this machine, which writes the man pages and the scripts for completion; BINARY when it is not set.
set -eu
cd "$(dirname "$0")/.."
BINARY="${1:?the program}" DIST="${4:?the folder to write to}"
HELPER="${HELPER:-$BINARY}"
export ARCH="${2:?the architecture}" VERSION="${3:?the version}"
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" TZ=UTC LC_ALL=C
STAGE="$(mktemp -d)"
export STAGE
trap 'rm -rf "$STAGE"' EXIT

cp "$BINARY" "$STAGE/drover"
"$HELPER" man "$STAGE/man" >/dev/null
gzip -9 -n "$STAGE"/man/man1/*
gzip -9 -n -c CHANGELOG.md > "$STAGE/changelog.gz"
mkdir "$STAGE/completion"
for shell in bash zsh fish; do
	"$HELPER" completion "$shell" > "$STAGE/completion/$shell"
done
chmod -R u=rwX,go=rX "$STAGE"
find "$STAGE" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
.tools/bin/nfpm package --config deploy/debian/nfpm.yaml --packager deb --target "$DIST" | tail -1
