#!/bin/sh
# Installs what the tests need beside Go, at pinned versions, into .tools of this checkout: the aws command line and the
# AWS IoT device SDK, which need Python 3.9 or newer, and versitygw, an object store that checks signatures. On
# Debian-like systems Python itself, the shells that completion is tested in, and mandoc are installed when they are
# missing.
# Running it again is quick.
set -eu
cd "$(dirname "$0")/.."

PACKAGES="awscli==1.45.11 awsiotsdk==1.31.0"
VENV=.tools/aws
STORE="github.com/versity/versitygw/cmd/versitygw@v1.8.0"
BIN="$PWD/.tools/bin"

have_python() {
	python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 9))' 2>/dev/null
}

install_python() {
	have_python && return
	if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
		echo "installing Python for the aws command line and the device SDK"
		apt-get update -qq
		apt-get install -y -qq python3 python3-venv >/dev/null
	fi
	if ! have_python; then
		echo "the tests need Python 3.9 or newer with venv, for the aws command line and the device SDK; please install it" >&2
		exit 1
	fi
}

install_packages() {
	if [ "$(cat "$VENV/installed" 2>/dev/null)" = "$PACKAGES" ] && "$VENV/bin/aws" --version >/dev/null 2>&1; then
		return
	fi
	install_python
	echo "installing $PACKAGES into $VENV"
	rm -rf "$VENV"
	python3 -m venv "$VENV"
	# shellcheck disable=SC2086 # a list of packages
	"$VENV/bin/pip" install --quiet --disable-pip-version-check $PACKAGES
	echo "$PACKAGES" > "$VENV/installed"
}

# Completion is tested in the shells themselves, and man pages are read by mandoc. bash finds installed scripts by the
# package bash-completion.
have_shells() {
	command -v bash >/dev/null 2>&1 && command -v zsh >/dev/null 2>&1 && command -v fish >/dev/null 2>&1 &&
		[ -r /usr/share/bash-completion/bash_completion ] && command -v mandoc >/dev/null 2>&1
}

install_shells() {
	have_shells && return
	if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
		echo "installing zsh, fish, bash-completion and mandoc for the tests of the command line"
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq bash bash-completion zsh fish mandoc >/dev/null
	fi
	if ! have_shells; then
		echo "the tests of the command line need bash, zsh, fish, mandoc and the package bash-completion; please install them" >&2
		exit 1
	fi
}

# The store is built by go install and run as a process. Nothing of it is linked into Drover.
install_store() {
	if [ "$(cat "$BIN/versitygw.installed" 2>/dev/null)" = "$STORE" ] && "$BIN/versitygw" --version >/dev/null 2>&1; then
		return
	fi
	echo "installing $STORE into $BIN"
	GOBIN="$BIN" "${GO:-go}" install "$STORE"
	echo "$STORE" > "$BIN/versitygw.installed"
}

install_packages
install_shells
install_store
