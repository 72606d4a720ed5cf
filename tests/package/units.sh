#!/bin/bash
# The units under a systemd that runs: the package set up as README.md says,
# started, reloaded, stuck, stopped, activated, upgraded, purged; then the unit
# of deploy/ by hand, and from that to the package. As root, in a machine of
# its own with systemd; /package has the packages, and what README.md says.
set -eu
. /package/steps.sh
trap '[ $? = 0 ] || journalctl -u leadbridge -n 40 --no-pager' EXIT

mappings=/usr/share/leadbridge/mappings
sample=$mappings/typeform/samples/response.http

# until_is WANTED COMMAND... - as soon as it says so, within half a minute
until_is() {
	local wanted=$1 got
	shift
	for _ in $(seq 300); do
		got=$("$@" 2>&1) || true
		[ "$got" != "$wanted" ] || return 0
		sleep 0.1
	done
	echo "waited for: $wanted"
	is "$got" "$wanted"
}
property() { systemctl show -P "$1" leadbridge; }
state() { systemctl is-active leadbridge; }
# What was said until now: journald takes its time, and is told not to.
journal() {
	journalctl --sync
	journalctl -b -u leadbridge --no-pager "$@"
}
# told MATCH... - the journal's last line of it, as JSON
told() { journal -o json -n 1 "$@"; }
has() { grep -q "$1" <<<"$2" || { echo "$2"; no "it has $1"; }; }
as_root() { CREDENTIALS_DIRECTORY=/etc/leadbridge/secrets leadbridge "$@"; }
# send ROUTE - a sample through a mapping; says the status and what was told
send() {
	as_root send -c /etc/leadbridge/leadbridge.cfg --to https://localhost:8443 \
		--ca /certs/dev-ca.pem "/etc/leadbridge/mappings/$1" $sample 2>&1
}
sent() { send "$1" | head -n 1; }
# Settings for this machine: the API is a sandbox; a second route is queued.
here() {
	cd /etc/leadbridge
	cp /certs/dev-ca.pem ca.pem
	sed -i 's|url = "https://api.leadsail.app";|url = "https://localhost:9443"; ca = "ca.pem";|' leadbridge.cfg
	grep -q 'ca = "ca.pem"' leadbridge.cfg
	cp -r mappings/typeform mappings/queued
	sed -i 's|"relay"|"queue"|; s|/hooks/typeform|/hooks/queued|' mappings/queued/mapping.cfg
}
# Four senders that send until told; what they got, but for 200, is shown.
load() {
	rm -f /got.*
	touch /loading
	for n in 1 2 3 4; do
		while [ -e /loading ]; do
			sent typeform
		done >/got.$n &
	done
	for n in 1 2 3 4; do
		until_is "HTTP 200 OK" head -n 1 /got.$n
	done
}
unload() {
	for n in 1 2 3 4; do # one more each, of who serves now
		until_is "HTTP 200 OK" tail -n 1 /got.$n
	done
	rm /loading
	wait
	is "$(cat /got.? | sort | uniq -c | grep -v ' HTTP 200 OK$')" ""
	echo "$(cat /got.? | wc -l) webhooks meanwhile, each relayed"
}

step install
is "$(status)" installed
is "$(state)" inactive
leadbridge sandbox --make-certs /certs >/dev/null
systemd-run -q --unit sandbox leadbridge sandbox --certs /certs --listen 127.0.0.1:9443
mkdir /root/mine
cd /root/mine
cp /certs/server.pem /certs/server.key .
echo sandbox-key >leadsail
echo a-secret-of-the-form >typeform

step five-minutes
# The lines of README.md, as they stand there.
cat /package/readme
. /package/readme
is "$(state)" active
is "$(systemctl is-enabled leadbridge)" enabled
has "api.leadsail.app has no address" "$(as_root doctor -c /etc/leadbridge/leadbridge.cfg || true)"
here
systemctl restart leadbridge
is "$(sent typeform)" "HTTP 200 OK"

step ready
for _ in 1 2 3 4 5; do
	systemctl restart leadbridge
	is "$(sent typeform)" "HTTP 200 OK"
done
# In that order: it serves, then systemd says that it was started.
is "$(journal -n 4 -o cat | grep '^ready \|^Started ' |
	cut -d' ' -f1 | xargs | tr -d '[:space:]')" readyStarted
is "$(property StatusText)" "Serving 2 routes"

step place
pid=$(property MainPID)
held() { sed -n "s/^$1:\t\([^\t]*\).*/\1/p" /proc/$pid/status; }
is "$(held Uid)" "$(id -u leadbridge)"
is "$(held CapEff) $(held CapBnd)" "0000000000000000 0000000000000000"
is "$(held NoNewPrivs) $(held Seccomp)" "1 2"
grep -q "^Max core file size  *0  *0 " /proc/$pid/limits
# Up to 252 by its owner, later by an ACL; for nobody else in any case.
runuser -u leadbridge -- test -r /run/credentials/leadbridge.service/leadsail
fails runuser -u nobody -- test -r /run/credentials/leadbridge.service/leadsail
is "$(mode /var/lib/leadbridge)" "700 leadbridge leadbridge"
is "$(mode /var/lib/leadbridge/journal.db)" "600 leadbridge leadbridge"
# As README.md of deploy/ asks it.
doctor=$(sh -c "$(cat /package/doctor)" || true)
echo "$doctor"
has "^ok *bridge .*a bridge runs, and is ready" "$doctor"
has "^ok *bridge .*the bridge that runs is, in its files ports signals system_calls" "$doctor"
has "^ok *key *leadsail" "$doctor"
has " 0 faults" "$doctor"
has "^→ Overall exposure level for leadbridge.service: 1\.[0-9] OK" \
	"$(SYSTEMD_EMOJI=0 LC_ALL=C.UTF-8 systemd-analyze security leadbridge)"

step journal
answer=$(send queued)
has "^HTTP 202 Accepted" "$answer"
delivery=$(grep -o '"delivery":"[^"]*' <<<"$answer" | cut -d'"' -f4)
delivered() { told LEADBRIDGE_DELIVERY="$delivery" | grep -o '"LEADBRIDGE_EVENT":"[a-z]*"'; }
until_is '"LEADBRIDGE_EVENT":"delivered"' delivered
line=$(told LEADBRIDGE_DELIVERY="$delivery")
for field in '"LEADBRIDGE_UPSTREAM":"leadsail"' '"LEADBRIDGE_LEAD":"lead_abc123"' \
	'"PRIORITY":"6"' '"_SYSTEMD_UNIT":"leadbridge.service"' \
	'"_TRANSPORT":"journal"' '"SYSLOG_IDENTIFIER":"leadbridge"'; do
	has "$field" "$line"
done
has "^listening .*address=0.0.0.0:8443" "$(journal -o cat)"
has "^delivered delivery=$delivery .*lead=lead_abc123" "$(journal -o cat)"
has "done .*/hooks/queued" "$(as_root deliveries list)"

step reload
pid=$(property MainPID)
case $(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p') in
252) type=notify ;;
*) type=notify-reload ;;
esac
systemctl reload leadbridge
has '"LEADBRIDGE_EVENT":"reloaded"' "$(told LEADBRIDGE_EVENT=reloaded)"
cp leadbridge.cfg /good.cfg
sed -i 's/api_key = /api_kye = /' leadbridge.cfg
fails systemctl reload leadbridge
has "leadbridge.cfg:.*did you mean 'api_key'" "$(journal)"
is "$(state) $(property MainPID)" "active $pid"
refused="^Serving; the last reload was refused: .*leadbridge.cfg:.*api_key"
has "$refused" "$(property StatusText)"
is "$(sent typeform)" "HTTP 200 OK"
is "$(property Type)" "$type"
journal | grep -c "Failed to parse service type" | grep -qx 0 ||
	no "systemd knows the unit's type"
if [ "$type" = notify-reload ]; then
	# The protocol alone: systemd sends the signal, and waits for its "ready".
	mkdir /etc/systemd/system/leadbridge.service.d
	printf '[Service]\nExecReload=\n' >/etc/systemd/system/leadbridge.service.d/test.conf
	systemctl daemon-reload
	for _ in 1 2 3; do
		cp /good.cfg leadbridge.cfg
		systemctl reload leadbridge
		is "$(property StatusText)" "Serving 2 routes"
		sed -i 's/api_key = /api_kye = /' leadbridge.cfg
		systemctl reload leadbridge
		has "$refused" "$(property StatusText)"
	done
	has '"LEADBRIDGE_CAUSE":"SIGHUP"' "$(told LEADBRIDGE_EVENT=reloaded)"
	is "$(state) $(property MainPID)" "active $pid"
	rm -r /etc/systemd/system/leadbridge.service.d
	systemctl daemon-reload
fi

step fault
# What a person has to mend is not tried again; what passes by itself is.
stays_down() {
	fails systemctl restart leadbridge
	is "$(property ExecMainStatus) $(property NRestarts) $(state)" "$1 0 failed"
}
stays_down 78
has "leadbridge.cfg:.*did you mean 'api_key'" "$(journal -n 9)"
cp /good.cfg leadbridge.cfg
mv secrets/leadsail /kept
stays_down 243
mv /kept secrets/leadsail
openssl s_server -quiet -accept 8443 -cert /certs/server.pem -key /certs/server.key &
taken() { cat /proc/net/tcp /proc/net/tcp6 | grep -o -m 1 ":20FB .* 0A " | cut -d' ' -f1; }
until_is :20FB taken
fails systemctl restart leadbridge
is "$(property ExecMainStatus) $(state)" "3 activating"
kill $!
until_is active state
is "$(sent typeform)" "HTTP 200 OK"

step stuck
is "$(property WatchdogUSec)" 30s
mkdir /etc/systemd/system/leadbridge.service.d
printf '[Service]\nWatchdogSec=1\n' >/etc/systemd/system/leadbridge.service.d/test.conf
systemctl daemon-reload
systemctl restart leadbridge
is "$(property NRestarts)" 0
kill -STOP "$(property MainPID)"
until_is 1 property NRestarts
until_is active state
has "Watchdog timeout" "$(journal)"
is "$(sent typeform)" "HTTP 200 OK"
rm -r /etc/systemd/system/leadbridge.service.d
systemctl daemon-reload
systemctl restart leadbridge

step drain
said_last() { journal -n 9 -o cat | grep -o '^ready\|^stopping' | tail -n 1; }
# A request whose body is not there yet, and that the bridge waits for.
tail -n 1 $sample >/body
signature=$(openssl dgst -sha256 -hmac a-secret-of-the-form -binary /body | base64)
coproc sender { openssl s_client -quiet -no_ign_eof -connect localhost:8443 \
	-CAfile /certs/dev-ca.pem 2>/dev/null; }
# bash closes its own when the sender ends, read or not.
exec {reads}<&"${sender[0]}" {writes}>&"${sender[1]}"
printf '%s\r\n' "POST /hooks/typeform HTTP/1.1" "Host: localhost" \
	"Typeform-Signature: sha256=$signature" "Content-Type: application/json" \
	"Content-Length: $(stat -c %s /body)" "Expect: 100-continue" "" >&"$writes"
read -r line <&"$reads"
is "$line" $'HTTP/1.1 100 Continue\r'
systemctl stop --no-block leadbridge
until_is deactivating state
until_is stopping said_last
cat /body >&"$writes"
read -r line <&"$reads" # behind the 100
read -r line <&"$reads"
is "$line" $'HTTP/1.1 200 OK\r'
until_is inactive state
is "$(property Result) $(property ExecMainStatus)" "success 0"

step socket
systemctl enable -q --now leadbridge.socket
is "$(state)" inactive
is "$(sent typeform)" "HTTP 200 OK" # which starts it
is "$(state)" active
load
for _ in 1 2 3 4 5; do
	systemctl restart leadbridge
done
unload

step upgrade
pid=$(property MainPID)
load
dpkg --force-confold -i /package/newer.deb
unload
is "$(state)" active
[ "$(property MainPID)" != "$pid" ] || no "the new program runs"
is "$(systemctl is-active leadbridge.socket)" active
has "done .*/hooks/queued" "$(as_root deliveries list)"

step purge
dpkg -r leadbridge
is "$(state)" inactive
is "$(systemctl is-active leadbridge.socket)" inactive
there /var/lib/leadbridge/journal.db
dpkg -P leadbridge
is "$(systemctl list-units --all --plain --no-legend 'leadbridge*')" ""
gone /etc/leadbridge /var/lib/leadbridge
fails getent passwd leadbridge
hash -r

step by-hand
# What `cmake --install` puts there, and deploy/README.md says.
dpkg-deb -x /package/first.deb /unpacked
cp -r /unpacked/usr/. /usr/local/
mappings=/usr/local/share/leadbridge/mappings sample=/usr/local${sample#/usr}
install -d /etc/leadbridge/mappings
install -d -m 700 /etc/leadbridge/secrets
cp /unpacked/etc/leadbridge/leadbridge.cfg /etc/leadbridge/
cp -r $mappings/typeform /etc/leadbridge/mappings/
cd /root/mine
cp server.pem /etc/leadbridge/
install -m 600 leadsail typeform server.key /etc/leadbridge/secrets/
here
cp /package/leadbridge.service /etc/systemd/system/
systemctl daemon-reload
systemctl enable -q --now leadbridge
fails getent -s files passwd leadbridge # it is one of DynamicUser=
is "$(sent queued)" "HTTP 202 Accepted"
doctor=$(as_root doctor -c /etc/leadbridge/leadbridge.cfg || true)
has "^ok *bridge .*the bridge that runs is, in its files ports signals system_calls" "$doctor"
has " 0 faults" "$doctor"
systemctl restart leadbridge
has "done .*/hooks/queued" "$(as_root deliveries list)"

step to-the-package
systemctl disable -q --now leadbridge
rm -r /etc/systemd/system/leadbridge.service /usr/local/bin/leadbridge \
	/usr/local/lib/leadbridge /usr/local/share/leadbridge
hash -r
mappings=/usr/share/leadbridge/mappings sample=/usr${sample#/usr/local}
dpkg --force-confold -i /package/first.deb
systemctl enable -q --now leadbridge
is "$(mode /var/lib/leadbridge/journal.db)" "600 leadbridge leadbridge"
has "done .*/hooks/queued" "$(as_root deliveries list)"
is "$(sent queued)" "HTTP 202 Accepted"
step done
