# layers.awk - the rules of bridge/, one offence a line.
#
# Usage: awk -f layers.awk bridge/ROOMS FILE...
# Each file is bridge/<room>/<file>, or bridge/<file> for what stands above
# all rooms (main.c). Written for POSIX awk: no intervals, no gensub.

BEGIN {
	banned = "strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|gmtime"
	banned = call_of(banned "|localtime|rand")
	compare = call_of("memcmp")
	# base owns the log and the clock; the other quiet rooms are told.
	loud = "log_event|clock_wall_ms|clock_mono_us|clock_gettime"
	loud = call_of(loud "|gettimeofday|time")

	stores = call_of("sqlite3_[a-z0-9_]*|PQ[a-zA-Z0-9]*")

	literal["'"] = "^'([^'\\\\]|\\\\.)*'"
	literal["\""] = "^\"([^\"\\\\]|\\\\.)*\""

	split("bio upstream listener sandbox verify decode secrets mapping " \
	    "console program admin journal delivery certs", list)
	for (i in list)
		openssl[list[i]] = 1
}

# The first file: the plan.
FNR == NR {
	if ($1 !~ /^#/ && NF > 0)
		read_plan()
	next
}

FNR == 1 {
	depth = split(FILENAME, at, "/")
	room = depth > 2 ? at[2] : ""
	in_comment = 0
	if (room != "" && !(room in loop))
		offence(room " is not a room of bridge/ROOMS")
	if (depth > 3)
		offence("rooms have no folders inside")
	quiet = room != "" && loop[room] == "no"
}

!in_comment && /^[ \t]*#[ \t]*include/ {
	check_include($0)
}

{
	check_calls(code_of($0))
}

END {
	exit offences > 0
}

function read_plan(   i)
{
	if ($2 != "yes" && $2 != "no")
		offence($1 ": loop is yes or no")
	if ($1 in loop)
		offence($1 " stands here twice")
	for (i = 3; i <= NF; i++) {
		if ($i == "-")
			continue
		# Rooms above only: so the plan can have no circle.
		if (!($i in loop))
			offence($1 " looks down at " $i)
		else if ($2 == "no" && loop[$i] == "yes")
			offence($1 " is quiet and " $i " is not")
		allowed[$1, $i] = 1
	}
	loop[$1] = $2
	allowed[$1, $1] = 1
}

function check_include(line,   name, part)
{
	if (match(line, /<[^>]*>/)) {
		name = substr(line, RSTART + 1, RLENGTH - 2)
		check_system(name)
		return
	}
	if (!match(line, /"[^"]*"/)) {
		offence("an include names its file")
		return
	}
	name = substr(line, RSTART + 1, RLENGTH - 2)
	if (split(name, part, "/") != 2 || part[1] == "." || part[1] == "..") {
		offence("write \"room/file.h\", not \"" name "\"")
		return
	}
	if (!(part[1] in loop)) {
		offence("\"" name "\" is in no room")
		return
	}
	if (room != "" && !((room, part[1]) in allowed))
		offence(room " may not include " part[1])
	if (part[1] != room && part[2] != part[1] ".h")
		offence("\"" name "\": use the door, \"" part[1] "/" \
		    part[1] ".h\"")
}

function check_system(name)
{
	if (quiet && name ~ /^(event2\/|event\.h|evhttp\.h|evdns\.h)/)
		offence(room " is quiet: no event loop")
	# The log's lines go to journald's socket, or to one behind stderr.
	if (quiet && FILENAME !~ /^bridge\/base\/base_log_sink\.c$/ &&
	    name ~ /^(sys\/socket|sys\/epoll|sys\/un|netdb|poll)\.h/)
		offence(room " is quiet: no sockets")
	if (name ~ /^(event2\/http.*|evhttp)\.h$/ && room != "listener")
		offence("only listener includes evhttp")
	if (name ~ /^(sqlite3|libpq-fe|libpq\/.*)\.h$/ && room != "journal")
		offence("only journal includes " name)
	if (name ~ /^openssl\// && !(room in openssl))
		offence("openssl is not for " (room != "" ? room : at[depth]))
}

function check_calls(code)
{
	if (code ~ banned)
		offence("banned call: " called(code, banned))
	if (room == "verify" && code ~ compare)
		offence("memcmp in verify: compare in constant time")
	if (room != "journal" && code ~ stores)
		offence("only journal calls " called(code, stores))
	if (quiet && room != "base" && code ~ loud)
		offence(room " is quiet: it may not call " called(code, loud))
}

function call_of(names)
{
	return "(^|[^A-Za-z0-9_])(" names ")[ \t]*\\("
}

function called(code, names)
{
	match(code, names)
	code = substr(code, RSTART, RLENGTH)
	gsub(/[^A-Za-z0-9_]/, "", code)
	return code
}

# The line without comments and literals; in_comment is kept between lines.
function code_of(line,   out, mark)
{
	out = ""
	while (line != "") {
		if (in_comment) {
			if (!match(line, /\*\//))
				return out
			in_comment = 0
			out = out " "
			line = substr(line, RSTART + 2)
			continue
		}
		if (!match(line, /\/\*|\/\/|["']/))
			return out line
		mark = substr(line, RSTART, RLENGTH)
		out = out substr(line, 1, RSTART - 1)
		line = substr(line, RSTART)
		if (mark == "//")
			return out
		if (mark == "/*") {
			in_comment = 1
			line = substr(line, 3)
		} else if (match(line, literal[mark])) {
			out = out mark mark
			line = substr(line, RLENGTH + 1)
		} else {
			line = substr(line, 2) # 1'000, or a line cut short
		}
	}
	return out
}

function offence(why)
{
	print FILENAME ":" FNR ": " why
	offences++
}
