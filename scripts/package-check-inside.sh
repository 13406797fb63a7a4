#!/bin/sh
# What package-check.sh does inside of its Debian. Each step says what it shows; the first that is not so ends all.
set -u

step() { echo "package-check: $*"; }
fail() {
	echo "package-check: FAILED: $*"
	systemctl status --no-pager --lines=40 drover.service
	exit 1
}
# within SECONDS COMMAND: until it succeeds.
within() {
	end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.2
	done
}
property() { systemctl show --property="$1" --value drover.service; }
# as_operator COMMAND: with the key that the first start has made.
as_operator() {
	AWS_ENDPOINT_URL="$(member http)" AWS_REGION="$(member region)" AWS_ACCESS_KEY_ID="$(member accessKeyId)" \
		AWS_SECRET_ACCESS_KEY="$(member secretAccessKey)" drover iot "$@"
}
# member NAME: of endpoints.json.
member() { sed -n 's/.*"'"$1"'": *"\([^"]*\)".*/\1/p' /var/lib/drover/endpoints.json; }
has_pump() { as_operator describe-thing --thing-name pump >/dev/null; }
# restarted PID: the service runs with another process.
restarted() { [ "$(property ActiveState)" = active ] && [ "$(property MainPID)" != "$1" ]; }

step "install: the service runs and answers, as its own user"
dpkg -i drover_1.0.0_*.deb || fail "dpkg"
[ "$(property ActiveState)" = active ] || fail "it is not active"
[ "$(stat -c %U "/proc/$(property MainPID)")" = drover ] || fail "it runs as somebody else"
[ "$(stat -c %U:%a /var/lib/drover)" = drover:700 ] || fail "the folder is open to others"
[ -z "$(find /var/lib/drover ! -user drover)" ] || fail "files of others are in the folder"
[ -z "$(find /var/lib/drover -type f -perm /077 ! -name '*.pem')" ] || fail "files that are no certificates are open to others"
journalctl --no-pager | grep -qF "$(member secretAccessKey)" && fail "the journal has the secret of the operator"
as_operator create-thing --thing-name pump >/dev/null || fail "no thing was made"

step "the unit: what it may not do"
score="$(systemd-analyze security drover.service | sed -n 's/.*exposure level for drover.service: \([0-9]*\)\..*/\1/p')"
[ "${score:-9}" -le 1 ] || fail "the exposure is $score"
main="$(property MainPID)"
grep -q '^NoNewPrivs:	1' "/proc/$main/status" || fail "it may gain privileges"
grep -q '^CapEff:	0000000000000400' "/proc/$main/status" || fail "it has other capabilities than to bind ports"
nsenter --mount --target "$main" touch /usr/probe 2>/dev/null && fail "it can write /usr"

step "watchdog: one that hangs is started again"
mkdir -p /run/systemd/system/drover.service.d
printf '[Service]\nWatchdogSec=2\nRestartSec=0\n' > /run/systemd/system/drover.service.d/soon.conf
systemctl daemon-reload && systemctl restart drover.service || fail "restart"
main="$(property MainPID)"
sleep 5
[ "$(property MainPID)" = "$main" ] || fail "a server that is well was started again"
kill -STOP "$main"
within 20 restarted "$main" || fail "it was not started again"
has_pump || fail "the thing is gone"

step "crash: it is started again"
main="$(property MainPID)"
kill -KILL "$main"
within 20 restarted "$main" || fail "it was not started again"
has_pump || fail "the thing is gone"

step "reload: the same process has new settings, and says what is wrong with others"
main="$(property MainPID)"
echo "log: debug" >> /etc/drover/drover.yaml
systemctl reload drover.service || fail "reload"
said() { journalctl --no-pager -u drover.service | grep -q "$1"; }
within 5 said 'setting.*log' || fail "nothing in the log"
echo "lag: debug" >> /etc/drover/drover.yaml
systemctl reload drover.service
within 5 said 'lag' || fail "nothing in the log of the wrong setting"
sed -i '/^lag/d' /etc/drover/drover.yaml
[ "$(property MainPID)" = "$main" ] || fail "it was started again"

step "upgrade: data and changed settings are kept, the new program runs"
dpkg -i drover_1.0.1_*.deb || fail "dpkg"
within 20 restarted "$main" || fail "the old program runs on"
has_pump || fail "the thing is gone"
grep -q '^log: debug' /etc/drover/drover.yaml || fail "the settings are gone"

step "upgrade of a stopped one: it stays stopped"
systemctl stop drover.service
dpkg -i drover_1.0.1_*.deb || fail "dpkg"
[ "$(property ActiveState)" = inactive ] || fail "it was started"

step "remove: it ends, and the data stays"
systemctl start drover.service
dpkg --remove drover || fail "dpkg"
[ "$(property ActiveState)" = inactive ] || fail "it runs on"
[ -f /var/lib/drover/drover.db ] || fail "the data is gone"
dpkg -i drover_1.0.1_*.deb || fail "dpkg"
has_pump || fail "the thing is gone"

step "agent: its unit does the jobs of this device, and goes on after a kill"
mkdir -p /etc/drover-agent
grep -qs localhost /etc/hosts || echo "127.0.0.1 localhost" >> /etc/hosts
cp -r agent/handlers /etc/drover-agent
cp agent/drover-agent.service /etc/systemd/system
cat > /etc/drover-agent/handlers/slow.sh <<'EOF'
#!/bin/sh
[ "$DROVER_ATTEMPT" -gt 1 ] || { touch /run/slow; sleep 600; }
EOF
chmod 755 /etc/drover-agent/handlers/*.sh
certificate="$(as_operator create-keys-and-certificate --set-as-active --certificate-pem-outfile /etc/drover-agent/device.pem \
	--private-key-outfile /etc/drover-agent/device.key --query certificateArn --output text)" || fail "no certificate"
chmod 600 /etc/drover-agent/device.key
as_operator create-policy --policy-name all --policy-document \
	'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}' >/dev/null || fail "no policy"
as_operator attach-policy --policy-name all --target "$certificate" || fail "the policy is not attached"
as_operator attach-thing-principal --thing-name pump --principal "$certificate" || fail "the thing is not attached"
cat > /etc/drover-agent/agent.yaml <<EOF
endpoint: localhost:$(member mqtts | sed 's/.*://')
ca: /var/lib/drover/ca.pem
thing: pump
certificate: /etc/drover-agent/device.pem
key: /etc/drover-agent/device.key
EOF
as_operator create-job --job-id slow --targets "$(as_operator describe-thing --thing-name pump --query thingArn --output text)" \
	--document '{"version":"1.0","steps":[{"action":{"name":"slow","type":"runHandler","input":{"handler":"slow.sh"}}}]}' \
	>/dev/null || fail "no job"
agent_fail() {
	systemctl status --no-pager --lines=40 drover-agent.service
	fail "$*"
}
systemctl daemon-reload && systemctl start drover-agent.service || agent_fail "the agent does not start"
within 20 test -e /run/slow || agent_fail "the handler does not run"
kill -KILL "$(systemctl show --property=MainPID --value drover-agent.service)"
job_done() { [ "$(as_operator describe-job-execution --job-id slow --thing-name pump --query execution.status --output text)" = SUCCEEDED ]; }
within 40 job_done || agent_fail "the job is not done"
grep -lqs "^sleep" /proc/[0-9]*/comm && agent_fail "what the handler started goes on"
systemctl stop drover-agent.service || agent_fail "the agent does not stop"
[ "$(systemctl show --property=Result --value drover-agent.service)" = success ] || agent_fail "the agent was killed"

step "purge: nothing is left"
dpkg --purge drover || fail "dpkg"
for left in /var/lib/drover /etc/drover /usr/bin/drover /usr/lib/systemd/system/drover.service \
	/etc/systemd/system/multi-user.target.wants/drover.service; do
	[ ! -e "$left" ] && [ ! -L "$left" ] || fail "$left is left"
done
getent passwd drover && fail "the user is left"
step "all of this was so"
