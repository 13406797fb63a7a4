#!/bin/sh
# Writes a Debian package of a binary for Linux into a folder, with a name like drover_1.4.0_amd64.deb: of the
# server, or of the agent for devices.
#
#     scripts/package.sh drover BINARY ARCH VERSION FOLDER
#     scripts/package.sh drover-agent BINARY ARCH VERSION FOLDER
#
# ARCH is as the go command has it; arm is that of ARMv6. SOURCE_DATE_EPOCH is the time that all files get, so that
# two packages of a commit are the same. HELPER is drover for this machine, which writes the man pages and the scripts
# for completion; BINARY when it is not set.
set -eu
cd "$(dirname "$0")/.."
NAME="${1:?drover or drover-agent}" BINARY="${2:?the program}" DIST="${5:?the folder to write to}"
HELPER="${HELPER:-$BINARY}"
export ARCH="${3:?the architecture}" VERSION="${4:?the version}"
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" TZ=UTC LC_ALL=C
STAGE="$(mktemp -d)"
export STAGE
trap 'rm -rf "$STAGE"' EXIT
[ "$ARCH" != arm ] || ARCH=arm6

cp "$BINARY" "$STAGE/$NAME"
gzip -9 -n -c CHANGELOG.md > "$STAGE/changelog.gz"
"$HELPER" man "$STAGE/man" >/dev/null
case "$NAME" in
drover)
	CONFIG=deploy/debian/nfpm.yaml
	mkdir "$STAGE/completion"
	for shell in bash zsh fish; do
		"$HELPER" completion "$shell" > "$STAGE/completion/$shell"
	done
	;;
drover-agent)
	# The page on drover agent belongs to the other package; this is the same on the program by itself.
	CONFIG=deploy/agent/debian/nfpm.yaml
	mkdir "$STAGE/man/man8"
	sed -e '1s/^\(.TH [^ ]*\) 1 /\1 8 /' -e 's/drover agent/drover-agent/g' \
		"$STAGE/man/man1/drover-agent.1" > "$STAGE/man/man8/drover-agent.8"
	rm -r "$STAGE/man/man1"
	;;
*)
	echo "package: there is no package $NAME" >&2
	exit 1
	;;
esac
gzip -9 -n "$STAGE"/man/man?/*
chmod -R u=rwX,go=rX "$STAGE"
find "$STAGE" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
.tools/bin/nfpm package --config "$CONFIG" --packager deb --target "$DIST" | tail -1
