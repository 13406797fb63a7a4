package sqlite

const schemaRegistry = `
-- Dynamic groups: their query, and what is left to do about their members.
ALTER TABLE thing_group ADD COLUMN query TEXT NOT NULL DEFAULT '';
ALTER TABLE thing_group ADD COLUMN work TEXT NOT NULL DEFAULT '';
ALTER TABLE thing_group ADD COLUMN scanned TEXT NOT NULL DEFAULT '';
CREATE INDEX thing_group_dynamic ON thing_group (id) WHERE query <> '';
CREATE INDEX thing_group_busy ON thing_group (id) WHERE work <> '';

-- Jobs are found by the kind and name of a target, whatever account its ARN is written with.
UPDATE OR REPLACE job_target SET arn = substr(arn, instr(arn, ':thing') + 1) WHERE instr(arn, ':thing') > 0;

CREATE TABLE thing_type (
	name          TEXT PRIMARY KEY,
	uuid          TEXT NOT NULL,
	properties    TEXT NOT NULL, -- JSON
	created_at    INTEGER NOT NULL,
	deprecated_at INTEGER
) WITHOUT ROWID;

-- Tags, by the kind and name of the ARN.
CREATE TABLE tagged (
	kind TEXT NOT NULL, name TEXT NOT NULL, tags TEXT NOT NULL, PRIMARY KEY (kind, name)
) WITHOUT ROWID;
`
