package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// oldestServer is the oldest version of PostgreSQL, as server_version_num has it.
const oldestServer = 150000

// check refuses a server that is too old, or that would lose what was acknowledged (R-NODE-2).
func check(ctx context.Context, db *pgx.Conn) error {
	var version int
	var fsync, synchronous, standby string
	err := db.QueryRow(ctx, `SELECT current_setting('server_version_num')::int,
		current_setting('fsync'), current_setting('synchronous_commit'),
		CASE WHEN pg_is_in_recovery() THEN 'on' ELSE 'off' END`,
	).Scan(&version, &fsync, &synchronous, &standby)
	switch {
	case err != nil:
		return err
	case version < oldestServer:
		return fmt.Errorf("the server is PostgreSQL %d, and Drover needs 15 or later", version/10000)
	case standby == "on":
		return errors.New("the server is a standby that cannot be written; name the primary")
	case fsync == "off":
		return errors.New("the server has fsync=off and would lose what was acknowledged")
	case synchronous == "off":
		return errors.New(
			"the server has synchronous_commit=off and would lose what was acknowledged")
	}
	return nil
}

// migrations bring the tables from one version of the schema to the next; the version is the number
// of migrations that they have had. Only ever append to this list: once a version is released,
// databases of users stand at it. The tables are those of the embedded store; what is kept as JSON has
// the same form.
var migrations = []string{
	firstSchema, nodes, steering, silentExecutions, auditLog, sinks, authorities, authorizers,
	provisioning,
}

// migrate brings the tables to the newest schema, under the lock of the writers: of several nodes
// that start, one does it. All steps are one transaction.
func migrate(ctx context.Context, db *pgx.Conn, lock int64) error {
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		const versionTable = `CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)`
		if err := awaitCopy(ctx, tx, lock); err != nil {
			return err
		}
		for _, sql := range []string{
			"SELECT pg_advisory_xact_lock(" + strconv.FormatInt(lock, 10) + ")", versionTable,
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		var version int
		err := tx.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM schema_version").Scan(&version)
		switch {
		case err != nil:
			return err
		case version > len(migrations):
			return newerSchema(version)
		case version == len(migrations):
			return nil
		}
		for _, sql := range migrations[version:] {
			if _, err := tx.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
				return fmt.Errorf("bring the schema from version %d to %d: %w",
					version, len(migrations), err)
			}
		}
		if _, err := tx.Exec(ctx, "DELETE FROM schema_version"); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "INSERT INTO schema_version (version) VALUES ($1)", len(migrations))
		return err
	})
}

// awaitCopy returns ErrCopied when a copy of the database goes on, after a short wait: one that was
// interrupted just now ends soon.
func awaitCopy(ctx context.Context, tx pgx.Tx, lock int64) error {
	for _, sql := range []string{
		"SET LOCAL lock_timeout = '2s'",
		"SELECT pg_advisory_xact_lock_shared(" + strconv.FormatInt(useLock(lock), 10) + ")",
		"SET LOCAL lock_timeout = 0",
	} {
		_, err := tx.Exec(ctx, sql)
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Code == lockTimeout {
			return ErrCopied
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func newerSchema(version int) error {
	return fmt.Errorf("the database was written by a newer Drover: "+
		"its schema is at version %d, this one knows %d", version, len(migrations))
}

const firstSchema = `-- What keys were handed out may go up to reserved.
CREATE TABLE counter (kind BIGINT PRIMARY KEY, reserved BIGINT NOT NULL);

-- Jobs. The definition changes rarely, the document never, the state with every commit that touches
-- the job.
CREATE TABLE job (
	key        BIGINT PRIMARY KEY,
	id         TEXT COLLATE "C" NOT NULL UNIQUE,
	created_at BIGINT NOT NULL,
	status     TEXT COLLATE "C" NOT NULL, -- a copy from the state, rewritten only when it differs
	concurrent BIGINT NOT NULL, -- isConcurrent, a copy like status
	selection  TEXT COLLATE "C" NOT NULL,
	namespace  TEXT COLLATE "C" NOT NULL,
	definition TEXT COLLATE "C" NOT NULL, -- job.Definition as JSON
	rollout    BIGINT, -- job.RolloutMembership, a copy like status
	windowed   BIGINT NOT NULL -- whether it has maintenance windows, a copy from the definition
);
CREATE INDEX job_rollout ON job (rollout) WHERE rollout IS NOT NULL;
CREATE INDEX job_by_time ON job (created_at DESC, id);
CREATE INDEX job_by_status ON job (status, created_at DESC, id);

-- The document, and how it was before parameters were filled in, where that differs.
CREATE TABLE job_document (job BIGINT PRIMARY KEY, document TEXT COLLATE "C" NOT NULL, original TEXT COLLATE "C");

CREATE TABLE job_state (
	job   BIGINT PRIMARY KEY,
	due   BIGINT,      -- when the job has work to do
	ended BIGINT,      -- when a job that is COMPLETED or CANCELED last changed
	state TEXT COLLATE "C" NOT NULL -- job.State as JSON
);
CREATE INDEX job_due ON job_state (due, job) WHERE due IS NOT NULL;
CREATE INDEX job_ended ON job_state (ended, job) WHERE ended IS NOT NULL;

-- The targets of jobs, by kind and name: thing/pump-07, thinggroup/site-1.
CREATE TABLE job_target (
	resource   TEXT COLLATE "C" NOT NULL,
	created_at BIGINT NOT NULL,
	id         TEXT COLLATE "C" NOT NULL,
	job        BIGINT NOT NULL,
	PRIMARY KEY (resource, job)
);
CREATE INDEX job_target_by_time ON job_target (resource, created_at DESC, id);
CREATE INDEX job_target_by_job ON job_target (job);

-- The target groups of continuous jobs, and the things that wait for an execution of one.
CREATE TABLE continuous_target (
	thing_group BIGINT NOT NULL,
	active      BIGINT NOT NULL, -- the job is SCHEDULED or IN_PROGRESS
	job         BIGINT NOT NULL,
	PRIMARY KEY (thing_group, active, job)
);
CREATE INDEX continuous_target_by_job ON continuous_target (job);
CREATE TABLE late_joiner (
	job BIGINT NOT NULL, thing BIGINT NOT NULL, PRIMARY KEY (job, thing)
);

CREATE TABLE job_template (
	id         TEXT COLLATE "C" PRIMARY KEY,
	created_at BIGINT NOT NULL,
	template   TEXT COLLATE "C" NOT NULL, -- job.Template as JSON, without its document
	document   TEXT COLLATE "C" NOT NULL
);
CREATE INDEX job_template_by_time ON job_template (created_at DESC, id);

-- Executions. Status is job.ExecutionStatus: 0 QUEUED, 1 IN_PROGRESS, more is final.
CREATE TABLE execution (
	job            BIGINT NOT NULL,
	thing          BIGINT NOT NULL,
	number         BIGINT NOT NULL,
	status         BIGINT NOT NULL,
	version        BIGINT NOT NULL,
	attempt        BIGINT NOT NULL,
	used_failed    BIGINT NOT NULL,
	used_timed_out BIGINT NOT NULL,
	force_canceled BIGINT NOT NULL,
	queued_at      BIGINT NOT NULL,
	started_at     BIGINT,
	updated_at     BIGINT NOT NULL,
	sequence       BIGINT NOT NULL,
	deadline       BIGINT,
	step_deadline  BIGINT,
	times_out_at   BIGINT, -- the earlier deadline, while IN_PROGRESS
	details        TEXT COLLATE "C",    -- JSON
	token          TEXT COLLATE "C", -- job.Execution.Message
	windowed       BIGINT NOT NULL,  -- a copy from its job
	PRIMARY KEY (job, thing, number)
) WITH (fillfactor = 80); -- most reports change no index, and stay on the page
CREATE INDEX execution_windowed ON execution (thing, status DESC, queued_at, sequence)
	WHERE status <= 1 AND windowed = 1;
CREATE INDEX execution_pending ON execution (thing, status DESC, queued_at, sequence)
	WHERE status <= 1;
CREATE INDEX execution_pending_of_job ON execution (job, status, thing, number) WHERE status <= 1;
CREATE INDEX execution_of_thing ON execution (thing, queued_at DESC);
CREATE INDEX execution_due ON execution (times_out_at, sequence) WHERE times_out_at IS NOT NULL;

-- The things that have executions of a job, in the order that their list shows them.
CREATE TABLE job_thing (
	job BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, thing BIGINT NOT NULL, PRIMARY KEY (job, name, thing)
);

-- The highest number that was dropped, so that it is not used again.
CREATE TABLE dropped_number (
	job BIGINT NOT NULL, thing BIGINT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (job, thing)
);

-- Things; the names of deleted ones stay for their executions.
CREATE TABLE thing (
	id         BIGINT PRIMARY KEY,
	name       TEXT COLLATE "C" NOT NULL UNIQUE,
	uuid       TEXT COLLATE "C" NOT NULL,
	type       TEXT COLLATE "C" NOT NULL,
	attributes TEXT COLLATE "C", -- JSON
	version    BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	billing_group BIGINT NOT NULL -- 0 for none
);
CREATE INDEX thing_by_billing_group ON thing (billing_group, name) WHERE billing_group <> 0;
CREATE INDEX thing_by_type ON thing (type, name) WHERE type <> '';
CREATE TABLE deleted_thing (id BIGINT PRIMARY KEY, name TEXT COLLATE "C" NOT NULL);

CREATE TABLE thing_type (
	name          TEXT COLLATE "C" PRIMARY KEY,
	uuid          TEXT COLLATE "C" NOT NULL,
	properties    TEXT COLLATE "C" NOT NULL, -- registry.TypeProperties as JSON
	created_at    BIGINT NOT NULL,
	deprecated_at BIGINT
);

-- Tags, by the kind and name of the ARN.
CREATE TABLE tagged (
	kind TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, tags TEXT COLLATE "C" NOT NULL, PRIMARY KEY (kind, name)
);

CREATE TABLE thing_group (
	id          BIGINT PRIMARY KEY,
	name        TEXT COLLATE "C" NOT NULL UNIQUE,
	uuid        TEXT COLLATE "C" NOT NULL UNIQUE,
	parent      BIGINT NOT NULL,
	description TEXT COLLATE "C" NOT NULL,
	attributes  TEXT COLLATE "C", -- JSON
	version     BIGINT NOT NULL,
	created_at  BIGINT NOT NULL,
	query       TEXT COLLATE "C" NOT NULL, -- of a dynamic group; empty for a static one
	work        TEXT COLLATE "C" NOT NULL, -- registry.GroupWork: what is left to do about its members
	scanned     TEXT COLLATE "C" NOT NULL  -- the last thing that this work has looked at
);
CREATE INDEX thing_group_child ON thing_group (parent, name);
CREATE INDEX thing_group_dynamic ON thing_group (id) WHERE query <> '';
CREATE INDEX thing_group_busy ON thing_group (id) WHERE work <> '';
CREATE TABLE membership (
	thing_group BIGINT NOT NULL,
	name        TEXT COLLATE "C" NOT NULL,
	thing       BIGINT NOT NULL,
	joined      BIGINT NOT NULL,
	PRIMARY KEY (thing_group, name)
);
CREATE UNIQUE INDEX membership_of_thing ON membership (thing, thing_group);

CREATE TABLE certificate (
	id         TEXT COLLATE "C" PRIMARY KEY,
	pem        TEXT COLLATE "C" NOT NULL,
	status     TEXT COLLATE "C" NOT NULL,
	mode       TEXT COLLATE "C" NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	not_before BIGINT NOT NULL,
	not_after  BIGINT NOT NULL
);
CREATE INDEX certificate_by_time ON certificate (created_at, id);
CREATE TABLE policy (
	name            TEXT COLLATE "C" PRIMARY KEY,
	default_version BIGINT NOT NULL,
	last_version    BIGINT NOT NULL,
	created_at      BIGINT NOT NULL,
	updated_at      BIGINT NOT NULL
);
CREATE INDEX policy_by_time ON policy (created_at, name);
CREATE TABLE policy_version (
	policy     TEXT COLLATE "C" NOT NULL,
	number     BIGINT NOT NULL,
	document   TEXT COLLATE "C" NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (policy, number)
);
CREATE TABLE attachment (
	policy      TEXT COLLATE "C" NOT NULL,
	kind        TEXT COLLATE "C" NOT NULL,
	key         TEXT COLLATE "C" NOT NULL,
	attached_at BIGINT NOT NULL,
	PRIMARY KEY (policy, kind, key)
);
CREATE INDEX attachment_by_time ON attachment (policy, attached_at, kind, key);
CREATE INDEX attachment_by_target ON attachment (kind, key, policy);
CREATE TABLE principal (
	thing       BIGINT NOT NULL,
	certificate TEXT COLLATE "C" NOT NULL,
	thing_name  TEXT COLLATE "C" NOT NULL,
	exclusive   BIGINT NOT NULL,
	PRIMARY KEY (thing, certificate)
);
CREATE INDEX principal_by_certificate ON principal (certificate, thing_name);

-- What is still to be published: notices packed into varints, events as JSON.
CREATE TABLE announcement (id BIGINT PRIMARY KEY, notices BYTEA NOT NULL, events TEXT COLLATE "C");
-- MQTT sessions. A body that several entries share stands in session_body.
CREATE TABLE session (
	client TEXT COLLATE "C" NOT NULL,
	seq    BIGINT NOT NULL,
	value  BYTEA NOT NULL,
	body   BYTEA,  -- of this entry alone
	shared BIGINT, -- session_body.id of a body that others have too
	PRIMARY KEY (client, seq)
);
CREATE INDEX session_shared ON session (shared) WHERE shared IS NOT NULL;
CREATE TABLE session_body (id BIGINT PRIMARY KEY, value BYTEA NOT NULL);
CREATE TABLE setting (name TEXT COLLATE "C" PRIMARY KEY, value BYTEA NOT NULL);

-- The work that changes of memberships have left: job.MembershipWork as JSON.
CREATE TABLE membership_work (number BIGINT PRIMARY KEY, work TEXT COLLATE "C" NOT NULL);

-- Memberships that have ended while a rollout counts them.
CREATE TABLE left_membership (
	thing_group BIGINT NOT NULL,
	name        TEXT COLLATE "C" NOT NULL,
	joined      BIGINT NOT NULL,
	ended       BIGINT NOT NULL,
	thing       BIGINT NOT NULL,
	PRIMARY KEY (thing_group, name, joined)
);
CREATE INDEX left_membership_by_end ON left_membership (ended);

CREATE TABLE billing_group (
	id          BIGINT PRIMARY KEY,
	name        TEXT COLLATE "C" NOT NULL UNIQUE,
	uuid        TEXT COLLATE "C" NOT NULL,
	description TEXT COLLATE "C" NOT NULL,
	version     BIGINT NOT NULL,
	created_at  BIGINT NOT NULL
);

-- How many jobs there are of each status, selection and concurrency: the limits are checked by every
-- CreateJob, and there may be 100,000 jobs.
CREATE TABLE job_count (
	status     TEXT COLLATE "C" NOT NULL,
	selection  TEXT COLLATE "C" NOT NULL,
	concurrent BIGINT NOT NULL,
	jobs       BIGINT NOT NULL,
	PRIMARY KEY (status, selection, concurrent)
);
CREATE FUNCTION count_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP <> 'INSERT' THEN
		UPDATE job_count SET jobs = jobs - 1 WHERE status = old.status
			AND selection = old.selection AND concurrent = old.concurrent;
	END IF;
	IF TG_OP <> 'DELETE' THEN
		INSERT INTO job_count (status, selection, concurrent, jobs)
			VALUES (new.status, new.selection, new.concurrent, 1)
			ON CONFLICT (status, selection, concurrent) DO UPDATE SET jobs = job_count.jobs + 1;
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER job_counted AFTER INSERT OR DELETE OR UPDATE OF status, selection, concurrent ON job
	FOR EACH ROW EXECUTE FUNCTION count_job();

CREATE FUNCTION end_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE continuous_target
		SET active = CASE WHEN new.status IN ('SCHEDULED', 'IN_PROGRESS') THEN 1 ELSE 0 END
		WHERE job = new.key;
	RETURN NULL;
END $$;
CREATE TRIGGER job_ended AFTER UPDATE OF status ON job FOR EACH ROW
	WHEN ((old.status IN ('SCHEDULED', 'IN_PROGRESS'))
		<> (new.status IN ('SCHEDULED', 'IN_PROGRESS')))
	EXECUTE FUNCTION end_job();

CREATE FUNCTION drop_session_body() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM session_body
		WHERE id = old.shared AND NOT EXISTS (SELECT 1 FROM session WHERE shared = old.shared);
	RETURN NULL;
END $$;
CREATE TRIGGER session_deleted AFTER DELETE ON session FOR EACH ROW
	WHEN (old.shared IS NOT NULL) EXECUTE FUNCTION drop_session_body();
CREATE TRIGGER session_updated AFTER UPDATE OF shared ON session FOR EACH ROW
	WHEN (old.shared IS NOT NULL AND old.shared IS DISTINCT FROM new.shared)
	EXECUTE FUNCTION drop_session_body();
`

// nodes are the server processes on the database, and the clients that are connected to them.
const nodes = `
CREATE TABLE node (
	id          BIGINT PRIMARY KEY,
	name        TEXT COLLATE "C" NOT NULL,
	version     TEXT COLLATE "C" NOT NULL,
	since       BIGINT NOT NULL,
	seen        BIGINT NOT NULL,
	position    BIGINT NOT NULL, -- the announcement up to which it has made them all
	connections BIGINT NOT NULL,
	ready       BIGINT NOT NULL,
	heir        BIGINT -- the node that has taken its clients; NULL while it lives
) WITH (fillfactor = 50); -- rewritten with every commit
CREATE TABLE client (
	name        TEXT COLLATE "C" NOT NULL,
	turn        BIGINT NOT NULL,
	node        BIGINT NOT NULL,
	claim       BIGINT NOT NULL,
	connections BIGINT NOT NULL,
	connected   BIGINT NOT NULL,
	as_thing    BIGINT NOT NULL,
	session     TEXT COLLATE "C" NOT NULL,
	at          BIGINT NOT NULL,
	reason      TEXT COLLATE "C" NOT NULL,
	may_return  BIGINT NOT NULL,
	value       BYTEA,
	PRIMARY KEY (name, turn)
) WITH (fillfactor = 70);
CREATE INDEX client_of_node ON client (node, name, turn);
CREATE INDEX session_further ON session (substr(ltrim(client, '$0123456789'), 2), client)
	WHERE seq = 0 AND client >= '$' AND client < '%';
ALTER TABLE announcement ADD COLUMN nodes TEXT COLLATE "C"; -- store.ForNodes as JSON
`

// silentExecutions marks executions that were not confirmed in time, and finds those that have failed. The
// column rewrites no row.
const silentExecutions = `
ALTER TABLE execution ADD COLUMN silent BIGINT NOT NULL DEFAULT 0;
CREATE INDEX execution_failed ON execution (job, thing, number) WHERE status >= 3 AND status <= 5;
`

// steering adds what retries, holds, waves and confirmations need. The two columns rewrite no row.
const steering = `
ALTER TABLE execution ADD COLUMN show_at BIGINT;                 -- when a retry that backs off is shown
ALTER TABLE execution ADD COLUMN wave BIGINT NOT NULL DEFAULT 0; -- from 1; 0 for none
-- The things whose retry waits until their job goes on.
CREATE TABLE waiting_retry (
	job   BIGINT NOT NULL,
	thing BIGINT NOT NULL,
	PRIMARY KEY (job, thing)
);
-- The things that are held, until a time or for good.
CREATE TABLE thing_hold (
	thing  BIGINT PRIMARY KEY,
	reason TEXT COLLATE "C" NOT NULL,
	since  BIGINT NOT NULL,
	until  BIGINT
);
CREATE INDEX thing_hold_due ON thing_hold (until, thing) WHERE until IS NOT NULL;
-- The executions that have succeeded and wait to be confirmed.
CREATE TABLE confirmation (
	thing       BIGINT NOT NULL,
	job         BIGINT NOT NULL,
	number      BIGINT NOT NULL,
	reported_at BIGINT NOT NULL,
	until       BIGINT NOT NULL,
	PRIMARY KEY (thing, job)
);
CREATE INDEX confirmation_of_job ON confirmation (job, thing);
CREATE INDEX confirmation_due ON confirmation (until, job, thing);
`

// auditLog adds the audit log. The row of a page that was cut, the last one, has no records.
const auditLog = `
CREATE TABLE audit_page (
	first   BIGINT PRIMARY KEY, -- the number of the first record
	records TEXT COLLATE "C",   -- a line for each record: audit.Page.Text
	hashes  BYTEA NOT NULL      -- SHA-256 of each record
);
`

// sinks adds sinks, the events that wait for them, and dead letters.
const sinks = `
CREATE TABLE sink (
	id         BIGINT PRIMARY KEY,
	name       TEXT COLLATE "C" NOT NULL UNIQUE,
	definition TEXT COLLATE "C" NOT NULL, -- sink.Definition as JSON
	progress   TEXT COLLATE "C" NOT NULL  -- sink.Progress as JSON
) WITH (fillfactor = 50);
CREATE TABLE sink_event (
	id     BIGINT PRIMARY KEY, -- of the announcement
	at     BIGINT NOT NULL,
	size   BIGINT NOT NULL, -- bytes of topics and payloads
	total  BIGINT NOT NULL, -- bytes of this row and of all before it that were there with it
	events BYTEA NOT NULL  -- see relational.packEvents
);
CREATE TABLE dead_letter (
	sink   BIGINT NOT NULL,
	id     BIGINT NOT NULL,
	again  BIGINT NOT NULL,
	letter TEXT COLLATE "C" NOT NULL, -- relational.letter as JSON
	PRIMARY KEY (sink, id)
);
CREATE INDEX dead_letter_again ON dead_letter (sink, id) WHERE again = 1;
`

// authorities adds the certificates of authorities that sign those of devices, and names the one of
// each device certificate that was registered with one. The column rewrites no row.
const authorities = `
CREATE TABLE ca_certificate (
	id            TEXT COLLATE "C" PRIMARY KEY,
	subject       TEXT COLLATE "C" NOT NULL, -- registry.CACertificate.Subject
	pem           TEXT COLLATE "C" NOT NULL,
	status        TEXT COLLATE "C" NOT NULL,
	mode          TEXT COLLATE "C" NOT NULL,
	auto_register BIGINT NOT NULL,
	registration  TEXT COLLATE "C", -- registry.RegistrationConfig as JSON; NULL for none
	created_at    BIGINT NOT NULL,
	updated_at    BIGINT NOT NULL,
	not_before    BIGINT NOT NULL,
	not_after     BIGINT NOT NULL
);
CREATE INDEX ca_certificate_by_time ON ca_certificate (created_at, id);
CREATE INDEX ca_certificate_by_subject ON ca_certificate (subject, id);
ALTER TABLE certificate ADD COLUMN ca TEXT COLLATE "C"; -- the id of its CA certificate; NULL for none
CREATE INDEX certificate_by_ca ON certificate (ca, created_at, id) WHERE ca IS NOT NULL;
`

// authorizers adds custom authorizers.
const authorizers = `
CREATE TABLE authorizer (
	name       TEXT COLLATE "C" PRIMARY KEY,
	definition TEXT COLLATE "C" NOT NULL -- registry.Authorizer as JSON
);
`

// provisioning adds provisioning templates, and certificates that are removed at a time.
const provisioning = `
CREATE TABLE provisioning_template (
	name       TEXT COLLATE "C" PRIMARY KEY,
	definition TEXT COLLATE "C" NOT NULL -- registry.ProvisioningTemplate as JSON
);
CREATE TABLE temporary_certificate (
	certificate TEXT COLLATE "C" PRIMARY KEY,
	until       BIGINT NOT NULL,
	policy      TEXT COLLATE "C" NOT NULL -- what a temporary claim may do; empty for that of a device
);
CREATE INDEX temporary_certificate_due ON temporary_certificate (until, certificate);
`
