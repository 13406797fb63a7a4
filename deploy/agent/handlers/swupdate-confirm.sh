#!/bin/sh
# swupdate-confirm.sh [CHECK…]: after the reboot, tells U-Boot that the new system is good, when the check
# succeeds, a command of the owner's. Without that U-Boot counts boots, and goes back to the old system.
set -eu
if [ "$(fw_printenv -n upgrade_available)" != 1 ]; then
	echo "U-Boot knows of no update that waits to be confirmed: the old system is booted" >&2
	exit 1
fi
[ $# -eq 0 ] || "$@"
fw_setenv upgrade_available 0
fw_setenv bootcount 0
