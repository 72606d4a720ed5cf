-- journal/journal_postgres.sql - what is done to the journal's tables.
--
-- The tables are made by journal_postgres_tables.sql and the numbered files
-- behind it, each once. The functions are code: where a database is of an
-- earlier version, all of them are dropped and made anew, by this file, in the
-- same transaction. Who changes anything here or adds a table raises
-- PG_SCHEMA_VERSION. Nodes of the version before go on meanwhile, if a function
-- they call still takes what they give: new parameters have defaults.
--
-- A stranger's transaction that stands still keeps every version of every row
-- that ended since, and an index scan goes through all it meets. So what is
-- looked for again and again is looked for where the living are: from a mark
-- on (claim(), prune_from()), from a lane's head on (mend_lane()), and under a
-- key that changes before its versions are many (sign(), tokens()).
--
-- Order of locks, the same everywhere, so that nodes wait for each other in
-- no circle: broom, keys, lanes by (target, lead), deliveries by id. Where a
-- group cannot keep it, one of the two is rolled back and does it again.

DO $$
DECLARE
	f regprocedure;
BEGIN
	FOR f IN SELECT p.oid FROM pg_proc p
		WHERE p.pronamespace = 'leadbridge'::regnamespace
	LOOP
		EXECUTE format('DROP FUNCTION %s', f);
	END LOOP;
END $$;

CREATE FUNCTION leadbridge.now_ms() RETURNS bigint LANGUAGE sql VOLATILE AS $$
	SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
$$;

-- First in every group. Indexes are read in their order, up to what is asked
-- for, whatever the server thinks of the tables. The lock lasts as long as the
-- transaction: who comes back after a lost connection waits by it until the
-- lost group has ended. One that arrives only after that finds a later token,
-- and does nothing.
CREATE FUNCTION leadbridge.start(p_owner bigint, p_token bigint,
	p_statement text, p_lock text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('statement_timeout', p_statement, true),
		set_config('lock_timeout', p_lock, true),
		set_config('idle_in_transaction_session_timeout', p_statement,
			true),
		set_config('enable_seqscan', 'off', true),
		set_config('enable_bitmapscan', 'off', true),
		set_config('jit', 'off', true);
	IF current_setting('synchronous_commit') = 'off' THEN
		PERFORM set_config('synchronous_commit', 'on', true);
	END IF;
	PERFORM pg_advisory_xact_lock(p_owner);
	IF EXISTS (SELECT FROM leadbridge.node n
		WHERE n.owner = p_owner AND n.token >= p_token) THEN
		RAISE 'a later group of this process was stored already'
			USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
END $$;

-- At the end of a group that wrote something: the proof that it is committed,
-- if the connection is lost before the answer comes. A process takes a new
-- p_owner every few hundred groups.
CREATE FUNCTION leadbridge.sign(p_owner bigint, p_token bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF pg_current_xact_id_if_assigned() IS NULL THEN
		RETURN;
	END IF;
	INSERT INTO leadbridge.node VALUES (p_owner, p_token,
		leadbridge.now_ms())
	ON CONFLICT (owner) DO UPDATE
		SET token = excluded.token, seen_ms = excluded.seen_ms;
END $$;

-- The lanes a group will touch, in the one order, before all else.
CREATE FUNCTION leadbridge.lock_lanes(p_targets text[], p_leads text[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM 1 FROM leadbridge.lane l
	WHERE (l.target, l.lead) IN (SELECT * FROM unnest(p_targets, p_leads))
	ORDER BY l.target, l.lead FOR UPDATE;
END $$;

-- There from now on, and locked; mend_lane() has to follow.
CREATE FUNCTION leadbridge.open_lane(p_target text, p_lead text)
RETURNS void LANGUAGE sql AS $$
	INSERT INTO leadbridge.lane AS l VALUES (0, 0, 0, leadbridge.now_ms(),
		false, false, p_target, p_lead)
	ON CONFLICT (target, lead) DO UPDATE SET head = l.head
$$;

-- After its items changed: a new head is due now, and nobody holds it. p_due:
-- the lease is over, and the head, if it is still the same, due then. p_head:
-- where its head was; what is before that has ended. Comes back when the lane
-- is due; NULL: nothing of it is to be sent.
CREATE FUNCTION leadbridge.mend_lane(p_target text, p_lead text, p_due bigint,
	p_head bigint DEFAULT 0)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	h record;
	v_due bigint;
BEGIN
	SELECT i.ord, i.state, i.attempts INTO h FROM leadbridge.item i
	WHERE i.target = p_target AND i.lead = p_lead AND i.laned
		AND i.ord >= p_head
	ORDER BY i.ord LIMIT 1;
	IF NOT FOUND THEN
		DELETE FROM leadbridge.lane l
		WHERE l.target = p_target AND l.lead = p_lead;
		RETURN NULL;
	END IF;
	UPDATE leadbridge.lane l SET
		due_ms = CASE WHEN l.head = h.ord THEN coalesce(p_due, l.due_ms)
			ELSE leadbridge.now_ms() END,
		fence = CASE WHEN l.head = h.ord AND p_due IS NULL THEN l.fence
			ELSE 0 END,
		head = h.ord,
		tried = h.attempts > 0,
		blocked = h.state = 3
	WHERE l.target = p_target AND l.lead = p_lead
	RETURNING l.due_ms INTO v_due;
	RETURN CASE WHEN h.state <> 3 THEN v_due END;
END $$;

CREATE FUNCTION leadbridge.mend_lanes(p_targets text[], p_leads text[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. coalesce(cardinality(p_targets), 0) LOOP
		PERFORM leadbridge.mend_lane(p_targets[i], p_leads[i], NULL);
	END LOOP;
END $$;

-- Two nodes may each delete a part of a delivery: only who has its lock can
-- see whether anything is left.
CREATE FUNCTION leadbridge.lock_deliveries(p_ids uuid[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM 1 FROM leadbridge.delivery d WHERE d.id = ANY (p_ids)
	ORDER BY d.id FOR UPDATE;
END $$;

CREATE FUNCTION leadbridge.drop_empty(p_ids uuid[])
RETURNS void LANGUAGE sql AS $$
	DELETE FROM leadbridge.delivery d WHERE d.id = ANY (p_ids)
		AND NOT EXISTS (SELECT FROM leadbridge.item i WHERE i.id = d.id)
$$;

-- Events that no item needs any more.
CREATE FUNCTION leadbridge.drop_events(p_ids uuid[])
RETURNS void LANGUAGE sql AS $$
	UPDATE leadbridge.delivery d SET event = NULL
	WHERE d.id = ANY (p_ids) AND d.event IS NOT NULL
		AND NOT EXISTS (SELECT FROM leadbridge.item i WHERE i.id = d.id
			AND (i.state <> 2 OR i.body IS NOT NULL))
$$;

-- A run of accepts. p_counts tells how many updates each has, p_of of which
-- accept an update is, from 1, and p_n its place there, from 0. Comes
-- back what is not plainly stored: accepts that are duplicates (result 1) or
-- conflicts (2), and leases, u being the update.
CREATE FUNCTION leadbridge.accept(p_token bigint, p_ids uuid[],
	p_routes text[], p_verdicts text[], p_received bigint[],
	p_events bytea[], p_keys uuid[], p_digests uuid[], p_flags int[],
	p_leases bigint[], p_counts int[], p_of int[], p_n int[],
	p_targets text[], p_leads text[], p_bodies bytea[], p_refused text[])
RETURNS TABLE (i int, u int, result int, fence bigint, ord bigint,
	first_id uuid, first_state int, first_status int)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	t bigint := leadbridge.now_ms();
	v_stored int[];
	v_ords bigint[];
BEGIN
	-- The first of each key and of each id, where it is new. Where another
	-- node stores the same at the same time, one of the two is told so by
	-- the index, and does its group again.
	SELECT array_agg(x.i) INTO v_stored
	FROM (SELECT a.i, a.key,
			row_number() OVER (PARTITION BY a.key ORDER BY a.i)
				AS of_key,
			row_number() OVER (PARTITION BY a.id ORDER BY a.i)
				AS of_id
		FROM unnest(p_keys, p_ids) WITH ORDINALITY AS a (key, id, i)
		WHERE NOT EXISTS (SELECT FROM leadbridge.key k
				WHERE k.hash = a.key)
			AND NOT EXISTS (SELECT FROM leadbridge.delivery d
				WHERE d.id = a.id)) x
	WHERE x.of_id = 1 AND (x.key IS NULL OR x.of_key = 1);

	IF v_stored IS NOT NULL THEN
		INSERT INTO leadbridge.key (hash, body, id, at_ms)
		SELECT a.key, a.digest, a.id, t
		FROM unnest(p_keys, p_digests, p_ids) WITH ORDINALITY
			AS a (key, digest, id, i)
		WHERE a.key IS NOT NULL AND a.i = ANY (v_stored)
		ORDER BY a.key;
		INSERT INTO leadbridge.delivery (id, route, verdict,
			received_ms, next_n, key, event)
		SELECT a.id, a.route, a.verdict, a.received, a.count, a.key,
			a.event
		FROM unnest(p_ids, p_routes, p_verdicts, p_received, p_counts,
			p_keys, p_events) WITH ORDINALITY
			AS a (id, route, verdict, received, count, key, event,
				i)
		WHERE a.i = ANY (v_stored) ORDER BY a.id;
		-- Orders for all, in their order: they hold for the first of
		-- a lane that was not there, whose lock is its making.
		v_ords := ARRAY (SELECT nextval('leadbridge.ord')
			FROM generate_series(1, cardinality(p_of)));
		RETURN QUERY
		WITH part AS MATERIALIZED (
			SELECT p.u::int AS u, p.of, p.target, p.lead,
				p.refused IS NULL AS laned, v_ords[p.u] AS ord
			FROM unnest(p_of, p_targets, p_leads, p_refused)
				WITH ORDINALITY
				AS p (of, target, lead, refused, u)
			WHERE p.of = ANY (v_stored)),
		first AS (
			SELECT DISTINCT ON (p.target, p.lead) p.target, p.lead,
				p.ord, p_leases[p.of] AS lease
			FROM part p WHERE p.laned
			ORDER BY p.target, p.lead, p.u),
		lane AS MATERIALIZED (
			INSERT INTO leadbridge.lane AS l (head, fence, holder,
				due_ms, tried, blocked, target, lead)
			SELECT f.ord,
				CASE WHEN f.lease >= 0
					THEN nextval('leadbridge.fence')
					ELSE 0 END,
				p_token, t + greatest(f.lease, 0),
				f.lease >= 0, false, f.target, f.lead
			FROM first f ORDER BY f.target, f.lead
			ON CONFLICT (target, lead) DO UPDATE SET head = l.head
			RETURNING l.target, l.lead, l.head, l.fence),
		-- A lane that was there is locked only now: later orders.
		placed AS MATERIALIZED (
			SELECT p.*, CASE WHEN l.head IS NULL
					OR EXISTS (SELECT FROM first f
						WHERE f.ord = l.head)
				THEN p.ord
				ELSE nextval('leadbridge.ord') END AS place,
				l.head = p.ord AND l.fence <> 0 AS leased,
				l.fence
			FROM (SELECT * FROM part ORDER BY u) p
			LEFT JOIN lane l ON p.laned AND l.target = p.target
				AND l.lead = p.lead
			ORDER BY p.u),
		stored AS (
			INSERT INTO leadbridge.item (ord, since_ms, updated_ms,
				ended_ms, id, n, attempts, flags, state, laned,
				sending, target, lead, reason, body)
			SELECT p.place, t, t,
				CASE WHEN p.laned THEN NULL ELSE t END,
				p_ids[p.of], p_n[p.u],
				CASE WHEN p.leased THEN 1 ELSE 0 END,
				p_flags[p.of],
				CASE WHEN p.laned THEN 0 ELSE 4 END,
				p.laned, coalesce(p.leased, false), p.target,
				p.lead, coalesce(p_refused[p.u], ''),
				p_bodies[p.u]
			FROM placed p)
		SELECT p.of, p.u, 0, p.fence, p.place, NULL::uuid, NULL::int,
			NULL::int
		FROM placed p WHERE p.leased;
	END IF;

	-- A key that came before, with another id.
	IF cardinality(v_stored) = cardinality(p_ids) THEN
		RETURN;
	END IF;
	RETURN QUERY
	SELECT a.i::int, NULL::int,
		CASE WHEN k.body = a.digest THEN 1 ELSE 2 END,
		NULL::bigint, NULL::bigint, k.id, coalesce(f.state, 2),
		coalesce(f.status, 0)
	FROM unnest(p_keys, p_digests, p_ids) WITH ORDINALITY
		AS a (key, digest, id, i)
	JOIN leadbridge.key k ON k.hash = a.key AND k.id <> a.id
	LEFT JOIN LATERAL (
		SELECT CASE WHEN x.sending THEN 1 ELSE x.state::int END
			AS state, x.status
		FROM leadbridge.delivery d
		JOIN leadbridge.item x ON x.id = d.id
		WHERE d.id = k.id AND d.key = k.hash
		ORDER BY x.n LIMIT 1) f ON true;
END $$;

-- The holder let its lease run out. False: nothing of the lane is to be sent.
CREATE FUNCTION leadbridge.strike(p_target text, p_lead text, p_most int)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	t bigint := leadbridge.now_ms();
	h leadbridge.item;
BEGIN
	UPDATE leadbridge.item i SET strikes = i.strikes + 1, sending = false,
		updated_ms = t
	FROM leadbridge.lane l
	WHERE l.target = p_target AND l.lead = p_lead AND i.ord = l.head
	RETURNING i.* INTO h;
	IF h.strikes >= p_most OR h.flags & 1 <> 0 THEN
		UPDATE leadbridge.item i SET state = 3, ended_ms = t,
			reason = CASE WHEN i.flags & 1 = 0
				THEN format('abandoned %s times', i.strikes)
				ELSE 'abandoned, and it may have been applied'
				END,
			laned = i.flags & 4 <> 0
		WHERE i.ord = h.ord;
	END IF;
	RETURN leadbridge.mend_lane(p_target, p_lead, t, h.ord) IS NOT NULL;
END $$;

-- When the first lane is due that is, or is not, tried, from p_from on.
CREATE FUNCTION leadbridge.first_due(p_target text, p_tried boolean,
	p_from bigint, p_to bigint DEFAULT 9223372036854775807)
RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT l.due_ms FROM leadbridge.lane l
		WHERE l.target = p_target AND NOT l.blocked
			AND l.tried = p_tried
			AND l.due_ms >= p_from AND l.due_ms <= p_to
		ORDER BY l.due_ms LIMIT 1);
END $$;

-- A row of leadbridge.rate is one second's; older ones are of no use.
CREATE FUNCTION leadbridge.rate_key(p_target text, p_ms bigint) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT p_target || ' ' || p_ms / 1000
$$;

-- The calls that all nodes together may start at a target, filled up until now;
-- a second's worth may be saved up. Nobody else is told of any until the group
-- is committed: NULL.
CREATE FUNCTION leadbridge.tokens(p_target text, p_rate bigint, p_now bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	r leadbridge.rate;
BEGIN
	IF NOT pg_try_advisory_xact_lock(
		hashtextextended('leadbridge.rate ' || p_target, 0)) THEN
		RETURN NULL;
	END IF;
	SELECT x.* INTO r FROM leadbridge.rate x
	WHERE x.target IN (leadbridge.rate_key(p_target, p_now),
		leadbridge.rate_key(p_target, p_now - 1000))
	ORDER BY x.filled_ms DESC LIMIT 1;
	IF NOT FOUND THEN
		RETURN p_rate * 1000;
	END IF;
	RETURN least(p_rate * 1000, r.tokens
		+ least(greatest(p_now - r.filled_ms, 0), 1000) * p_rate);
END $$;

-- What tokens() gave and is left.
CREATE FUNCTION leadbridge.leave_tokens(p_target text, p_tokens bigint,
	p_now bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO leadbridge.rate
	VALUES (leadbridge.rate_key(p_target, p_now), p_tokens, p_now)
	ON CONFLICT (target) DO UPDATE
		SET tokens = excluded.tokens, filled_ms = excluded.filled_ms;
END $$;

-- Lanes that another node has locked are that node's. At most p_bytes of
-- texts come, but always one item; at most p_rate heads a second, for all
-- nodes. The last row, without a fence, has in age_ms when something is due,
-- in ms (-1: nothing waits), or when there may be another call.
--
-- p_fresh, p_tried: what was due before is not looked at, of lanes that were
-- not, or were, tried; p_next: no lane that was tried is due earlier, that is
-- not due now. All 0: everything is looked at. The last row has the three that
-- the next claim may give, NULL where nothing was looked at; the time; and how
-- long looking took. The first two stay a second behind, for what is committed
-- late. What they miss is found when everything is looked at.
CREATE FUNCTION leadbridge.claim(p_token bigint, p_target text, p_most int,
	p_again int, p_merge int, p_lease bigint, p_bytes bigint, p_strikes int,
	p_rate bigint DEFAULT 0, p_fresh bigint DEFAULT 0,
	p_tried bigint DEFAULT 0, p_next bigint DEFAULT 0)
RETURNS TABLE (fence bigint, head bigint, ord bigint, age_ms bigint, id uuid,
	n int, attempts int, flags int, lead text, route text, body bytea,
	low_fresh bigint, low_tried bigint, low_next bigint, clock_ms bigint,
	took_us bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	t bigint := leadbridge.now_ms();
	v_late constant bigint := 1000;
	v_low_fresh bigint := t - v_late;
	v_low_tried bigint := t - v_late;
	v_seen_fresh int := 0;
	v_seen_tried int := 0;
	v_handed int := 0;
	v_full boolean;
	v_left boolean; -- of those that were tried, some may be due still
	v_from timestamptz := clock_timestamp();
	v_took interval;
	l record;
	h record;
	f record;
	v_fence bigint;
	v_bytes bigint := 0;
	v_tokens bigint;
	v_taken bigint := 0;
	v_due bigint;
BEGIN
	IF p_rate > 0 THEN
		v_tokens := coalesce(leadbridge.tokens(p_target, p_rate, t), 0);
		p_most := greatest(least(p_most, v_tokens / 1000), 0);
		IF p_most = 0 THEN
			RETURN QUERY SELECT NULL::bigint, NULL::bigint,
				NULL::bigint, 1 + (1000 - v_tokens) / p_rate,
				NULL::uuid, NULL::int, NULL::int, NULL::int,
				NULL::text, NULL::text, NULL::bytea,
				NULL::bigint, NULL::bigint, NULL::bigint,
				NULL::bigint, NULL::bigint;
			RETURN;
		END IF;
	END IF;
	p_again := least(p_again, p_most);
	v_left := p_again = 0;
	IF v_left THEN
		v_low_tried := least(v_low_tried, p_tried);
	END IF;
	FOR l IN
		WITH fresh AS MATERIALIZED (
			SELECT x.lead, x.fence, x.due_ms, x.ctid AS place,
				false AS tried
			FROM leadbridge.lane x
			WHERE x.target = p_target AND NOT x.blocked
				AND NOT x.tried
				AND x.due_ms BETWEEN p_fresh AND t
			ORDER BY x.due_ms LIMIT p_most
			FOR UPDATE SKIP LOCKED),
		tried AS MATERIALIZED (
			SELECT x.lead, x.fence, x.due_ms, x.ctid AS place,
				true AS tried
			FROM leadbridge.lane x
			WHERE x.target = p_target AND NOT x.blocked
				AND x.tried
				AND x.due_ms BETWEEN p_tried AND t
			ORDER BY x.due_ms LIMIT p_again
			FOR UPDATE SKIP LOCKED)
		SELECT * FROM (TABLE fresh UNION ALL TABLE tried) x
		ORDER BY x.due_ms
	LOOP
		v_took := coalesce(v_took, clock_timestamp() - v_from);
		v_full := v_handed = p_most OR v_bytes >= p_bytes;
		-- Left alone, or the last there was room for: from there on
		-- the next claim looks.
		IF l.tried THEN
			v_seen_tried := v_seen_tried + 1;
			IF v_full OR v_seen_tried = p_again THEN
				v_low_tried := least(v_low_tried, l.due_ms);
				v_left := true;
			END IF;
		ELSE
			v_seen_fresh := v_seen_fresh + 1;
			IF v_full OR v_seen_fresh = p_most THEN
				v_low_fresh := least(v_low_fresh, l.due_ms);
			END IF;
		END IF;
		CONTINUE WHEN v_full;
		v_handed := v_handed + 1;
		IF l.fence <> 0 THEN
			CONTINUE WHEN NOT leadbridge.strike(p_target, l.lead,
				p_strikes);
			SELECT x.ctid INTO l.place FROM leadbridge.lane x
			WHERE x.target = p_target AND x.lead = l.lead;
		END IF;
		v_taken := v_taken + 1000;
		v_fence := nextval('leadbridge.fence');
		UPDATE leadbridge.lane x SET fence = v_fence, holder = p_token,
			due_ms = t + p_lease, tried = true
		WHERE x.ctid = l.place
		RETURNING x.head INTO l.fence;
		UPDATE leadbridge.item x SET attempts = x.attempts + 1,
			sending = true, updated_ms = t
		FROM leadbridge.delivery d
		WHERE x.ord = l.fence AND d.id = x.id
		RETURNING x.*, d.route INTO h;
		v_bytes := v_bytes + coalesce(octet_length(h.body), 0);
		RETURN QUERY SELECT v_fence, h.ord, h.ord, t - h.since_ms,
			h.id, h.n, h.attempts, h.flags::int, h.lead, h.route,
			h.body, NULL::bigint, NULL::bigint, NULL::bigint,
			NULL::bigint, NULL::bigint;
		CONTINUE WHEN h.flags & 2 = 0 OR p_merge = 0;
		FOR f IN
			SELECT x.*, d.route FROM leadbridge.item x
			JOIN leadbridge.delivery d ON d.id = x.id
			WHERE x.target = p_target AND x.lead = l.lead
				AND x.laned AND x.ord > h.ord
			ORDER BY x.ord LIMIT p_merge
		LOOP
			EXIT WHEN f.state <> 0 OR f.flags & 2 = 0
				OR f.route <> h.route OR v_bytes >= p_bytes;
			v_bytes := v_bytes + coalesce(octet_length(f.body), 0);
			RETURN QUERY SELECT v_fence, h.ord, f.ord,
				t - f.since_ms, f.id, f.n, f.attempts,
				f.flags::int, f.lead, f.route, f.body,
				NULL::bigint, NULL::bigint, NULL::bigint,
				NULL::bigint, NULL::bigint;
		END LOOP;
	END LOOP;
	v_took := coalesce(v_took, clock_timestamp() - v_from);
	IF p_rate > 0 AND v_taken > 0 THEN
		PERFORM leadbridge.leave_tokens(p_target, v_tokens - v_taken,
			t);
	END IF;

	v_from := clock_timestamp();
	IF v_taken > 0 THEN
		p_next := least(p_next, t + p_lease);
	END IF;
	IF v_left THEN
		v_due := leadbridge.first_due(p_target, true, v_low_tried, t);
	END IF;
	p_next := greatest(p_next, v_low_tried);
	IF v_due IS NULL THEN
		v_due := leadbridge.first_due(p_target, true, p_next);
		p_next := coalesce(v_due, 9223372036854775807);
	END IF;
	v_due := coalesce(least(v_due,
		leadbridge.first_due(p_target, false, v_low_fresh)), -1);
	v_took := v_took + (clock_timestamp() - v_from);
	IF v_due <> -1 THEN
		v_due := greatest(v_due - leadbridge.now_ms(), 0);
	END IF;
	IF p_rate > 0 AND v_due >= 0 AND v_tokens - v_taken < 1000 THEN
		v_due := greatest(v_due,
			1 + (1000 - v_tokens + v_taken) / p_rate);
	END IF;
	RETURN QUERY SELECT NULL::bigint, NULL::bigint, NULL::bigint,
		v_due, NULL::uuid, NULL::int,
		NULL::int, NULL::int, NULL::text, NULL::text, NULL::bytea,
		v_low_fresh, v_low_tried,
		p_next, t,
		(extract(epoch FROM v_took) * 1000000)::bigint;
END $$;

-- Leases that were not handed out after all: as if they had not been taken.
CREATE FUNCTION leadbridge.give_back(p_fences bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	l record;
BEGIN
	FOR l IN
		SELECT x.* FROM leadbridge.lane x WHERE x.fence = ANY (p_fences)
		ORDER BY x.target, x.lead FOR UPDATE
	LOOP
		UPDATE leadbridge.item i SET attempts = i.attempts - 1,
			sending = false WHERE i.ord = l.head;
		UPDATE leadbridge.lane x SET fence = 0,
			due_ms = leadbridge.now_ms(),
			tried = (SELECT i.attempts > 0 FROM leadbridge.item i
				WHERE i.ord = l.head)
		WHERE x.target = l.target AND x.lead = l.lead;
	END LOOP;
END $$;

-- ... of whole groups, whose answers were lost. It counts as a write: sign()
-- leaves a token, and a lost group that has yet to arrive finds it.
CREATE FUNCTION leadbridge.give_back_groups(p_first bigint, p_last bigint)
RETURNS void LANGUAGE sql AS $$
	SELECT pg_current_xact_id();
	SELECT leadbridge.give_back(array_agg(l.fence)) FROM leadbridge.lane l
	WHERE l.fence <> 0 AND l.holder BETWEEN p_first AND p_last
$$;

-- The end of a lease. NULL: the fence is another's by now; else when the lane
-- is due, as claim() tells it. 32736: JOURNAL_NOTES, of the head alone.
CREATE FUNCTION leadbridge.settle_one(p_target text, p_lead text,
	p_fence bigint, p_through bigint, p_to int, p_delay bigint,
	p_unburnt boolean, p_status int, p_reason text, p_keep_done boolean,
	p_keep_body boolean, p_notes int)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	t bigint := leadbridge.now_ms();
	l leadbridge.lane;
	v_ords bigint[];
	v_due bigint;
	v_ids uuid[];
BEGIN
	SELECT x.* INTO l FROM leadbridge.lane x
	WHERE x.target = p_target AND x.lead = p_lead FOR UPDATE;
	IF NOT FOUND OR p_fence = 0 OR l.fence <> p_fence THEN
		RETURN NULL;
	END IF;
	v_ords := ARRAY[l.head];
	IF p_through > l.head THEN
		v_ords := ARRAY (SELECT i.ord FROM leadbridge.item i
			WHERE i.target = p_target AND i.lead = p_lead
				AND i.laned AND i.ord BETWEEN l.head AND p_through);
	END IF;
	IF p_to = 2 AND NOT (p_keep_done AND p_keep_body) THEN
		v_ids := ARRAY (SELECT DISTINCT i.id FROM leadbridge.item i
			WHERE i.ord = ANY (v_ords));
		PERFORM leadbridge.lock_deliveries(v_ids);
	END IF;
	UPDATE leadbridge.item i SET state = p_to, sending = false,
		strikes = 0, status = p_status, reason = p_reason,
		updated_ms = t,
		attempts = i.attempts
			- (i.ord = l.head AND p_unburnt)::int
			+ (i.ord <> l.head AND NOT p_unburnt)::int,
		flags = CASE WHEN i.ord <> l.head OR p_notes IS NULL
			THEN i.flags
			ELSE (i.flags & ~32736) | (p_notes & 32736) END,
		ended_ms = CASE WHEN p_to <> 0 THEN t END,
		laned = p_to = 0 OR (p_to = 3 AND i.flags & 4 <> 0),
		body = CASE WHEN p_to <> 2 OR p_keep_body THEN i.body END
	WHERE i.ord = ANY (v_ords);
	IF p_to = 2 AND NOT p_keep_done THEN
		DELETE FROM leadbridge.item i WHERE i.id = ANY (v_ids)
			AND NOT EXISTS (SELECT FROM leadbridge.item x
				WHERE x.id = i.id AND x.state <> 2);
		PERFORM leadbridge.drop_empty(v_ids);
	END IF;
	PERFORM leadbridge.drop_events(v_ids) WHERE v_ids IS NOT NULL;
	v_due := leadbridge.mend_lane(p_target, p_lead,
		t + CASE WHEN p_to = 0 THEN p_delay ELSE 0 END, l.head);
	RETURN CASE WHEN v_due IS NULL THEN -1
		ELSE greatest(v_due - leadbridge.now_ms(), 0) END;
END $$;

CREATE FUNCTION leadbridge.settle(p_targets text[], p_leads text[],
	p_fences bigint[], p_through bigint[], p_to int[], p_delays bigint[],
	p_unburnt int[], p_status int[], p_reasons text[],
	p_keep_done boolean, p_keep_body boolean, p_notes int[] DEFAULT NULL)
RETURNS SETOF bigint LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. cardinality(p_fences) LOOP
		RETURN NEXT leadbridge.settle_one(p_targets[i], p_leads[i],
			p_fences[i], p_through[i], p_to[i], p_delays[i],
			p_unburnt[i] <> 0, p_status[i], p_reasons[i],
			p_keep_done, p_keep_body, p_notes[i]);
	END LOOP;
END $$;

-- What a person asks for, and pruning: one at a time over all nodes.
CREATE FUNCTION leadbridge.take_broom() RETURNS void LANGUAGE sql AS $$
	SELECT pg_advisory_xact_lock(hashtextextended('leadbridge.broom', 0))
$$;

-- Of a delivery, what waits at a target: not sent, or by a holder whose lease
-- is over, for nobody claims it there. Its lanes are locked.
CREATE FUNCTION leadbridge.waiting_at(p_id uuid, p_target text)
RETURNS bigint[] LANGUAGE sql AS $$
	SELECT ARRAY (SELECT i.ord FROM leadbridge.item i
		JOIN leadbridge.lane l ON l.target = i.target
			AND l.lead = i.lead
		WHERE i.id = p_id AND i.target = p_target AND i.laned
			AND i.state = 0 AND (NOT i.sending
				OR l.due_ms <= leadbridge.now_ms()))
$$;

-- The items that are to be tried again; NULL: there are none. p_from: what
-- waits at this target is replaced, too; -1: it is not p_from_count items.
CREATE FUNCTION leadbridge.revive(p_id uuid, p_anew boolean, p_flags int,
	p_targets text[], p_leads text[], p_bodies bytea[], p_refused text[],
	p_from text DEFAULT NULL, p_from_count int DEFAULT 0)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	t bigint := leadbridge.now_ms();
	d leadbridge.delivery;
	r record;
	v_targets text[];
	v_leads text[];
	v_ord bigint;
	v_first int;
	v_revived int := 0;
	v_waiting bigint[] := '{}';
BEGIN
	PERFORM leadbridge.take_broom();
	IF NOT EXISTS (SELECT FROM leadbridge.item i WHERE i.id = p_id
		AND (i.state = 3 OR (p_anew AND i.state = 4)
			OR p_from IS NOT NULL)) THEN
		RETURN NULL;
	END IF;
	SELECT array_agg(x.target), array_agg(x.lead) INTO v_targets, v_leads
	FROM (SELECT i.target, i.lead FROM leadbridge.item i
		WHERE i.id = p_id AND (i.state = 3
			OR (i.state = 0 AND i.target = p_from))
		UNION SELECT u.target, u.lead
		FROM unnest(p_targets, p_leads, p_refused)
			AS u (target, lead, refused)
		WHERE u.refused IS NULL
		ORDER BY 1, 2) x;
	FOR i IN 1 .. coalesce(cardinality(v_targets), 0) LOOP
		PERFORM leadbridge.open_lane(v_targets[i], v_leads[i]);
	END LOOP;
	SELECT x.* INTO d FROM leadbridge.delivery x WHERE x.id = p_id
	FOR UPDATE;
	v_first := d.next_n;
	IF p_from IS NOT NULL THEN
		v_waiting := leadbridge.waiting_at(p_id, p_from);
		IF cardinality(v_waiting) <> p_from_count THEN
			PERFORM leadbridge.mend_lanes(v_targets, v_leads);
			RETURN -1;
		END IF;
	END IF;

	IF NOT p_anew THEN
		FOR r IN SELECT i.ord, i.laned, i.target, i.lead
			FROM leadbridge.item i
			WHERE i.id = p_id AND i.state = 3 ORDER BY i.n
		LOOP
			UPDATE leadbridge.item i SET
				ord = CASE WHEN r.laned THEN i.ord
					ELSE nextval('leadbridge.ord') END,
				laned = true, state = 0, attempts = 0,
				flags = i.flags & ~32736,
				strikes = 0, status = 0, reason = '',
				since_ms = t, updated_ms = t, ended_ms = NULL
			WHERE i.ord = r.ord;
			UPDATE leadbridge.lane l SET due_ms = t
			WHERE l.target = r.target AND l.lead = r.lead
				AND l.head = r.ord;
			v_revived := v_revived + 1;
		END LOOP;
	ELSE
		FOR k IN 1 .. cardinality(p_targets) LOOP
			v_ord := NULL;
			IF p_refused[k] IS NULL THEN
				DELETE FROM leadbridge.item i
				USING leadbridge.lane l
				WHERE l.target = p_targets[k]
					AND l.lead = p_leads[k]
					AND i.ord = l.head AND i.id = p_id
					AND i.state = 3 AND i.n < v_first
				RETURNING i.ord INTO v_ord;
				UPDATE leadbridge.lane l SET due_ms = t
				WHERE v_ord IS NOT NULL
					AND l.target = p_targets[k]
					AND l.lead = p_leads[k];
				v_revived := v_revived + 1;
			END IF;
			INSERT INTO leadbridge.item (ord, since_ms, updated_ms,
				ended_ms, id, n, attempts, flags, state, laned,
				sending, target, lead, reason, body)
			VALUES (coalesce(v_ord, nextval('leadbridge.ord')), t,
				t, CASE WHEN p_refused[k] IS NULL THEN NULL
					ELSE t END,
				p_id, d.next_n, 0, p_flags,
				CASE WHEN p_refused[k] IS NULL THEN 0
					ELSE 4 END,
				p_refused[k] IS NULL, false, p_targets[k],
				p_leads[k], coalesce(p_refused[k], ''),
				p_bodies[k]);
			d.next_n := d.next_n + 1;
		END LOOP;
		DELETE FROM leadbridge.item i WHERE i.id = p_id
			AND (i.state IN (3, 4) OR i.ord = ANY (v_waiting))
			AND i.n < v_first;
		UPDATE leadbridge.delivery x SET next_n = d.next_n
		WHERE x.id = p_id;
	END IF;
	PERFORM leadbridge.mend_lanes(v_targets, v_leads);
	RETURN v_revived;
END $$;

-- Deletes items by their orders, whatever hangs on them; the broom is ours.
CREATE FUNCTION leadbridge.erase(p_ords bigint[]) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
	v_targets text[];
	v_leads text[];
	v_ids uuid[];
	v_count int;
BEGIN
	SELECT array_agg(x.target), array_agg(x.lead) INTO v_targets, v_leads
	FROM (SELECT DISTINCT i.target, i.lead FROM leadbridge.item i
		WHERE i.ord = ANY (p_ords) AND i.laned ORDER BY 1, 2) x;
	PERFORM leadbridge.lock_lanes(v_targets, v_leads);
	v_ids := ARRAY (SELECT DISTINCT i.id FROM leadbridge.item i
		WHERE i.ord = ANY (p_ords));
	PERFORM leadbridge.lock_deliveries(v_ids);
	DELETE FROM leadbridge.item i WHERE i.ord = ANY (p_ords)
		AND NOT i.sending;
	GET DIAGNOSTICS v_count = ROW_COUNT;
	PERFORM leadbridge.mend_lanes(v_targets, v_leads);
	PERFORM leadbridge.drop_empty(v_ids);
	RETURN v_count;
END $$;

-- p_from: what waits at this target goes, too.
CREATE FUNCTION leadbridge.drop_delivery(p_id uuid, p_from text DEFAULT NULL)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	v_waiting bigint[] := '{}';
BEGIN
	PERFORM leadbridge.take_broom();
	IF p_from IS NOT NULL THEN
		PERFORM 1 FROM leadbridge.lane l WHERE l.target = p_from
			AND l.lead IN (SELECT i.lead FROM leadbridge.item i
				WHERE i.id = p_id AND i.target = p_from
					AND i.laned)
		ORDER BY l.lead FOR UPDATE;
		v_waiting := leadbridge.waiting_at(p_id, p_from);
		UPDATE leadbridge.item i SET sending = false
		WHERE i.ord = ANY (v_waiting) AND i.sending;
	END IF;
	RETURN leadbridge.erase(ARRAY (SELECT i.ord FROM leadbridge.item i
		WHERE i.id = p_id AND (i.state IN (2, 3, 4)
			OR i.ord = ANY (v_waiting))));
END $$;

CREATE FUNCTION leadbridge.forget(p_lead text, OUT items int, OUT events int,
	OUT keys int, OUT held int) LANGUAGE plpgsql AS $$
DECLARE
	v_ids uuid[];
BEGIN
	PERFORM leadbridge.take_broom();
	PERFORM 1 FROM leadbridge.lane l WHERE l.lead = p_lead
	ORDER BY l.target FOR UPDATE;
	v_ids := ARRAY (SELECT DISTINCT i.id FROM leadbridge.item i
		WHERE i.lead = p_lead);
	PERFORM leadbridge.lock_deliveries(v_ids);
	DELETE FROM leadbridge.key k USING leadbridge.delivery d
	WHERE d.id = ANY (v_ids) AND k.hash = d.key AND k.id = d.id;
	GET DIAGNOSTICS keys = ROW_COUNT;
	UPDATE leadbridge.delivery d SET event = NULL
	WHERE d.id = ANY (v_ids) AND d.event IS NOT NULL;
	GET DIAGNOSTICS events = ROW_COUNT;
	SELECT count(*) INTO held FROM leadbridge.item i
	WHERE i.lead = p_lead AND i.sending;
	items := leadbridge.erase(ARRAY (SELECT i.ord FROM leadbridge.item i
		WHERE i.lead = p_lead AND NOT i.sending));
END $$;

-- Once an hour, over all nodes: what is read by its key only, and not again.
CREATE FUNCTION leadbridge.prune_keys_of_old(p_now bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	v_hour constant bigint := 3600000;
BEGIN
	IF p_now / v_hour = (SELECT m.pruned_ms / v_hour
		FROM leadbridge.meta m) THEN
		RETURN;
	END IF;
	DELETE FROM leadbridge.node n WHERE n.seen_ms < p_now - v_hour;
	DELETE FROM leadbridge.rate r WHERE r.filled_ms < p_now - v_hour;
END $$;

-- Times in ms; p_dead 0: the dead are kept for ever. Slices of p_most rows.
-- What ended, or came, before p_low_* is not looked at; the next slice of the
-- same round may be given what comes back.
CREATE FUNCTION leadbridge.prune_from(p_most int, p_done bigint,
	p_bodies bigint, p_keys bigint, p_dead bigint, p_refused bigint,
	p_low_done bigint, p_low_bodies bigint, p_low_keys bigint)
RETURNS TABLE (pruned int, low_done bigint, low_bodies bigint, low_keys bigint)
LANGUAGE plpgsql AS $$
DECLARE
	t bigint := leadbridge.now_ms();
	v_left int := p_most;
	v_count int;
	v_low bigint;
	v_ords bigint[];
	v_ids uuid[];
BEGIN
	PERFORM leadbridge.prune_keys_of_old(t);
	UPDATE leadbridge.meta SET pruned_ms = t;
	PERFORM leadbridge.take_broom();
	WITH old AS (
		DELETE FROM leadbridge.key k WHERE k.hash IN (
			SELECT x.hash FROM leadbridge.key x
			WHERE x.at_ms BETWEEN p_low_keys AND t - p_keys
			ORDER BY x.at_ms LIMIT v_left)
		RETURNING k.at_ms)
	SELECT count(*), max(o.at_ms) INTO v_count, v_low FROM old o;
	low_keys := coalesce(v_low, p_low_keys);
	v_left := v_left - v_count;

	SELECT array_agg(x.ord), max(x.ended_ms) INTO v_ords, v_low
	FROM (SELECT i.ord, i.ended_ms FROM leadbridge.item i
		WHERE i.state = 2
			AND i.ended_ms BETWEEN p_low_done AND t - p_done
			AND NOT EXISTS (SELECT FROM leadbridge.item x
				WHERE x.id = i.id AND x.state <> 2)
		ORDER BY i.ended_ms LIMIT v_left) x;
	low_done := coalesce(v_low, p_low_done);
	v_left := v_left - leadbridge.erase(v_ords);
	IF p_dead > 0 THEN
		v_left := v_left - leadbridge.erase(ARRAY (
			(SELECT i.ord FROM leadbridge.item i WHERE i.state = 3
				AND i.ended_ms <= t - p_dead
			ORDER BY i.ended_ms LIMIT v_left)));
	END IF;
	v_left := v_left - leadbridge.erase(ARRAY (
		(SELECT i.ord FROM leadbridge.item i
		WHERE i.state = 4 AND i.ended_ms IS NOT NULL
		ORDER BY i.ended_ms, i.ord LIMIT greatest(0, least(v_left,
			(SELECT count(*) FROM leadbridge.item x
			WHERE x.state = 4 AND x.ended_ms IS NOT NULL)
			- p_refused)))));

	WITH old AS (
		UPDATE leadbridge.item i SET body = NULL
		WHERE i.ord IN (SELECT x.ord FROM leadbridge.item x
			WHERE x.state = 2 AND x.body IS NOT NULL
				AND x.ended_ms BETWEEN p_low_bodies
					AND t - p_bodies
			ORDER BY x.ended_ms LIMIT v_left)
		RETURNING i.id, i.ended_ms)
	SELECT array_agg(DISTINCT o.id), count(*), max(o.ended_ms)
	INTO v_ids, v_count, v_low FROM old o;
	low_bodies := coalesce(v_low, p_low_bodies);
	PERFORM leadbridge.lock_deliveries(v_ids);
	PERFORM leadbridge.drop_events(v_ids);
	pruned := p_most - v_left + v_count;
	RETURN NEXT;
END $$;

-- As nodes of version 4 and before ask for it.
CREATE FUNCTION leadbridge.prune(p_most int, p_done bigint, p_bodies bigint,
	p_keys bigint, p_dead bigint, p_refused bigint)
RETURNS int LANGUAGE sql AS $$
	SELECT x.pruned FROM leadbridge.prune_from(p_most, p_done, p_bodies,
		p_keys, p_dead, p_refused, 0, 0, 0) x
$$;
