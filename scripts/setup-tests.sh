#!/bin/sh
# Installs what the tests need beside Go, at pinned versions, into .tools of this checkout: the aws command line, which
# needs Python 3.9 or newer. On Debian-like systems Python itself is installed when it is missing. Running it again is
# quick.
set -eu
cd "$(dirname "$0")/.."

AWSCLI=1.45.11
VENV=.tools/aws

if [ -x "$VENV/bin/aws" ] && "$VENV/bin/aws" --version 2>&1 | grep -q "^aws-cli/$AWSCLI "; then
	exit 0
fi

have_python() {
	python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 9))' 2>/dev/null
}

if ! have_python; then
	if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
		echo "installing Python for the aws command line"
		apt-get update -qq
		apt-get install -y -qq python3 python3-venv >/dev/null
	fi
	if ! have_python; then
		echo "the tests need Python 3.9 or newer with venv, for the aws command line; please install it" >&2
		exit 1
	fi
fi

echo "installing aws-cli $AWSCLI into $VENV"
rm -rf "$VENV"
python3 -m venv "$VENV"
"$VENV/bin/pip" install --quiet --disable-pip-version-check "awscli==$AWSCLI"
"$VENV/bin/aws" --version
