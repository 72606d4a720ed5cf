-- journal/journal_postgres_2.sql - from version 1 to 2.
--
--	rate	calls that a target may still be given by all nodes together, in
--		thousandths, as they were at filled_ms

CREATE TABLE leadbridge.rate (
	target text COLLATE "C" PRIMARY KEY,
	tokens bigint NOT NULL,
	filled_ms bigint NOT NULL
) WITH (fillfactor = 10,
	autovacuum_vacuum_threshold = 500,
	autovacuum_vacuum_scale_factor = 0);
