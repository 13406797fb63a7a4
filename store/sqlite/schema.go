package sqlite

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// applicationID marks a file as Drover's: "Drov" in the header of the database.
const applicationID = 0x44726f76

// migrations bring a file from one version of the schema to the next; the version of a file is the
// number of migrations it has had. Only ever append to this list: once a version is released, files
// of users stand at it.
//
// What is kept as JSON has its names from the json tags of the Go types. testdata/stored.sql holds
// a row of every table as this schema stores it, and a test compares: a field that is renamed in Go
// must keep its tag.
var migrations = []string{
	firstSchema, sourcesWithoutDescendants, membershipWork, leftMemberships, jobsOfTargetByTime,
	namesWithExecutions, windowedExecutions, countedJobs, activeContinuousTargets, sessionBodies,
	attachmentTimes, billingGroups, nodes, steering, silentExecutions, auditLog, sinks,
	authorities, authorizers, provisioning,
}

const firstSchema = `
-- What keys were handed out may go up to reserved.
CREATE TABLE counter (kind INTEGER PRIMARY KEY, reserved INTEGER NOT NULL);

-- Jobs. The definition changes rarely, the document never, the state with every commit that touches
-- the job.
CREATE TABLE job (
	key        INTEGER PRIMARY KEY,
	id         TEXT NOT NULL UNIQUE,
	created_at INTEGER NOT NULL,
	status     TEXT NOT NULL, -- a copy from the state, rewritten only when it differs
	concurrent INTEGER NOT NULL, -- isConcurrent, a copy like status
	selection  TEXT NOT NULL,
	namespace  TEXT NOT NULL,
	definition TEXT NOT NULL  -- job.Definition as JSON
);
CREATE INDEX job_by_time ON job (created_at DESC, id);
CREATE INDEX job_by_status ON job (status, created_at DESC, id);
CREATE INDEX job_active ON job (selection) WHERE status IN ('SCHEDULED', 'IN_PROGRESS');
CREATE INDEX job_concurrent ON job (key) WHERE concurrent = 1;

-- The document, and how it was before parameters were filled in, where that differs.
CREATE TABLE job_document (job INTEGER PRIMARY KEY, document TEXT NOT NULL, original TEXT);

CREATE TABLE job_state (
	job   INTEGER PRIMARY KEY,
	due   INTEGER,      -- when the job has work to do
	ended INTEGER,      -- when a job that is COMPLETED or CANCELED last changed
	state TEXT NOT NULL -- job.State as JSON
);
CREATE INDEX job_due ON job_state (due, job) WHERE due IS NOT NULL;
CREATE INDEX job_ended ON job_state (ended, job) WHERE ended IS NOT NULL;

-- The targets of jobs, by kind and name: thing/pump-07, thinggroup/site-1.
CREATE TABLE job_target (
	resource TEXT NOT NULL, job INTEGER NOT NULL, PRIMARY KEY (resource, job)
) WITHOUT ROWID;
CREATE INDEX job_target_by_job ON job_target (job);

-- The target groups of continuous jobs, and the things that wait for an execution of one.
CREATE TABLE continuous_target (
	thing_group INTEGER NOT NULL, job INTEGER NOT NULL, PRIMARY KEY (thing_group, job)
) WITHOUT ROWID;
CREATE INDEX continuous_target_by_job ON continuous_target (job);
CREATE TABLE late_joiner (
	job INTEGER NOT NULL, thing INTEGER NOT NULL, PRIMARY KEY (job, thing)
) WITHOUT ROWID;

CREATE TABLE job_template (
	id         TEXT PRIMARY KEY,
	created_at INTEGER NOT NULL,
	template   TEXT NOT NULL, -- job.Template as JSON, without its document
	document   TEXT NOT NULL
);
CREATE INDEX job_template_by_time ON job_template (created_at DESC, id);

-- Executions. Status is job.ExecutionStatus: 0 QUEUED, 1 IN_PROGRESS, more is final.
CREATE TABLE execution (
	job            INTEGER NOT NULL,
	thing          INTEGER NOT NULL,
	number         INTEGER NOT NULL,
	status         INTEGER NOT NULL,
	version        INTEGER NOT NULL,
	attempt        INTEGER NOT NULL,
	used_failed    INTEGER NOT NULL,
	used_timed_out INTEGER NOT NULL,
	force_canceled INTEGER NOT NULL,
	queued_at      INTEGER NOT NULL,
	started_at     INTEGER,
	updated_at     INTEGER NOT NULL,
	sequence       INTEGER NOT NULL,
	deadline       INTEGER,
	step_deadline  INTEGER,
	times_out_at   INTEGER, -- the earlier deadline, while IN_PROGRESS
	details        TEXT,    -- JSON
	token          TEXT, -- job.Execution.Message
	PRIMARY KEY (job, thing, number)
) WITHOUT ROWID;
CREATE INDEX execution_pending ON execution (thing, status DESC, queued_at, sequence)
	WHERE status <= 1;
CREATE INDEX execution_pending_of_job ON execution (job, status, thing, number) WHERE status <= 1;
CREATE INDEX execution_of_thing ON execution (thing, queued_at DESC);
CREATE INDEX execution_due ON execution (times_out_at, sequence) WHERE times_out_at IS NOT NULL;

-- The things that have executions of a job, in the order that their list shows them.
CREATE TABLE job_thing (
	job INTEGER NOT NULL, name TEXT NOT NULL, thing INTEGER NOT NULL, PRIMARY KEY (job, name, thing)
) WITHOUT ROWID;

-- The highest number that was dropped, so that it is not used again.
CREATE TABLE dropped_number (
	job INTEGER NOT NULL, thing INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (job, thing)
) WITHOUT ROWID;

-- Things; the names of deleted ones stay for their executions.
CREATE TABLE thing (
	id         INTEGER PRIMARY KEY,
	name       TEXT NOT NULL UNIQUE,
	uuid       TEXT NOT NULL,
	type       TEXT NOT NULL,
	attributes TEXT, -- JSON
	version    INTEGER NOT NULL,
	created_at INTEGER NOT NULL
);
CREATE INDEX thing_by_type ON thing (type, name) WHERE type <> '';
CREATE TABLE deleted_thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL);

CREATE TABLE thing_type (
	name          TEXT PRIMARY KEY,
	uuid          TEXT NOT NULL,
	properties    TEXT NOT NULL, -- registry.TypeProperties as JSON
	created_at    INTEGER NOT NULL,
	deprecated_at INTEGER
) WITHOUT ROWID;

-- Tags, by the kind and name of the ARN.
CREATE TABLE tagged (
	kind TEXT NOT NULL, name TEXT NOT NULL, tags TEXT NOT NULL, PRIMARY KEY (kind, name)
) WITHOUT ROWID;

CREATE TABLE thing_group (
	id          INTEGER PRIMARY KEY,
	name        TEXT NOT NULL UNIQUE,
	uuid        TEXT NOT NULL UNIQUE,
	parent      INTEGER NOT NULL,
	description TEXT NOT NULL,
	attributes  TEXT, -- JSON
	version     INTEGER NOT NULL,
	created_at  INTEGER NOT NULL,
	query       TEXT NOT NULL, -- of a dynamic group; empty for a static one
	work        TEXT NOT NULL, -- registry.GroupWork: what is left to do about its members
	scanned     TEXT NOT NULL  -- the last thing that this work has looked at
);
CREATE INDEX thing_group_child ON thing_group (parent, name);
CREATE INDEX thing_group_dynamic ON thing_group (id) WHERE query <> '';
CREATE INDEX thing_group_busy ON thing_group (id) WHERE work <> '';
CREATE TABLE membership (
	thing_group INTEGER NOT NULL,
	name        TEXT NOT NULL,
	thing       INTEGER NOT NULL,
	joined      INTEGER NOT NULL,
	PRIMARY KEY (thing_group, name)
) WITHOUT ROWID;
CREATE UNIQUE INDEX membership_of_thing ON membership (thing, thing_group);

CREATE TABLE certificate (
	id         TEXT PRIMARY KEY,
	pem        TEXT NOT NULL,
	status     TEXT NOT NULL,
	mode       TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL,
	not_before INTEGER NOT NULL,
	not_after  INTEGER NOT NULL
);
CREATE INDEX certificate_by_time ON certificate (created_at, id);
CREATE TABLE policy (
	name            TEXT PRIMARY KEY,
	default_version INTEGER NOT NULL,
	last_version    INTEGER NOT NULL,
	created_at      INTEGER NOT NULL,
	updated_at      INTEGER NOT NULL
);
CREATE INDEX policy_by_time ON policy (created_at, name);
CREATE TABLE policy_version (
	policy     TEXT NOT NULL,
	number     INTEGER NOT NULL,
	document   TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	PRIMARY KEY (policy, number)
) WITHOUT ROWID;
CREATE TABLE attachment (
	policy TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (policy, kind, key)
) WITHOUT ROWID;
CREATE INDEX attachment_by_target ON attachment (kind, key, policy);
CREATE TABLE principal (
	thing       INTEGER NOT NULL,
	certificate TEXT NOT NULL,
	thing_name  TEXT NOT NULL,
	exclusive   INTEGER NOT NULL,
	PRIMARY KEY (thing, certificate)
) WITHOUT ROWID;
CREATE INDEX principal_by_certificate ON principal (certificate, thing_name);

-- What is still to be published: notices packed into varints, events as JSON.
CREATE TABLE announcement (id INTEGER PRIMARY KEY, notices BLOB NOT NULL, events TEXT);
CREATE TABLE session (
	client TEXT NOT NULL, seq INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (client, seq)
) WITHOUT ROWID;
CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
`

// sourcesWithoutDescendants takes the groups below targets out of the sources of jobs, which listed
// them all at first. A cursor that stood at such a group gets the path to it instead. When the
// group was deleted meanwhile, nobody is in it, and the cursor goes on at the next of the old list
// that is still there. Jobs that have no such groups stay as they are.
const sourcesWithoutDescendants = `
CREATE TABLE old_source AS
	SELECT job.key AS job, s.key AS position, s.value AS source,
		ifnull(s.value ->> 'target', 0) AS target, ifnull(s.value ->> 'group', 0) AS thing_group
	FROM job, json_each(definition, '$.sources') s;
CREATE INDEX old_source_place ON old_source (job, position);
-- Jobs of which several sources belong to one target: the first is the target itself.
CREATE TABLE old_job AS
	SELECT job, count(*) AS sources, count(DISTINCT target) AS targets FROM old_source
	GROUP BY job HAVING count(*) > count(DISTINCT target);
DELETE FROM old_source WHERE job NOT IN (SELECT job FROM old_job);
CREATE TABLE target_source AS
	SELECT job, target, min(position) AS position, thing_group, source FROM old_source
	GROUP BY job, target;

CREATE TABLE old_cursor AS
	SELECT job, member, ifnull(state -> member ->> 'source', 0) AS position,
		ifnull(state -> member ->> 'after', '') AS after, NULL AS source, '[]' AS path
	FROM job_state, (SELECT '$.rollout.cursor' AS member UNION SELECT '$.backfill')
	WHERE job IN (SELECT job FROM old_job)
		AND (member = '$.rollout.cursor' OR json_type(state, member) = 'object');
UPDATE old_cursor SET (position, after) = (
		SELECT s.position, iif(s.position = old_cursor.position, after, '') FROM old_source s
		WHERE s.job = old_cursor.job AND s.position >= old_cursor.position AND (
			thing_group IN (SELECT id FROM thing_group)
			OR position IN (SELECT position FROM target_source t WHERE t.job = s.job))
		ORDER BY s.position LIMIT 1)
	WHERE position < (SELECT sources FROM old_job o WHERE o.job = old_cursor.job);
UPDATE old_cursor SET (position, after) =
		(SELECT sources, '' FROM old_job o WHERE o.job = old_cursor.job)
	WHERE position IS NULL;
UPDATE old_cursor SET
	source = (SELECT count(*) - 1 FROM target_source t
		WHERE t.job = old_cursor.job AND t.position <= old_cursor.position),
	path = (
		WITH RECURSIVE up (id, name, parent, height) AS (
			SELECT g.id, g.name, g.parent, 0
			FROM old_source s JOIN thing_group g ON g.id = s.thing_group
			WHERE s.job = old_cursor.job AND s.position = old_cursor.position
				AND s.position NOT IN (SELECT t.position FROM target_source t WHERE t.job = s.job)
			UNION ALL
			SELECT g.id, g.name, g.parent, height + 1 FROM up JOIN thing_group g ON g.id = up.parent
			WHERE g.id NOT IN (SELECT t.thing_group FROM target_source t JOIN old_source s
				ON s.job = t.job AND s.target = t.target
				WHERE s.job = old_cursor.job AND s.position = old_cursor.position))
		SELECT json_group_array(json_object('group', id, 'name', name))
		FROM (SELECT id, name FROM up ORDER BY height DESC))
	WHERE position < (SELECT sources FROM old_job o WHERE o.job = old_cursor.job);
UPDATE old_cursor SET
	source = position - (SELECT sources - targets FROM old_job o WHERE o.job = old_cursor.job)
	WHERE source IS NULL;

UPDATE job SET definition = json_set(definition, '$.sources', json((
		SELECT json_group_array(json(source))
		FROM (SELECT source FROM target_source WHERE job = key ORDER BY position))))
	WHERE key IN (SELECT job FROM old_job);
UPDATE job_state SET state = json_set(state, member,
		json_object('source', source, 'path', json(path), 'after', after))
	FROM old_cursor c WHERE c.job = job_state.job AND member = '$.rollout.cursor';
UPDATE job_state SET state = json_set(state, member,
		json_object('source', source, 'path', json(path), 'after', after))
	FROM old_cursor c WHERE c.job = job_state.job AND member = '$.backfill';
DROP TABLE old_source;
DROP TABLE old_job;
DROP TABLE target_source;
DROP TABLE old_cursor;
`

// membershipWork adds the work that changes of memberships leave to the background.
const membershipWork = `
CREATE TABLE membership_work (
	number INTEGER PRIMARY KEY,
	work   TEXT NOT NULL -- job.MembershipWork as JSON
);
`

// leftMemberships remembers memberships that have ended while a rollout counts them. rollout is a
// copy of job.RolloutMembership.
const leftMemberships = `
CREATE TABLE left_membership (
	thing_group INTEGER NOT NULL,
	name        TEXT NOT NULL,
	joined      INTEGER NOT NULL,
	ended       INTEGER NOT NULL,
	thing       INTEGER NOT NULL,
	PRIMARY KEY (thing_group, name, joined)
) WITHOUT ROWID;
CREATE INDEX left_membership_by_end ON left_membership (ended);
ALTER TABLE job ADD COLUMN rollout INTEGER;
CREATE INDEX job_rollout ON job (rollout) WHERE rollout IS NOT NULL;
UPDATE job SET rollout = ifnull(definition ->> 'newestMembership', 0)
	WHERE selection <> 'CONTINUOUS' AND status IN ('SCHEDULED', 'IN_PROGRESS')
		AND json_array_length(definition, '$.sources') > 0
		AND key NOT IN (SELECT job FROM job_state WHERE state ->> '$.rollout.finished');
`

// jobsOfTargetByTime orders the jobs of a target as their list shows them, so that a page is read
// without the others.
const jobsOfTargetByTime = `
CREATE TABLE job_target_by_time (
	resource   TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	id         TEXT NOT NULL,
	job        INTEGER NOT NULL,
	PRIMARY KEY (resource, created_at DESC, id)
) WITHOUT ROWID;
INSERT INTO job_target_by_time (resource, created_at, id, job)
	SELECT resource, created_at, id, job FROM job_target JOIN job ON key = job;
DROP TABLE job_target;
ALTER TABLE job_target_by_time RENAME TO job_target;
CREATE INDEX job_target_by_job ON job_target (job);
`

// namesWithExecutions removes the names of deleted things that have no executions, which were kept
// for good.
const namesWithExecutions = `
DELETE FROM deleted_thing WHERE NOT EXISTS (SELECT 1 FROM execution WHERE thing = id);
`

// windowedExecutions marks the executions of jobs with maintenance windows, so that those of a
// thing that are pending are found among many others.
const windowedExecutions = `
ALTER TABLE job ADD COLUMN windowed INTEGER NOT NULL DEFAULT 0; -- a copy from the definition
UPDATE job SET windowed = 1 WHERE json_array_length(definition, '$.schedulingConfig.windows') > 0;
ALTER TABLE execution ADD COLUMN windowed INTEGER NOT NULL DEFAULT 0; -- a copy from its job
UPDATE execution SET windowed = 1
	WHERE status <= 1 AND job IN (SELECT key FROM job WHERE windowed = 1);
CREATE INDEX execution_windowed ON execution (thing, status DESC, queued_at, sequence)
	WHERE status <= 1 AND windowed = 1;
`

// countedJobs counts jobs as they change: the limits on active and concurrent jobs are checked by
// every CreateJob, and there may be 100,000 jobs.
const countedJobs = `
CREATE TABLE job_count (
	status     TEXT NOT NULL,
	selection  TEXT NOT NULL,
	concurrent INTEGER NOT NULL,
	jobs       INTEGER NOT NULL,
	PRIMARY KEY (status, selection, concurrent)
) WITHOUT ROWID;
INSERT INTO job_count (status, selection, concurrent, jobs)
	SELECT status, selection, concurrent, count(*) FROM job GROUP BY status, selection, concurrent;
CREATE TRIGGER job_inserted AFTER INSERT ON job BEGIN
	INSERT INTO job_count (status, selection, concurrent, jobs)
		VALUES (new.status, new.selection, new.concurrent, 1)
		ON CONFLICT (status, selection, concurrent) DO UPDATE SET jobs = jobs + 1;
END;
CREATE TRIGGER job_deleted AFTER DELETE ON job BEGIN
	UPDATE job_count SET jobs = jobs - 1 WHERE status = old.status
		AND selection = old.selection AND concurrent = old.concurrent;
END;
CREATE TRIGGER job_updated AFTER UPDATE OF status, selection, concurrent ON job BEGIN
	UPDATE job_count SET jobs = jobs - 1 WHERE status = old.status
		AND selection = old.selection AND concurrent = old.concurrent;
	INSERT INTO job_count (status, selection, concurrent, jobs)
		VALUES (new.status, new.selection, new.concurrent, 1)
		ON CONFLICT (status, selection, concurrent) DO UPDATE SET jobs = jobs + 1;
END;
DROP INDEX job_active;
DROP INDEX job_concurrent;
`

// activeContinuousTargets tells the jobs of a group that are active from those that have ended,
// which stay for years: they are looked for whenever a thing enters or leaves the group.
const activeContinuousTargets = `
CREATE TABLE active_target (
	thing_group INTEGER NOT NULL,
	active      INTEGER NOT NULL, -- the job is SCHEDULED or IN_PROGRESS
	job         INTEGER NOT NULL,
	PRIMARY KEY (thing_group, active, job)
) WITHOUT ROWID;
INSERT INTO active_target (thing_group, active, job)
	SELECT thing_group, status IN ('SCHEDULED', 'IN_PROGRESS'), job
	FROM continuous_target JOIN job ON key = job;
DROP TABLE continuous_target;
ALTER TABLE active_target RENAME TO continuous_target;
CREATE INDEX continuous_target_by_job ON continuous_target (job);
CREATE TRIGGER job_ended AFTER UPDATE OF status ON job
	WHEN (old.status IN ('SCHEDULED', 'IN_PROGRESS')) <> (new.status IN ('SCHEDULED', 'IN_PROGRESS'))
BEGIN
	UPDATE continuous_target SET active = new.status IN ('SCHEDULED', 'IN_PROGRESS')
		WHERE job = new.key;
END;
`

// sessionBodies separates the messages of sessions from their heads, so that the heads are read
// without them, and stores a message that waits for many sessions once. Rows of earlier versions
// stay as they are: their value holds head and body.
const sessionBodies = `
ALTER TABLE session ADD COLUMN body BLOB;      -- of this entry alone
ALTER TABLE session ADD COLUMN shared INTEGER; -- session_body.id of a body that others have too
CREATE INDEX session_shared ON session (shared) WHERE shared IS NOT NULL;
CREATE TABLE session_body (id INTEGER PRIMARY KEY, value BLOB NOT NULL);
CREATE TRIGGER session_deleted AFTER DELETE ON session WHEN old.shared IS NOT NULL BEGIN
	DELETE FROM session_body
		WHERE id = old.shared AND NOT EXISTS (SELECT 1 FROM session WHERE shared = old.shared);
END;
CREATE TRIGGER session_updated AFTER UPDATE OF shared ON session
	WHEN old.shared IS NOT NULL AND old.shared IS NOT new.shared
BEGIN
	DELETE FROM session_body
		WHERE id = old.shared AND NOT EXISTS (SELECT 1 FROM session WHERE shared = old.shared);
END;
`

// attachmentTimes says since when each policy is attached. Of an attachment of an earlier version
// that is not known; it gets the time when its certificate or group was created.
const attachmentTimes = `
ALTER TABLE attachment ADD COLUMN attached_at INTEGER NOT NULL DEFAULT 0;
UPDATE attachment SET attached_at = ifnull(iif(kind = 'cert',
		(SELECT created_at FROM certificate WHERE id = key),
		(SELECT created_at FROM thing_group WHERE name = key)), 0);
CREATE INDEX attachment_by_time ON attachment (policy, attached_at, kind, key);
`

// billingGroups adds the billing groups. Each thing names the one that it is in, and stays as it is
// when that is deleted.
const billingGroups = `
CREATE TABLE billing_group (
	id          INTEGER PRIMARY KEY,
	name        TEXT NOT NULL UNIQUE,
	uuid        TEXT NOT NULL,
	description TEXT NOT NULL,
	version     INTEGER NOT NULL,
	created_at  INTEGER NOT NULL
);
ALTER TABLE thing ADD COLUMN billing_group INTEGER NOT NULL DEFAULT 0; -- 0 for none
CREATE INDEX thing_by_billing_group ON thing (billing_group, name) WHERE billing_group <> 0;
`

// nodes are the server processes on the store, and the clients that are connected to them: here the
// one server, and no clients.
const nodes = `
CREATE TABLE node (
	id          INTEGER PRIMARY KEY,
	name        TEXT NOT NULL,
	version     TEXT NOT NULL,
	since       INTEGER NOT NULL,
	seen        INTEGER NOT NULL,
	position    INTEGER NOT NULL, -- the announcement up to which it has made them all
	connections INTEGER NOT NULL,
	ready       INTEGER NOT NULL,
	heir        INTEGER -- the node that has taken its clients; NULL while it lives
);
CREATE TABLE client (
	name        TEXT NOT NULL,
	turn        INTEGER NOT NULL,
	node        INTEGER NOT NULL,
	claim       INTEGER NOT NULL,
	connections INTEGER NOT NULL,
	connected   INTEGER NOT NULL,
	as_thing    INTEGER NOT NULL,
	session     TEXT NOT NULL,
	at          INTEGER NOT NULL,
	reason      TEXT NOT NULL,
	may_return  INTEGER NOT NULL,
	value       BLOB,
	PRIMARY KEY (name, turn)
) WITHOUT ROWID;
CREATE INDEX client_of_node ON client (node, name, turn);
CREATE INDEX session_further ON session (substr(ltrim(client, '$0123456789'), 2), client)
	WHERE seq = 0 AND client >= '$' AND client < '%';
ALTER TABLE announcement ADD COLUMN nodes TEXT; -- store.ForNodes as JSON
`

// steering adds what retries, holds, waves and confirmations need.
const steering = `
ALTER TABLE execution ADD COLUMN show_at INTEGER;                 -- when a retry that backs off is shown
ALTER TABLE execution ADD COLUMN wave INTEGER NOT NULL DEFAULT 0; -- from 1; 0 for none
-- The things whose retry waits until their job goes on.
CREATE TABLE waiting_retry (
	job   INTEGER NOT NULL,
	thing INTEGER NOT NULL,
	PRIMARY KEY (job, thing)
) WITHOUT ROWID;
-- The things that are held, until a time or for good.
CREATE TABLE thing_hold (
	thing  INTEGER PRIMARY KEY,
	reason TEXT NOT NULL,
	since  INTEGER NOT NULL,
	until  INTEGER
);
CREATE INDEX thing_hold_due ON thing_hold (until, thing) WHERE until IS NOT NULL;
-- The executions that have succeeded and wait to be confirmed.
CREATE TABLE confirmation (
	thing       INTEGER NOT NULL,
	job         INTEGER NOT NULL,
	number      INTEGER NOT NULL,
	reported_at INTEGER NOT NULL,
	until       INTEGER NOT NULL,
	PRIMARY KEY (thing, job)
) WITHOUT ROWID;
CREATE INDEX confirmation_of_job ON confirmation (job, thing);
CREATE INDEX confirmation_due ON confirmation (until, job, thing);
`

// silentExecutions marks executions that were not confirmed in time, and finds those that have failed.
const silentExecutions = `
ALTER TABLE execution ADD COLUMN silent INTEGER NOT NULL DEFAULT 0;
CREATE INDEX execution_failed ON execution (job, thing, number) WHERE status >= 3 AND status <= 5;
`

// auditLog adds the audit log. The row of a page that was cut, the last one, has no records.
const auditLog = `
CREATE TABLE audit_page (
	first   INTEGER PRIMARY KEY, -- the number of the first record
	records TEXT,                -- a line for each record: audit.Page.Text
	hashes  BLOB NOT NULL        -- SHA-256 of each record
);
`

// sinks adds sinks, the events that wait for them, and dead letters.
const sinks = `
CREATE TABLE sink (
	id         INTEGER PRIMARY KEY,
	name       TEXT NOT NULL UNIQUE,
	definition TEXT NOT NULL, -- sink.Definition as JSON
	progress   TEXT NOT NULL  -- sink.Progress as JSON
);
CREATE TABLE sink_event (
	id     INTEGER PRIMARY KEY, -- of the announcement
	at     INTEGER NOT NULL,
	size   INTEGER NOT NULL, -- bytes of topics and payloads
	total  INTEGER NOT NULL, -- bytes of this row and of all before it that were there with it
	events BLOB NOT NULL  -- see relational.packEvents
);
CREATE TABLE dead_letter (
	sink   INTEGER NOT NULL,
	id     INTEGER NOT NULL,
	again  INTEGER NOT NULL,
	letter TEXT NOT NULL, -- relational.letter as JSON
	PRIMARY KEY (sink, id)
);
CREATE INDEX dead_letter_again ON dead_letter (sink, id) WHERE again = 1;
`

// authorities adds the certificates of authorities that sign those of devices, and names the one of
// each device certificate that was registered with one.
const authorities = `
CREATE TABLE ca_certificate (
	id            TEXT PRIMARY KEY,
	subject       TEXT NOT NULL, -- registry.CACertificate.Subject
	pem           TEXT NOT NULL,
	status        TEXT NOT NULL,
	mode          TEXT NOT NULL,
	auto_register INTEGER NOT NULL,
	registration  TEXT, -- registry.RegistrationConfig as JSON; NULL for none
	created_at    INTEGER NOT NULL,
	updated_at    INTEGER NOT NULL,
	not_before    INTEGER NOT NULL,
	not_after     INTEGER NOT NULL
);
CREATE INDEX ca_certificate_by_time ON ca_certificate (created_at, id);
CREATE INDEX ca_certificate_by_subject ON ca_certificate (subject, id);
ALTER TABLE certificate ADD COLUMN ca TEXT; -- the id of its CA certificate; NULL for none
CREATE INDEX certificate_by_ca ON certificate (ca, created_at, id) WHERE ca IS NOT NULL;
`

// authorizers adds custom authorizers.
const authorizers = `
CREATE TABLE authorizer (
	name       TEXT PRIMARY KEY,
	definition TEXT NOT NULL -- registry.Authorizer as JSON
) WITHOUT ROWID;
`

// provisioning adds provisioning templates, and certificates that are removed at a time.
const provisioning = `
CREATE TABLE provisioning_template (
	name       TEXT PRIMARY KEY,
	definition TEXT NOT NULL -- registry.ProvisioningTemplate as JSON
) WITHOUT ROWID;
CREATE TABLE temporary_certificate (
	certificate TEXT PRIMARY KEY,
	until       INTEGER NOT NULL,
	policy      TEXT NOT NULL -- what a temporary claim may do; empty for that of a device
) WITHOUT ROWID;
CREATE INDEX temporary_certificate_due ON temporary_certificate (until, certificate);
`

// migrate checks that the file is Drover's and not from the future, and brings it to the newest
// schema. A fresh file is at version 0.
func (c *conn) migrate(path string) error {
	version, err := c.knownVersion(path)
	if err != nil {
		return err
	}
	if version == 0 && !c.plain {
		if err := c.reserveChecksums(); err != nil {
			return fmt.Errorf("open %s: %w", path, err)
		}
	}
	if err := c.db.Exec("PRAGMA journal_mode = WAL"); err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	if version == len(migrations) {
		return nil
	}
	// All steps are one transaction: a file is at the version that it had, or at the newest.
	steps := fmt.Sprintf(
		"BEGIN IMMEDIATE; %s; PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		strings.Join(migrations[version:], ";\n"), applicationID, len(migrations))
	if err := c.db.Exec(steps); err != nil {
		return fmt.Errorf(
			"bring %s from schema version %d to %d: %w", path, version, len(migrations), err)
	}
	return nil
}

// knownVersion returns the version of the schema of a file. It refuses one that is damaged, that
// belongs to another program, or that is from the future.
func (c *conn) knownVersion(path string) (int, error) {
	version, err := c.version()
	switch {
	case errors.Is(err, sqlite3.NOTADB), errors.Is(err, sqlite3.CORRUPT):
		return 0, fmt.Errorf("%s is damaged or not a database: %w", path, err)
	case errors.Is(err, errForeign):
		return 0, fmt.Errorf("%s: %w", path, err)
	case err != nil:
		return 0, fmt.Errorf("open %s: %w", path, err)
	case version > len(migrations):
		return 0, fmt.Errorf(
			"%s was written by a newer Drover: its schema is at version %d, this one knows %d",
			path, version, len(migrations))
	}
	return version, nil
}

var errForeign = errors.New("the database belongs to another program")

// version returns the version of the schema, 0 for an empty file. It changes nothing.
func (c *conn) version() (int, error) {
	id, err := c.number("PRAGMA application_id")
	if err != nil {
		return 0, err
	}
	version, err := c.number("PRAGMA user_version")
	if err != nil {
		return 0, err
	}
	tables, err := c.number("SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return 0, err
	}
	if empty := id == 0 && version == 0 && tables == 0; !empty && id != applicationID {
		return 0, errForeign
	}
	return int(version), nil
}
