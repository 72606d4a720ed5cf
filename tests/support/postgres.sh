#!/bin/sh
# postgres.sh - a PostgreSQL of a test's own, and a PgBouncer before it.
#
#	postgres.sh start FOLDER	makes it, if it is not there, and starts it
#	postgres.sh stop FOLDER		at once, as if the machine had stopped
#	postgres.sh restart FOLDER	stops it so and starts it again
#	postgres.sh standby FOLDER OF	a standby of the server in the folder OF
#	postgres.sh promote FOLDER	the standby becomes a primary
#	postgres.sh kill FOLDER		all of its processes, by SIGKILL
#	postgres.sh bouncer FOLDER	PgBouncer in transaction mode, port 6432
#	postgres.sh remove FOLDER	stops all and deletes the folder
#	postgres.sh present		whether they are installed at all
#
# It listens on a socket in FOLDER/run only. As root (containers) it runs as
# "postgres" or "nobody": PostgreSQL refuses to run as root.
set -u
verb=${1:?usage: postgres.sh start|stop|restart|standby|promote|kill|bouncer|remove FOLDER}
for bin in /usr/lib/postgresql/*/bin; do
	[ -x "$bin/initdb" ] && PATH="$bin:$PATH"
done
PATH="$PATH:/usr/sbin"
have()
{
	command -v "$1" >/dev/null 2>&1
}
if [ "$verb" = present ]; then
	have initdb && have pg_ctl && have postgres && have pgbouncer
	exit
fi
top=${2:?usage: postgres.sh $verb FOLDER}

user=$(id -un)
if [ "$user" = root ]; then
	user=postgres
	id "$user" >/dev/null 2>&1 || user=nobody
fi
as_user()
{
	if [ "$(id -un)" = "$user" ]; then
		"$@"
	else
		setpriv --reuid="$user" --regid="$(id -g "$user")" \
			--clear-groups env HOME="$top" "$@"
	fi
}
control()
{
	as_user pg_ctl -D "$top/data" -s -w -t 60 "$@" >>"$top/control.log" 2>&1
}
end_bouncer()
{
	[ -s "$top/run/bouncer.pid" ] || return 0
	kill "$(cat "$top/run/bouncer.pid")" 2>/dev/null
	rm -f "$top/run/bouncer.pid"
}

make()
{
	mkdir -p "$top/run" && touch "$top/control.log" || exit 1
	chmod 755 "$top"
	[ "$(id -un)" = "$user" ] ||
		chown -R "$user" "$top"
	as_user initdb -D "$top/data" -U leadbridge -A trust -E UTF8 \
		--locale=C.UTF-8 -N >>"$top/control.log" 2>&1 || exit 1
	# The defaults that matter (fsync, synchronous_commit) stay.
	cat >>"$top/data/postgresql.conf" <<-END
		listen_addresses = ''
		unix_socket_directories = '$top/run'
		max_connections = 50
		shared_buffers = 64MB
		log_min_messages = warning
	END
	cat >"$top/bouncer.ini" <<-END
		[databases]
		* = host=$top/run port=5432
		[pgbouncer]
		listen_addr =
		listen_port = 6432
		unix_socket_dir = $top/run
		auth_type = any
		pool_mode = transaction
		default_pool_size = 4
		server_lifetime = 1
		logfile = $top/run/bouncer.log
		pidfile = $top/run/bouncer.pid
	END
	# auth_type any takes the user from the database's line.
	sed -i 's/^\* = .*/& user=leadbridge/' "$top/bouncer.ini"
}

# A copy of the server in the folder $1, which goes on following it.
follow()
{
	mkdir -p "$top/run" && touch "$top/control.log" || exit 1
	chmod 755 "$top"
	[ "$(id -un)" = "$user" ] ||
		chown -R "$user" "$top"
	as_user pg_basebackup -D "$top/data" -h "$1/run" -U leadbridge -R \
		-c fast -X stream >>"$top/control.log" 2>&1 || {
		cat "$top/control.log" >&2
		exit 1
	}
	echo "unix_socket_directories = '$top/run'" \
		>>"$top/data/postgresql.conf"
}
# As a machine that is gone: the children first, so that none ends in order.
kill_all()
{
	read -r first <"$top/data/postmaster.pid" || exit 1
	kill -STOP "$first"
	# shellcheck disable=SC2046
	kill -KILL $(ps -o pid= --ppid "$first") "$first"
}

case $verb in
standby)
	follow "${3:?usage: postgres.sh standby FOLDER OF}"
	control -l "$top/run/postgres.log" start || {
		cat "$top/control.log" "$top/run/postgres.log" >&2
		exit 1
	}
	;;
promote) control promote ;;
kill) kill_all ;;
start)
	[ -d "$top/data" ] || make
	control -l "$top/run/postgres.log" start || {
		cat "$top/control.log" "$top/run/postgres.log" >&2
		exit 1
	}
	;;
stop) control -m immediate stop ;;
restart)
	control -m immediate stop
	control -l "$top/run/postgres.log" start
	;;
bouncer)
	as_user pgbouncer -q -d "$top/bouncer.ini" || exit 1
	# It goes into the background first, and listens then.
	tries=0
	until pg_isready -q -h "$top/run" -p 6432 -U leadbridge -d postgres; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || exit 1
		sleep 0.1
	done
	;;
remove)
	end_bouncer
	control -m immediate stop
	rm -rf "$top"
	;;
*)
	echo "postgres.sh: no verb $verb" >&2
	exit 2
	;;
esac
