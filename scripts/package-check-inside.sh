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

# From here on this machine is a device of its own server, too (R-AGT-23 to R-AGT-25). Its certificate and settings come
# later.
grep -qs localhost /etc/hosts || echo "127.0.0.1 localhost" >> /etc/hosts
of_agent() { systemctl show --property="$1" --value drover-agent.service; }
agent_fail() {
	systemctl status --no-pager --lines=40 drover-agent.service
	fail "$*"
}
agent_is() { [ "$(of_agent ActiveState)" = "$1" ]; }
# agent_restarted PID: the agent runs as another process.
agent_restarted() { agent_is active && [ "$(of_agent MainPID)" != "$1" ]; }
# job ID HANDLER...: a job whose steps are handlers.
job() {
	id="$1" steps=
	shift
	for handler in "$@"; do
		steps="$steps${steps:+,}{\"action\":{\"name\":\"a\",\"type\":\"runHandler\",\"input\":{\"handler\":\"$handler\"}}}"
	done
	as_operator create-job --job-id "$id" --document "{\"version\":\"1.0\",\"steps\":[$steps]}" \
		--targets "$(as_operator describe-thing --thing-name pump --query thingArn --output text)" >/dev/null || fail "no job $id"
}
job_done() {
	[ "$(as_operator describe-job-execution --job-id "$1" --thing-name pump --query execution.status --output text)" = SUCCEEDED ]
}
# handler NAME: a handler of the device, from standard input. It notes its name and attempt in /run/done.
handler() {
	{
		printf '#!/bin/sh\necho "%s $DROVER_ATTEMPT" >> /run/done\n' "$1"
		cat
	} > "/etc/drover-agent/handlers/$1"
	chmod 755 "/etc/drover-agent/handlers/$1"
}
# slow NAME: a handler that does not end in its first attempt.
slow() { echo "[ \"\$DROVER_ATTEMPT\" -gt 1 ] || { touch /run/$1; sleep 600; }" | handler "$1"; }
none_left() { ! grep -lqs "^sleep" /proc/[0-9]*/comm; }

step "agent: installed beside the server, it is not started, and says what is to be done"
dpkg -i drover-agent_1.0.0_*.deb > said || fail "dpkg: $(cat said)"
grep -q "endpoint: is missing" said && grep -q "systemctl enable --now drover-agent" said || fail "it said: $(cat said)"
agent_is inactive || agent_fail "it was started"
systemctl --quiet is-enabled drover-agent.service && fail "it is to start with the device"
[ -z "$(ls /etc/drover-agent/handlers)" ] || fail "jobs can run handlers that nobody has chosen"
# minbase leaves man pages out of what it installs, so the package is asked.
dpkg -L drover-agent | grep -q '^/usr/share/man/man8/drover-agent.8.gz$' || fail "there is no man page"
[ -x /usr/share/drover-agent/handlers/rauc-install.sh ] || fail "the handlers are missing"

step "agent: with settings it does the jobs of this device"
certificate="$(as_operator create-keys-and-certificate --set-as-active --certificate-pem-outfile /etc/drover-agent/device.pem \
	--private-key-outfile /etc/drover-agent/device.key --query certificateArn --output text)" || fail "no certificate"
chmod 600 /etc/drover-agent/device.key
as_operator create-policy --policy-name all --policy-document \
	'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}' >/dev/null || fail "no policy"
as_operator attach-policy --policy-name all --target "$certificate" || fail "the policy is not attached"
as_operator attach-thing-principal --thing-name pump --principal "$certificate" || fail "the thing is not attached"
cp /var/lib/drover/ca.pem /etc/drover-agent/ca.pem
cat >> /etc/drover-agent/agent.yaml <<EOF
endpoint: localhost:$(member mqtts | sed 's/.*://')
ca: /etc/drover-agent/ca.pem
thing: pump
certificate: /etc/drover-agent/device.pem
key: /etc/drover-agent/device.key
EOF
drover-agent --check --config /etc/drover-agent/agent.yaml || fail "the settings are not complete"
systemctl enable --now drover-agent.service || agent_fail "it does not start"
handler quick.sh < /dev/null
job quick quick.sh
within 40 job_done quick || agent_fail "the job is not done"
[ "$(stat -c %U:%a /var/lib/drover-agent)" = root:700 ] || fail "the state is open to others"

step "agent: the job goes on after a kill"
slow killed.sh
job killed killed.sh
within 20 test -e /run/killed.sh || agent_fail "the handler does not run"
kill -KILL "$(of_agent MainPID)"
within 40 job_done killed || agent_fail "the job is not done"
none_left || agent_fail "what the handler started goes on"

step "agent: upgrade in the middle of a job, which goes on with the new program"
slow upgraded.sh
job upgraded quick.sh upgraded.sh quick.sh
within 20 test -e /run/upgraded.sh || agent_fail "the handler does not run"
: > /run/done
main="$(of_agent MainPID)"
dpkg -i drover-agent_1.0.1_*.deb || fail "dpkg"
within 40 agent_restarted "$main" || agent_fail "the old program runs on"
within 40 job_done upgraded || agent_fail "the job is not done"
[ "$(cat /run/done)" = "upgraded.sh 2
quick.sh 1" ] || fail "after the upgrade this was done: $(cat /run/done)"
none_left || agent_fail "what the handler started goes on"
grep -q "^thing: pump" /etc/drover-agent/agent.yaml || fail "the settings are gone"

step "agent: a job upgrades the agent, and the step that does it ends first"
echo 'dpkg -i /check/drover-agent_1.0.2_*.deb && sleep 2' | handler upgrade.sh
: > /run/done
main="$(of_agent MainPID)"
job upgrade upgrade.sh quick.sh
within 60 job_done upgrade || agent_fail "the job is not done"
within 40 agent_restarted "$main" || agent_fail "the old program runs on"
[ "$(head -1 /run/done)" = "upgrade.sh 1" ] && [ "$(grep -c upgrade.sh /run/done)" = 1 ] || fail "this was done: $(cat /run/done)"
dpkg-query -W drover-agent | grep -q 1.0.2 && [ -z "$(dpkg --audit)" ] || fail "it is half installed: $(dpkg --audit)"
job again quick.sh
within 40 job_done again || agent_fail "the next job is not done"

step "agent: upgrade of a stopped one: it stays stopped"
systemctl stop drover-agent.service || agent_fail "it does not stop"
[ "$(of_agent Result)" = success ] || agent_fail "it was killed"
dpkg -i drover-agent_1.0.2_*.deb || fail "dpkg"
sleep 1
agent_is inactive || fail "it was started"

step "agent: removed it ends, installed again it goes on by itself from the same place"
systemctl start drover-agent.service
slow removed.sh
job removed removed.sh
within 20 test -e /run/removed.sh || agent_fail "the handler does not run"
dpkg --remove drover-agent || fail "dpkg"
agent_is inactive || agent_fail "it runs on"
none_left || fail "what the handler started goes on"
[ -f /var/lib/drover-agent/place.json ] && [ -f /etc/drover-agent/agent.yaml ] || fail "the place or the settings are gone"
: > /run/done
dpkg -i drover-agent_1.0.2_*.deb || fail "dpkg"
within 40 job_done removed || agent_fail "the job is not done"
[ "$(cat /run/done)" = "removed.sh 2" ] || fail "this was done: $(cat /run/done)"

step "agent: a job removes the agent"
echo 'dpkg --remove drover-agent && touch /run/remove-ended' | handler remove.sh
job remove remove.sh
within 40 test -e /run/remove-ended || agent_fail "the removal did not end"
within 40 agent_is inactive || agent_fail "it runs on"
[ -z "$(dpkg --audit)" ] && [ ! -e /usr/bin/drover-agent ] || fail "it is half removed: $(dpkg --audit)"

step "agent: purged, nothing of it is left, and the server runs on"
cp -r /etc/drover-agent settings
dpkg --purge drover-agent || fail "dpkg"
for left in /var/lib/drover-agent /etc/drover-agent /usr/bin/drover-agent /usr/lib/drover-agent /usr/share/drover-agent \
	/etc/systemd/system/multi-user.target.wants/drover-agent.service; do
	[ ! -e "$left" ] && [ ! -L "$left" ] || fail "$left is left"
done
[ "$(property ActiveState)" = active ] && has_pump || fail "the server is gone"

step "agent: on a device whose settings were there first it starts by itself"
cp -r settings /etc/drover-agent
as_operator cancel-job --job-id remove --force > /dev/null 2>&1 # its outcome may not have been reported
job first quick.sh
dpkg --force-confold -i drover-agent_1.0.0_*.deb || fail "dpkg"
systemctl --quiet is-enabled drover-agent.service || fail "it does not start with the device"
within 40 job_done first || agent_fail "the job is not done"
dpkg --purge drover-agent || fail "dpkg"
agent_is inactive || agent_fail "it runs on"

step "purge: nothing is left"
dpkg --purge drover || fail "dpkg"
for left in /var/lib/drover /etc/drover /usr/bin/drover /usr/lib/systemd/system/drover.service \
	/etc/systemd/system/multi-user.target.wants/drover.service; do
	[ ! -e "$left" ] && [ ! -L "$left" ] || fail "$left is left"
done
getent passwd drover && fail "the user is left"
step "all of this was so"
