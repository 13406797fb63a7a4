package sqlite

// What is true of the rows of a store after every commit, beyond what SQLite itself sees to: rows
// that name others, copies of what stands elsewhere, and counters (R-BAK-7). Each is a query of the
// rows that break it, as text.

// An Invariant is one of them.
type Invariant struct {
	// Name says what must be true, in a few words.
	Name string
	sql  string
}

// Invariants are all of them.
func Invariants() []Invariant { return invariants }

// Things that are gone have executions, and so their names are kept.
const everyThing = `(SELECT id, name FROM thing UNION ALL SELECT id, name FROM deleted_thing)`

var invariants = []Invariant{
	{"each job has its document and its state", `
		SELECT 'job ' || id || ' has no document or no state' FROM job
		WHERE key NOT IN (SELECT job FROM job_document) OR key NOT IN (SELECT job FROM job_state)
		UNION ALL SELECT 'a document or a state is of job number ' || job || ', which is not there'
		FROM (SELECT job FROM job_document UNION SELECT job FROM job_state)
		WHERE job NOT IN (SELECT key FROM job)`},
	{"definitions and states of jobs, templates and groups are readable", `
		SELECT 'the definition of job ' || id || ' is no JSON' FROM job WHERE NOT json_valid(definition)
		UNION ALL SELECT 'the state of job number ' || job || ' is no JSON' FROM job_state
		WHERE NOT json_valid(state)
		UNION ALL SELECT 'template ' || id || ' is no JSON' FROM job_template WHERE NOT json_valid(template)
		UNION ALL SELECT 'the attributes of thing ' || name || ' are no JSON' FROM thing
		WHERE attributes IS NOT NULL AND NOT json_valid(attributes)`},
	{"the status of a job is that of its state", `
		SELECT 'job ' || id || ' is ' || status || ', and its state says ' || ifnull(state ->> 'status', 'nothing')
		FROM job JOIN job_state ON job = key
		WHERE json_valid(state) AND status IS NOT state ->> 'status'`},
	{"jobs count their executions", `
		SELECT 'job ' || job.id || ' counts ' || c.value || ' executions in status ' || c.key || ', and there are '
			|| ifnull(n, 0)
		FROM job JOIN job_state s ON s.job = job.key, json_each(s.state, '$.counts') c
		LEFT JOIN (SELECT job AS of, status AS st, count(*) AS n FROM execution GROUP BY job, status)
			ON of = job.key AND st = c.key
		WHERE json_valid(s.state) AND c.value <> ifnull(n, 0)`},
	{"jobs are counted by status", `
		SELECT 'there are ' || ifnull(n, 0) || ' jobs that are ' || c.status || ', and ' || c.jobs || ' are counted'
		FROM job_count c LEFT JOIN (
			SELECT status, selection, concurrent, count(*) AS n FROM job GROUP BY status, selection, concurrent
		) USING (status, selection, concurrent) WHERE c.jobs <> ifnull(n, 0)
		UNION ALL SELECT 'job ' || id || ' is not counted' FROM job
		WHERE (status, selection, concurrent) NOT IN (SELECT status, selection, concurrent FROM job_count)`},
	{"a job that waits is due, and one that has ended says when", `
		SELECT 'job number ' || job || ' is due at another time than its state says' FROM job_state
		WHERE json_valid(state) AND (due IS NULL) <> (state ->> 'due' IS NULL)
		UNION ALL SELECT 'job ' || id || ' is ' || status || ', and when it ended is not right' FROM job
		JOIN job_state ON job = key WHERE (ended IS NULL) = (status IN ('COMPLETED', 'CANCELED'))`},
	{"executions are of jobs and things", `
		SELECT 'execution ' || number || ' of job number ' || job || ' on thing number ' || thing
			|| ' is of a job that is not there' FROM execution WHERE job NOT IN (SELECT key FROM job)
		UNION ALL SELECT 'execution ' || number || ' of job number ' || job || ' on thing number ' || thing
			|| ' is of a thing that is not there'
		FROM execution WHERE thing NOT IN (SELECT id FROM ` + everyThing + `)`},
	{"executions are in a status and have positive numbers", `
		SELECT 'execution ' || number || ' of job number ' || job || ' on thing number ' || thing
			|| ' has status ' || status || ' and version ' || version
		FROM execution WHERE status NOT BETWEEN 0 AND 7 OR number < 1 OR version < 1 OR attempt < 0`},
	{"timers of executions are the earlier of their deadlines", `
		SELECT 'execution ' || number || ' of job number ' || job || ' on thing number ' || thing
			|| ' has a timer at ' || ifnull(times_out_at, 'no time') || ', and must have ' || ifnull(want, 'none')
		FROM (SELECT *, CASE status WHEN 0 THEN show_at
			WHEN 1 THEN min(ifnull(deadline, step_deadline), ifnull(step_deadline, deadline)) END AS want
			FROM execution)
		WHERE times_out_at IS NOT want`},
	{"executions that are pending are marked when their job has windows", `
		SELECT 'execution ' || number || ' of job ' || id || ' on thing number ' || thing
			|| ' is not marked as the windows of its job are'
		FROM execution e JOIN job ON key = job WHERE e.status <= 1 AND e.windowed <> job.windowed`},
	{"the list of the things of a job has all of them", `
		SELECT 'thing number ' || thing || ' is missing in the list of job number ' || job
		FROM (SELECT DISTINCT job, thing FROM execution)
		WHERE (job, thing) NOT IN (SELECT job, thing FROM job_thing)
		UNION ALL SELECT 'thing ' || name || ' is in the list of job number ' || job || ' without an execution'
		FROM job_thing t WHERE NOT EXISTS (
			SELECT 1 FROM execution e WHERE e.job = t.job AND e.thing = t.thing)
		UNION ALL SELECT 'the list of job number ' || job || ' calls thing number ' || thing || ' ' || t.name
		FROM job_thing t JOIN ` + everyThing + ` a ON a.id = t.thing WHERE a.name <> t.name`},
	{"numbers of executions are not used again", `
		SELECT 'number ' || number || ' of job number ' || job || ' on thing number ' || thing
			|| ' is remembered, and the job is not there'
		FROM dropped_number WHERE job NOT IN (SELECT key FROM job)`},
	{"late joiners, retries, holds and confirmations are of jobs and things", `
		SELECT what || ' is of job number ' || ifnull(job, '?') || ' and thing number ' || thing
			|| ', and one of them is not there'
		FROM (SELECT 'a late joiner' AS what, job, thing FROM late_joiner
			UNION ALL SELECT 'a retry that waits', job, thing FROM waiting_retry
			UNION ALL SELECT 'a confirmation', job, thing FROM confirmation)
		WHERE job NOT IN (SELECT key FROM job) OR thing NOT IN (SELECT id FROM ` + everyThing + `)
		UNION ALL SELECT 'a hold is of thing number ' || thing || ', which is not there' FROM thing_hold
		WHERE thing NOT IN (SELECT id FROM thing)
		UNION ALL SELECT 'a confirmation is of execution ' || number || ' of job number ' || job
			|| ' on thing number ' || thing || ', which is not there'
		FROM confirmation c WHERE NOT EXISTS (SELECT 1 FROM execution e
			WHERE e.job = c.job AND e.thing = c.thing AND e.number = c.number)`},
	{"targets are of jobs", `
		SELECT 'target ' || resource || ' is of job ' || id || ', which is not there' FROM job_target
		WHERE job NOT IN (SELECT key FROM job)
		UNION ALL SELECT 'a continuous target is of job number ' || job || ', which is not there'
		FROM continuous_target WHERE job NOT IN (SELECT key FROM job)
		UNION ALL SELECT 'target ' || resource || ' names job ' || t.id || ' otherwise than the job itself'
		FROM job_target t JOIN job ON key = job WHERE t.id <> job.id OR t.created_at <> job.created_at
		UNION ALL SELECT 'group number ' || thing_group || ' takes job ' || id || ' for '
			|| iif(active, 'active', 'ended')
		FROM continuous_target JOIN job ON key = job
		WHERE active <> (status IN ('SCHEDULED', 'IN_PROGRESS'))`},
	{"members of groups are there, by their names", `
		SELECT 'thing ' || m.name || ' is in group number ' || thing_group || ', which is not there'
		FROM membership m WHERE thing_group NOT IN (SELECT id FROM thing_group)
		UNION ALL SELECT 'group number ' || thing_group || ' has thing ' || m.name || ', which is not there'
		FROM membership m LEFT JOIN thing t ON t.id = m.thing WHERE t.name IS NOT m.name`},
	{"groups are below groups that are there", `
		SELECT 'group ' || name || ' is below a group that is not there' FROM thing_group
		WHERE parent <> 0 AND parent NOT IN (SELECT id FROM thing_group)
		UNION ALL SELECT 'group ' || name || ' is below itself' FROM thing_group g
		WHERE g.id IN (WITH RECURSIVE up (id) AS (SELECT g.parent UNION
			SELECT parent FROM thing_group t JOIN up ON t.id = up.id) SELECT id FROM up)`},
	{"certificates of things are there", `
		SELECT 'certificate ' || certificate || ' of thing ' || thing_name || ', or the thing, is not there'
		FROM principal p LEFT JOIN thing t ON t.id = p.thing
		WHERE t.name IS NOT thing_name OR certificate NOT IN (SELECT id FROM certificate)`},
	{"certificates that are removed at a time are there, and provisioning templates are readable", `
		SELECT 'certificate ' || certificate || ' is to be removed, and is not there'
		FROM temporary_certificate WHERE certificate NOT IN (SELECT id FROM certificate)
		UNION ALL SELECT 'provisioning template ' || name || ' is no JSON' FROM provisioning_template
		WHERE NOT json_valid(definition)`},
	{"policies have their versions, and are attached to what is there", `
		SELECT 'policy ' || name || ' has no version ' || default_version FROM policy
		WHERE (name, default_version) NOT IN (SELECT policy, number FROM policy_version)
		UNION ALL SELECT 'version ' || number || ' is of policy ' || policy || ', which is not there or has fewer'
		FROM policy_version LEFT JOIN policy ON name = policy WHERE number > ifnull(last_version, 0)
		UNION ALL SELECT 'policy ' || policy || ' is attached to ' || kind || ' ' || key
			|| ', and one of them is not there'
		FROM attachment WHERE policy NOT IN (SELECT name FROM policy)
			OR kind = 'cert' AND key NOT IN (SELECT id FROM certificate)
			OR kind = 'thinggroup' AND key NOT IN (SELECT name FROM thing_group)`},
	{"authorizers have their names, and at most one is the default", `
		SELECT 'authorizer ' || name || ' is another one inside' FROM authorizer
		WHERE json_extract(definition, '$.name') IS NOT name
		UNION ALL SELECT n || ' authorizers are the default'
		FROM (SELECT count(*) AS n FROM authorizer WHERE json_extract(definition, '$.default')) WHERE n > 1`},
	{"messages of sessions have their bodies", `
		SELECT 'message ' || seq || ' of client ' || client || ' has no body' FROM session
		WHERE shared IS NOT NULL AND shared NOT IN (SELECT id FROM session_body)
		UNION ALL SELECT 'body ' || id || ' is of no message' FROM session_body
		WHERE id NOT IN (SELECT shared FROM session WHERE shared IS NOT NULL)`},
	{"keys that were handed out are not handed out again", `
		SELECT what || ' ' || last || ' is above ' || ifnull(reserved, 0) || ', up to which keys were handed out'
		FROM (SELECT 0 AS k, 'thing number' AS what, max(id) AS last FROM thing
			UNION ALL SELECT 1, 'group number', max(id) FROM thing_group
			UNION ALL SELECT 2, 'job number', max(key) FROM job
			UNION ALL SELECT 3, 'membership', max(joined) FROM membership
			UNION ALL SELECT 4, 'the sequence of an execution', max(sequence) FROM execution
			UNION ALL SELECT 5, 'announcement', max(id) FROM announcement
			UNION ALL SELECT 6, 'billing group number', max(id) FROM billing_group
			UNION ALL SELECT 7, 'node', max(id) FROM node)
		LEFT JOIN counter ON kind = k WHERE last > ifnull(reserved, 0)`},
	{"no node is further than the announcements", `
		SELECT 'node ' || name || ' has made announcement ' || position || ', and there are ' || ifnull(reserved, 0)
		FROM node LEFT JOIN counter ON kind = 5 WHERE position > ifnull(reserved, 0)`},
}
