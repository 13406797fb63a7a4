#!/bin/sh
# swupdate-install.sh IMAGE [SOFTWARE,MODE]: gives an image to SWUpdate, the one that runs or, where none
# does, one of its own. The next steps of the job are reboot.sh and swupdate-confirm.sh.
set -eu
image=$1
set -- ${2:+-e "$2"}
if [ -S "${SWUPDATE_SOCKET:-/tmp/sockinstctrl}" ]; then
	exec swupdate-client -v "$@" "$image"
fi
exec swupdate -v "$@" -i "$image"
