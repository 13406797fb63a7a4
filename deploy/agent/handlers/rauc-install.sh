#!/bin/sh
# rauc-install.sh BUNDLE: installs a RAUC bundle into the slot that is not booted. The next steps of the
# job are reboot.sh and rauc-confirm.sh.
set -eu
eval "$(rauc status --output-format=shell)"
printf '%s\n' "$RAUC_SYSTEM_BOOTED_BOOTNAME" >"$DROVER_STATE/slot-before"
sync "$DROVER_STATE/slot-before"
exec rauc install "$1" # its percentages are the progress of the job
