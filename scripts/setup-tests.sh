#!/bin/sh
# Installs what the tests need beside Go, at pinned versions, into .tools of this checkout: the aws command line and the
# AWS IoT device SDK, which need Python 3.9 or newer. On Debian-like systems Python itself is installed when it is
# missing. Running it again is quick.
set -eu
cd "$(dirname "$0")/.."

PACKAGES="awscli==1.45.11 awsiotsdk==1.31.0"
VENV=.tools/aws

if [ "$(cat "$VENV/installed" 2>/dev/null)" = "$PACKAGES" ] && "$VENV/bin/aws" --version >/dev/null 2>&1; then
	exit 0
fi

have_python() {
	python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 9))' 2>/dev/null
}

if ! have_python; then
	if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
		echo "installing Python for the aws command line and the device SDK"
		apt-get update -qq
		apt-get install -y -qq python3 python3-venv >/dev/null
	fi
	if ! have_python; then
		echo "the tests need Python 3.9 or newer with venv, for the aws command line and the device SDK; please install it" >&2
		exit 1
	fi
fi

echo "installing $PACKAGES into $VENV"
rm -rf "$VENV"
python3 -m venv "$VENV"
# shellcheck disable=SC2086 # a list of packages
"$VENV/bin/pip" install --quiet --disable-pip-version-check $PACKAGES
echo "$PACKAGES" > "$VENV/installed"
