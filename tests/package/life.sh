#!/bin/sh
# The life of a package in a root that nobody minds: installed, tried,
# upgraded, removed, purged. As root, in a chroot. What should be is asserted
# line by line; the first that is not ends it, and is shown.
# Usage: life.sh INSTALL DEB NEWER, with INSTALL the command that installs one.
set -eu
install=$1 deb=$2 newer=$3
. /package/steps.sh

# systemd, as the scripts see it: each call is a line of a file. What asks it
# is Debian's own deb-systemd-invoke.
mkdir -p /run/systemd/system
rm -f /usr/sbin/policy-rc.d /usr/bin/systemctl /bin/systemctl
cat >/usr/bin/systemctl <<'EOF'
#!/bin/sh
if [ "$1" = --version ]; then
	echo "systemd $(cat /systemd) (a stub)"
	exit
fi
line=
for word; do
	case $word in -*) ;; *) line="$line $word" ;; esac
done
echo "systemctl$line" >>/calls
EOF
chmod 755 /usr/bin/systemctl
calls() {
	grep -v daemon-reload /calls || true
	: >/calls
}
: >/calls
echo 252 >/systemd
drop_in=/lib/systemd/system/leadbridge.service.d

step install
$install "$deb"
is "$(status)" installed
leadbridge version
is "$(calls)" ""
is "$(mode /var/lib/leadbridge)" "700 leadbridge leadbridge"
is "$(mode /etc/leadbridge/secrets)" "700 root root"
is "$(getent passwd leadbridge | cut -d: -f7)" /usr/sbin/nologin
gone $drop_in
ldd /usr/bin/leadbridge /usr/lib/leadbridge/leadbridge-phone.so >/ldd
fails grep "not found" /ldd

step demo
setpriv --reuid leadbridge --regid leadbridge --clear-groups \
	env TMPDIR=/tmp leadbridge demo >/demo || { cat /demo; exit 1; }
# The phone module is found where the package put it.
leadbridge test /usr/share/leadbridge/mappings/typeform \
	/usr/share/leadbridge/mappings/hubspot

step check
cd /etc/leadbridge
export CREDENTIALS_DIRECTORY=/run/credentials/leadbridge.service
mkdir -p $CREDENTIALS_DIRECTORY
fails leadbridge check -c leadbridge.cfg
grep -q "leadbridge.cfg:.*leadsail" /said
umask 077
echo an-api-key >$CREDENTIALS_DIRECTORY/leadsail
echo a-form-secret >$CREDENTIALS_DIRECTORY/typeform
leadbridge sandbox --make-certs /certs >/dev/null
cp /certs/server.pem .
cp /certs/server.key $CREDENTIALS_DIRECTORY/
cp -r /usr/share/leadbridge/mappings/typeform mappings/
leadbridge check -c leadbridge.cfg

step upgrade
echo "# mine" >>leadbridge.cfg
touch secrets/kept /var/lib/leadbridge/journal.db
# Modes that the administrator chose, and who the journal is of.
chgrp leadbridge secrets
chmod 750 secrets mappings
chown games /var/lib/leadbridge
$install "$newer"
is "$(mode secrets)" "750 root leadbridge"
is "$(mode mappings)" "750 root root"
is "$(mode /var/lib/leadbridge)" "700 games leadbridge"
is "$(status)" installed
is "$(calls)" "systemctl try-restart leadbridge.service"
is "$(tail -n 1 leadbridge.cfg)" "# mine"
there secrets/kept mappings/typeform/mapping.cfg

step systemd
# Another one is unpacked: dpkg says so by this trigger.
becomes() {
	echo "$1" >/systemd
	dpkg-trigger --by-package=systemd /lib/systemd/systemd
	dpkg --configure --pending
	is "$(status)" installed
	is "$(calls)" ""
}
becomes 252
gone $drop_in
becomes 253
grep -qx "Type=notify-reload" $drop_in/notify-reload.conf
touch $drop_in/of-another.conf
becomes 252
is "$(ls $drop_in)" of-another.conf
becomes 257
is "$(ls $drop_in | xargs)" "notify-reload.conf of-another.conf"
rm $drop_in/of-another.conf

step remove
dpkg -r leadbridge
gone $drop_in
is "$(calls)" "systemctl stop leadbridge.socket leadbridge.service"
gone /usr/bin/leadbridge /usr/lib/leadbridge
is "$(tail -n 1 leadbridge.cfg)" "# mine"
there secrets/kept /var/lib/leadbridge/journal.db
getent passwd leadbridge >/dev/null

step purge
cd /
mkdir -p /etc/systemd/system/multi-user.target.wants
ln -s /gone /etc/systemd/system/multi-user.target.wants/leadbridge.service
# The journal may have a disk of its own.
mount -t tmpfs none /var/lib/leadbridge
touch /var/lib/leadbridge/journal.db
dpkg -P leadbridge
is "$(status)" ""
is "$(ls -A /var/lib/leadbridge)" ""
umount /var/lib/leadbridge
rm -r /var/lib/leadbridge
gone /etc/leadbridge
fails getent passwd leadbridge
fails getent group leadbridge
left=$(find /etc /usr /lib /var/lib -xdev -name '*leadbridge*' | grep -v "^/usr/local" || true)
is "$left" ""
step done
