#!/bin/sh
# rauc-confirm.sh [CHECK…]: after the reboot, says whether the new slot is good: it is the one that is
# booted, and the check succeeds, a command of the owner's. A slot that is not good is marked bad, and
# the boot loader goes back to the other one with the next boot.
set -eu
eval "$(rauc status --output-format=shell)"
if [ "$RAUC_SYSTEM_BOOTED_BOOTNAME" = "$(cat "$DROVER_STATE/slot-before")" ]; then
	echo "the slot $RAUC_SYSTEM_BOOTED_BOOTNAME of before the update is booted: the new one did not start" >&2
	exit 1
fi
if [ $# -gt 0 ] && ! "$@"; then
	rauc status mark-bad >&2
	echo "the check of slot $RAUC_SYSTEM_BOOTED_BOOTNAME has failed" >&2
	exit 1
fi
rauc status mark-good
rm -f "$DROVER_STATE/slot-before"
