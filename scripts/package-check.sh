#!/bin/sh
# Installs the Debian packages in a Debian of their own, with systemd as its first process, and uses them as an operator
# does: install, start, hang, crash, reload, upgrade, remove, purge; and that of a device, whose jobs go on. It needs root, debootstrap and systemd-nspawn (the package
# systemd-container), and a minute; the Debian is kept in .tools for the next time.
set -eu
cd "$(dirname "$0")/.."
if [ "$(id -u)" != 0 ]; then
	echo "package-check: only root can start a Debian" >&2
	exit 1
fi
for program in debootstrap systemd-nspawn; do
	if ! command -v "$program" >/dev/null; then
		echo "package-check: $program is missing: apt-get install debootstrap systemd-container" >&2
		exit 1
	fi
done

DEBIAN="$PWD/.tools/debian-12"
if [ ! -d "$DEBIAN" ]; then
	echo "package-check: making a Debian in $DEBIAN"
	rm -rf "$DEBIAN.part"
	debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,ca-certificates \
		bookworm "$DEBIAN.part" >/dev/null
	mv "$DEBIAN.part" "$DEBIAN"
fi

WORK="$(mktemp -d)"
trap 'rm -rf "$WORK"' EXIT
mkdir "$WORK/packages"
CGO_ENABLED=0 "${GO:-go}" build -trimpath -buildvcs=auto -ldflags='-s -w' -o "$WORK/" ./cmd/drover ./cmd/drover-agent
ARCH="$("${GO:-go}" env GOARCH)"
for version in 1.0.0 1.0.1; do
	./scripts/package.sh drover "$WORK/drover" "$ARCH" "$version" "$WORK/packages"
done
for version in 1.0.0 1.0.1 1.0.2; do
	HELPER="$WORK/drover" ./scripts/package.sh drover-agent "$WORK/drover-agent" "$ARCH" "$version" "$WORK/packages"
done

# The Debian has a copy of its own, and one service, which does what is to be done and then ends all.
mkdir "$WORK/root"
cp -a "$DEBIAN/." "$WORK/root"
mkdir "$WORK/root/check"
cp "$WORK"/packages/*.deb "$WORK/root/check"
cp scripts/package-check-inside.sh "$WORK/root/check/check"
cat > "$WORK/root/etc/systemd/system/check.service" <<EOF
[Unit]
After=multi-user.target
[Service]
Type=oneshot
WorkingDirectory=/check
ExecStart=/bin/sh -c 'sh ./check > log 2>&1; echo \$? > status'
ExecStopPost=/bin/systemctl --no-block poweroff
[Install]
WantedBy=default.target
EOF
ln -s /etc/systemd/system/check.service "$WORK/root/etc/systemd/system/multi-user.target.wants/check.service"
timeout 420 systemd-nspawn --quiet --register=no --keep-unit --private-network \
	--directory="$WORK/root" --boot > "$WORK/boot.log" 2>&1 || true
cat "$WORK/root/check/log" 2>/dev/null || tail -30 "$WORK/boot.log"
[ "$(cat "$WORK/root/check/status" 2>/dev/null)" = 0 ]
