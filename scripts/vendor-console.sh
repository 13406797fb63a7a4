#!/bin/sh
# Fetches the libraries of the console from npm, at pinned versions that are checked against their SHA-512, and
# puts the files that the page loads, with their licences, into console/web/lib. They are checked in: neither a
# build nor a browser fetches anything. To move to another version, change it here with its checksum
# (npm view NAME@VERSION dist.integrity) and run this again.
set -eu
cd "$(dirname "$0")/.."
LIB=console/web/lib
REGISTRY="${NPM_CONFIG_REGISTRY:-https://registry.npmjs.org}"
WORK="$(mktemp -d)"
trap 'rm -rf "$WORK"' EXIT

# fetch NAME VERSION SHA512 (base64)
fetch() {
	curl -fsSL "$REGISTRY/$1/-/$1-$2.tgz" -o "$WORK/$1.tgz"
	sum="$(openssl dgst -sha512 -binary "$WORK/$1.tgz" | openssl base64 -A)"
	if [ "$sum" != "$3" ]; then
		echo "$1 $2 has the checksum $sum, not $3" >&2
		exit 1
	fi
	mkdir -p "$WORK/$1"
	tar -xzf "$WORK/$1.tgz" -C "$WORK/$1" --strip-components=1
	cp "$WORK/$1/LICENSE" "$LIB/$1.LICENSE"
}

fetch preact 11.2.0 "/HfHI/7N84e6GrWBJ3J280z3mLaRJiDcSvj/A+y/4AbLnND/1UlGHe1sR6oYuTGwId0nP7dqDU9OnLxMPZ7xBg=="
fetch htm 3.1.1 "983Vyg8NwUE7JkZ6NmOqpCZ+sh1bKv2iYTlUkzlWmA5JD2acKoxd4KVxbMmxX/85mtfdnDmTFoNKcg5DGAvxNQ=="
fetch uplot 1.6.32 "KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw=="

cp "$WORK/preact/dist/preact.mjs" "$LIB/preact.js"
cp "$WORK/preact/hooks/dist/hooks.mjs" "$LIB/preact-hooks.js"
cp "$WORK/htm/dist/htm.module.js" "$LIB/htm.js"
cp "$WORK/uplot/dist/uPlot.esm.js" "$LIB/uplot.js"
cp "$WORK/uplot/dist/uPlot.min.css" "$LIB/uplot.css"
# The maps that the files name are not checked in, and a browser would ask for them.
sed -i '/^\/\/# sourceMappingURL=/d' "$LIB"/*.js
