-- journal/journal_postgres_tables.sql - the journal's tables in a PostgreSQL
-- database, as version 1 had them: what came later is in the numbered files.
--
--	delivery	an event that was accepted
--	item		a lead update of it; ord is its place in its lane
--	lane		the items of a lead at a target that have to be sent; a lane
--			without items is not there
--	key		what was accepted under a dedupe key
--	node		a process, and the last group of it that was committed
--
-- All times are the database's, in ms of Unix time. A column that no index
-- names can be changed without touching an index (HOT): that is why `sending`
-- is not a state, and `ended_ms` not `updated_ms`.

CREATE SCHEMA leadbridge;

CREATE TABLE leadbridge.meta (
	version int NOT NULL,
	pruned_ms bigint NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE leadbridge.node (
	owner bigint PRIMARY KEY,
	token bigint NOT NULL,
	seen_ms bigint NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE leadbridge.delivery (
	id uuid PRIMARY KEY,
	route text COLLATE "C" NOT NULL,
	verdict text COLLATE "C" NOT NULL,
	received_ms bigint NOT NULL,
	next_n int NOT NULL,
	key uuid,
	event bytea
) WITH (autovacuum_vacuum_scale_factor = 0.02,
	autovacuum_vacuum_insert_scale_factor = 0.05,
	autovacuum_vacuum_cost_delay = 0);

-- state: 0 waiting, 2 done, 3 dead, 4 refused, as enum journal_state.
-- laned: its lane has it still before itself.
CREATE TABLE leadbridge.item (
	ord bigint PRIMARY KEY,
	since_ms bigint NOT NULL,
	updated_ms bigint NOT NULL,
	ended_ms bigint,
	id uuid NOT NULL,
	n int NOT NULL,
	attempts int NOT NULL,
	strikes int NOT NULL DEFAULT 0,
	status int NOT NULL DEFAULT 0,
	flags smallint NOT NULL,
	state smallint NOT NULL,
	laned boolean NOT NULL,
	sending boolean NOT NULL,
	target text COLLATE "C" NOT NULL,
	lead text COLLATE "C" NOT NULL,
	reason text COLLATE "C" NOT NULL,
	body bytea
) WITH (fillfactor = 80,
	autovacuum_vacuum_scale_factor = 0.01,
	autovacuum_vacuum_insert_scale_factor = 0.05,
	autovacuum_vacuum_cost_delay = 0);
CREATE INDEX item_delivery ON leadbridge.item (id, n);
CREATE INDEX item_lane ON leadbridge.item (target, lead, ord) WHERE laned;
CREATE INDEX item_lead ON leadbridge.item (lead);
CREATE INDEX item_ended ON leadbridge.item (state, ended_ms, ord)
	WHERE ended_ms IS NOT NULL;
CREATE INDEX item_bodies ON leadbridge.item (ended_ms)
	WHERE state = 2 AND body IS NOT NULL;

-- fence 0: nobody holds it. due_ms: while it is held, the end of the lease.
-- holder: the group that leased it. blocked: its head is dead. tried: its
-- head's attempts are not 0.
CREATE TABLE leadbridge.lane (
	head bigint NOT NULL,
	fence bigint NOT NULL,
	holder bigint NOT NULL,
	due_ms bigint NOT NULL,
	tried boolean NOT NULL,
	blocked boolean NOT NULL,
	target text COLLATE "C" NOT NULL,
	lead text COLLATE "C" NOT NULL,
	PRIMARY KEY (target, lead)
) WITH (fillfactor = 70,
	autovacuum_vacuum_scale_factor = 0.01,
	autovacuum_vacuum_threshold = 500,
	autovacuum_vacuum_cost_delay = 0);
CREATE INDEX lane_due ON leadbridge.lane (target, tried, due_ms)
	WHERE NOT blocked;

CREATE TABLE leadbridge.key (
	hash uuid PRIMARY KEY,
	body uuid NOT NULL,
	id uuid NOT NULL,
	at_ms bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02,
	autovacuum_vacuum_insert_scale_factor = 0.1,
	autovacuum_vacuum_cost_delay = 0);
CREATE INDEX key_at ON leadbridge.key (at_ms);

-- Orders are taken under the lane's lock: within a lane they come in the
-- order of the commits. Neither sequence may cache.
CREATE SEQUENCE leadbridge.ord AS bigint;
CREATE SEQUENCE leadbridge.fence AS bigint;

INSERT INTO leadbridge.meta VALUES (1, 0);
