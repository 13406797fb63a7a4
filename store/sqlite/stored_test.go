package sqlite

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store"
)

// testdata/stored.sql is what files of users hold: one row of every table, each field set. It may
// only change together with a new migration, or by members that rows of before leave out; a copy of
// what it was stays beside it then, with the version of its schema, because files with these rows
// must be readable for ever.
const storedFile = "testdata/stored.sql"

var rewriteStored = flag.Bool("rewrite-stored", false, "write "+storedFile+" anew: only before the first release")

// facts is one of everything that a store keeps, every field set.
type facts struct {
	Job          job.Job
	Document     string
	Original     string
	Template     job.Template
	Execution    job.Execution
	Thing        registry.Thing
	Type         registry.ThingType
	Group        registry.Group
	Membership   registry.Membership
	Certificate  registry.Certificate
	Policy       registry.Policy
	Attachment   registry.Attachment
	Principal    registry.Principal
	Tags         map[string]string
	Announcement store.Announcement
	Setting      store.Setting
	Session      store.SessionEntry
	Work         job.MembershipWork
	Left         registry.LeftMembership
	Message      store.SessionEntry // with a body of its own; that of Session is a shared one
	BillingGroup registry.BillingGroup
	Node         store.Node
	Client       store.Client
	Hold         job.Hold
	Retry        store.WaitingRetry
	Confirmation job.Confirmation
	Audit        audit.Page
	Sink         sink.Sink
	Waiting      store.SinkEvents
	Letter       store.DeadLetter
	CA           registry.CACertificate
	Authorizer   registry.Authorizer
	Provisioning registry.ProvisioningTemplate
	Temporary    registry.TemporaryCertificate
}

// everything returns facts whose fields are all set, also those that a later change adds to one of
// the types.
func everything() (f facts) {
	fill(reflect.ValueOf(&f).Elem(), 1)
	thing, group := registry.ThingID(7), registry.GroupID(8)
	f.Job.Key, f.Job.Status, f.Job.TargetSelection = 9, job.InProgress, job.Continuous
	f.Job.Targets = []job.Target{job.GroupTarget(registry.DefaultScope, "site-1")}
	f.Job.TargetGroups = []registry.GroupID{group}
	f.Execution.ExecutionKey = job.ExecutionKey{Job: f.Job.Key, Thing: thing, Number: 2}
	f.Execution.Status = job.ExecutionInProgress
	f.Thing.ID, f.Group.ID = thing, group
	f.Membership.Group, f.Membership.Member = group, registry.Member{Thing: thing, Name: f.Thing.Name}
	f.Left.Group, f.Left.Member = group, f.Membership.Member
	f.Message.Shared = 0
	f.Node.Heir, f.Client.Held = 0, false
	f.Hold.Thing, f.Retry.Thing, f.Retry.Job = thing, thing, f.Job.Key
	f.Confirmation.ExecutionKey = f.Execution.ExecutionKey
	f.Audit.Text = []byte(`{"number":1}` + "\n")
	f.Waiting.ID, f.Waiting.Events = f.Announcement.ID, f.Announcement.Events
	f.Letter.Sink = f.Sink.ID
	f.Policy.Default, f.Policy.LastNumber, f.Policy.Versions[0].Number = 1, 3, 1
	f.Attachment.Policy, f.Attachment.Kind, f.Attachment.Key = f.Policy.Name, registry.CertificateTarget, f.Certificate.ID
	f.Principal.Thing, f.Principal.ThingName, f.Principal.Certificate = thing, f.Thing.Name, f.Certificate.ID
	return f
}

// fill sets a value, and whatever it holds, to something that is not zero. What it sets depends on
// where the value stands: on the json names above it, and on the position of fields that have none,
// but on no name in Go.
func fill(v reflect.Value, place uint32) {
	if at, ok := v.Addr().Interface().(*time.Time); ok {
		*at = time.Date(2030, 1, 1, 0, 0, int(place%1e7), 5e6, time.UTC)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			if name == "" {
				name = fmt.Sprint(i)
			}
			h := fnv.New32a()
			fmt.Fprint(h, place, name)
			fill(v.Field(i), h.Sum32())
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), place)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), place)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), place+uint32(i))
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{fmt.Sprint("key ", place%1000): "value <&>"}))
	case reflect.String:
		v.SetString(fmt.Sprint("text ", place%1e6))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(1 + place%1e6))
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(uint64(1 + place%200))
	}
}

func (f facts) changes() (c store.Changes) {
	c.Job.CreatedJobs = []store.CreatedJob{{Job: f.Job, Document: f.Document, Original: f.Original}}
	c.Job.CreatedTemplates = []job.Template{f.Template}
	c.Job.LateJoinersAdded = []store.LateJoiner{{Job: f.Job.Key, Thing: f.Thing.ID}}
	c.Job.CreatedExecutions = []job.Execution{f.Execution}
	c.Job.SilentExecutions = []job.ExecutionKey{f.Execution.ExecutionKey}
	c.Registry = store.RegistryChanges{
		CreatedThings: []registry.Thing{f.Thing},
		CreatedGroups: []registry.Group{f.Group},

		CreatedBillingGroups: []registry.BillingGroup{f.BillingGroup},

		ThingTypes:       []registry.ThingType{f.Type},
		AddedMemberships: []registry.Membership{f.Membership},
		LeftMemberships:  []registry.LeftMembership{f.Left},
		Certificates:     []registry.Certificate{f.Certificate},
		CACertificates:   []registry.CACertificate{f.CA},
		Policies:         []registry.Policy{f.Policy},
		Attached:         []registry.Attachment{f.Attachment},
		Authorizers:      []registry.Authorizer{f.Authorizer},
		Principals:       []registry.Principal{f.Principal},

		ProvisioningTemplates: []registry.ProvisioningTemplate{f.Provisioning},
		TemporaryCertificates: []registry.TemporaryCertificate{f.Temporary},

		Tagged: []registry.Tagged{{Kind: registry.KindJob, Name: f.Job.ID, Tags: f.Tags}},
	}
	c.Outbox.Added = []store.Announcement{f.Announcement}
	c.Settings = []store.Setting{f.Setting}
	c.Sessions = []store.SessionEntry{f.Session, f.Message}
	c.Nodes.Joined, c.Clients.Set = []store.Node{f.Node}, []store.Client{f.Client}
	c.Job.MembershipWork = []job.MembershipWork{f.Work}
	c.Job.Holds, c.Job.RetriesWaiting = []job.Hold{f.Hold}, []store.WaitingRetry{f.Retry}
	c.Job.Confirmations = []job.Confirmation{f.Confirmation}
	c.Audit.Added = []audit.Page{f.Audit}
	c.Sinks.Created, c.Sinks.DeadLetters = []sink.Sink{f.Sink}, []store.DeadLetter{f.Letter}
	c.Outbox.At = f.Waiting.At
	return c
}

// stored reads everything back.
func stored(r store.Reader, like facts) (f facts, err error) {
	into := func(name string, read func() error) {
		if e := read(); e != nil && err == nil {
			err = fmt.Errorf("%s: %w", name, e)
		}
	}
	key := like.Job.Key
	into("job", func() (err error) { f.Job, err = r.Job(key); return err })
	into("document", func() (err error) { f.Document, err = r.Document(key); return err })
	into("original", func() (err error) { f.Original, err = r.OriginalDocument(key); return err })
	into("template", func() (err error) { f.Template, err = r.Template(like.Template.ID); return err })
	into("execution", func() (err error) { f.Execution, err = r.Execution(like.Execution.ExecutionKey); return err })
	into("thing", func() (err error) { f.Thing, err = r.Thing(like.Thing.ID); return err })
	into("type", func() (err error) { f.Type, err = r.ThingType(like.Type.Name); return err })
	into("group", func() (err error) { f.Group, err = r.Group(like.Group.ID); return err })
	into("billing group", func() (err error) {
		if like.BillingGroup.ID != 0 { // an earlier version had none
			f.BillingGroup, err = r.BillingGroup(like.BillingGroup.ID)
		}
		return err
	})
	into("membership", func() error {
		found, err := r.Memberships(like.Thing.ID)
		if len(found) == 1 {
			f.Membership = found[0]
			f.Membership.Name = like.Thing.Name // lists of one thing leave it out
		}
		return err
	})
	into("left membership", func() error {
		found, err := r.LeftBefore(like.Left.Left, 2)
		if len(found) == 1 {
			f.Left = found[0]
		}
		return err
	})
	into("certificate", func() (err error) { f.Certificate, err = r.Certificate(like.Certificate.ID); return err })
	into("CA certificate", func() (err error) {
		if like.CA.ID != "" { // an earlier version had none
			f.CA, err = r.CACertificate(like.CA.ID)
		}
		return err
	})
	into("policy", func() (err error) { f.Policy, err = r.Policy(like.Policy.Name); return err })
	into("attachment", func() error {
		found, err := r.TargetsOf(like.Policy.Name, registry.Attachment{}, 2)
		if len(found) == 1 {
			f.Attachment = found[0]
		}
		return err
	})
	into("principal", func() (err error) { f.Principal, err = r.Principal(like.Thing.ID, like.Certificate.ID); return err })
	into("tags", func() (err error) { f.Tags, err = r.Tags(registry.KindJob, like.Job.ID); return err })
	into("announcement", func() error {
		found, err := r.Announcements(0, 2)
		if len(found) == 1 {
			f.Announcement = found[0]
		}
		return err
	})
	into("setting", func() (err error) {
		f.Setting.Name = like.Setting.Name
		f.Setting.Value, err = r.Setting(like.Setting.Name)
		return err
	})
	into("membership work", func() error {
		found, err := r.MembershipWork(2)
		if len(found) == 1 {
			f.Work = found[0]
		}
		return err
	})
	into("hold", func() error {
		found, err := r.Holds(0, 2)
		if len(found) == 1 {
			f.Hold = found[0]
		}
		return err
	})
	into("waiting retry", func() error {
		found, err := r.WaitingRetries(key, 2)
		if len(found) == 1 {
			f.Retry = found[0]
		}
		return err
	})
	into("confirmation", func() error {
		found, err := r.Confirmations(store.ConfirmationCursor{}, 2)
		if len(found) == 1 {
			f.Confirmation = found[0].Confirmation
		}
		return err
	})
	into("audit page", func() error {
		found, err := r.AuditPages(store.AuditQuery{Limit: 2})
		if len(found) == 1 {
			f.Audit = found[0]
		}
		return err
	})
	into("sink", func() (err error) {
		if like.Sink.ID != 0 { // an earlier version had none
			f.Sink, err = r.Sink(like.Sink.Name)
		}
		return err
	})
	into("events of sinks", func() error {
		found, err := r.SinkEvents(0, 2)
		if len(found) == 1 {
			f.Waiting = found[0]
		}
		return err
	})
	into("dead letter", func() error {
		found, err := r.DeadLetters(store.DeadLetterQuery{Sink: like.Sink.ID, Limit: 2})
		if len(found) == 1 {
			f.Letter = found[0]
		}
		return err
	})
	into("authorizer", func() (err error) {
		if like.Authorizer.Name != "" { // an earlier version had none
			f.Authorizer, err = r.Authorizer(like.Authorizer.Name)
		}
		return err
	})
	into("provisioning template", func() error {
		found, err := r.ProvisioningTemplates("", 2)
		if len(found) == 1 {
			f.Provisioning = found[0]
		}
		return err
	})
	into("temporary certificate", func() error {
		found, err := r.TemporaryCertificates(like.Temporary.Until, 2)
		if len(found) == 1 {
			f.Temporary = found[0]
		}
		return err
	})
	into("node", func() error {
		found, err := r.Nodes()
		if len(found) == 1 {
			f.Node = found[0]
		}
		return err
	})
	into("client", func() error {
		found, err := r.Turns(like.Client.Name)
		if len(found) == 1 {
			f.Client = found[0]
		}
		return err
	})
	session := func(like store.SessionEntry, found *store.SessionEntry) func() error {
		return func() error {
			list, err := r.SessionMessages(like.Client, like.Seq, like.Seq)
			if len(list) == 1 {
				*found = list[0]
			}
			return err
		}
	}
	into("session", session(like.Session, &f.Session))
	into("message", session(like.Message, &f.Message))
	return f, err
}

// What this program writes is what the file says: no name and no form has changed.
func TestStoredAsBefore(t *testing.T) {
	t.Parallel()
	s, err := Open(filepath.Join(t.TempDir(), "drover.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.Write(context.Background(), func(tx store.Tx) error { return tx.Apply(everything().changes()) })
	if err != nil {
		t.Fatal(err)
	}
	got := dumpRows(t, s.writer)
	if *rewriteStored {
		if err := os.WriteFile(storedFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(storedFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("rows are stored in another form than files of users have them (-file +now):\n%s", diff)
	}
}

// withoutProvisioning takes out what came with version 20: provisioning templates, and certificates
// that are removed at a time.
func withoutProvisioning(f *facts) {
	f.Provisioning = registry.ProvisioningTemplate{}
	f.Temporary = registry.TemporaryCertificate{}
}

// withoutAuthorizers takes out what came with version 19, authorizers, and later.
func withoutAuthorizers(f *facts) {
	withoutProvisioning(f)
	f.Authorizer, f.Announcement.Nodes.Authorizers = registry.Authorizer{}, nil
}

// withoutAuthorities takes out what came with version 18, CA certificates, and later.
func withoutAuthorities(f *facts) {
	withoutAuthorizers(f)
	f.CA, f.Certificate.CA, f.Announcement.Nodes.Authorities = registry.CACertificate{}, "", false
}

// withoutSinks takes out what came with version 17, sinks, and later.
func withoutSinks(f *facts) {
	withoutAuthorities(f)
	f.Sink, f.Waiting, f.Letter = sink.Sink{}, store.SinkEvents{}, store.DeadLetter{}
}

// withoutAudit takes out what came with version 16: the audit log, and since when a job is paused.
func withoutAudit(f *facts) {
	withoutSinks(f)
	f.Audit, f.Job.PausedAt = audit.Page{}, time.Time{}
}

// withoutSilence takes out what came with version 15, and later.
func withoutSilence(f *facts) {
	withoutAudit(f)
	f.Execution.Silent = false
}

// withoutSteering takes out what came with version 14, and later.
func withoutSteering(f *facts) {
	withoutSilence(f)
	f.Execution.ShowAt, f.Execution.Wave, f.Execution.Held = time.Time{}, 0, false
	f.Hold, f.Retry, f.Confirmation = job.Hold{}, store.WaitingRetry{}, job.Confirmation{}
	f.Job.Steering, f.Job.Paused, f.Job.Steered = nil, "", nil
	f.Job.Progress.Closed = time.Time{}
	f.Announcement.Nodes.Confirmations = nil
}

// withoutNodes takes out what came with version 13, and later.
func withoutNodes(f *facts) {
	withoutSteering(f)
	f.Announcement.Nodes, f.Node, f.Client = store.ForNodes{}, store.Node{}, store.Client{}
}

// withoutBilling takes out what came with versions 11 and 12: the time of an attachment, which is
// that of its certificate then, and billing groups.
func withoutBilling(f *facts) {
	withoutNodes(f)
	f.Attachment.AttachedAt = f.Certificate.CreatedAt
	f.BillingGroup, f.Thing.BillingGroup = registry.BillingGroup{}, 0
}

// withoutLinks takes out members that came after version 10, and with no other version: the links
// of documents, and whether there are artifacts in them.
func withoutLinks(f *facts) {
	withoutBilling(f)
	f.Job.DocumentSource, f.Template.DocumentSource = "", ""
	f.Job.HasArtifacts = false
}

// withoutBodies takes out what came with version 10, messages apart from their heads, and later.
func withoutBodies(f *facts) {
	withoutLinks(f)
	f.Session.Body, f.Session.Shared = nil, 0
	f.Message = store.SessionEntry{}
}

// What files of users hold at any version of the schema is read whole, after all migrations.
func TestStoredIsRead(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		file    string
		version int
		without func(*facts) // takes out what later versions have added
	}{
		{"testdata/stored-1.sql", 1, func(f *facts) {
			f.Job.Progress.Cursor.Path, f.Job.Backfill.Path, f.Job.Progress.Searching = nil, nil, false
			f.Work, f.Left = job.MembershipWork{}, registry.LeftMembership{}
			f.Job.Progress.Cursor.Returned, f.Job.Backfill.Returned = false, false
			withoutBodies(f)
		}},
		{"testdata/stored-9.sql", 9, withoutBodies},
		{"testdata/stored-10.sql", 10, withoutLinks},
		{"testdata/stored-10-links.sql", 10, withoutBilling},
		{"testdata/stored-12.sql", 12, withoutNodes},
		{"testdata/stored-13.sql", 13, withoutSteering},
		{"testdata/stored-14.sql", 14, withoutSilence},
		{"testdata/stored-15.sql", 15, withoutAudit},
		{"testdata/stored-16.sql", 16, withoutSinks},
		{"testdata/stored-17.sql", 17, withoutAuthorities},
		{"testdata/stored-18.sql", 18, withoutAuthorizers},
		{"testdata/stored-19.sql", 19, withoutProvisioning},
		{storedFile, len(migrations), func(*facts) {}},
	} {
		t.Run(row.file, func(t *testing.T) { // which closes the store: 32 bits have no addresses for all of them
			rows, err := os.ReadFile(row.file)
			if err != nil {
				t.Fatal(err)
			}
			s := migrated(t, row.version, string(rows))
			want := everything()
			row.without(&want)
			err = s.Read(context.Background(), func(r store.Reader) error {
				got, err := stored(r, want)
				ignored := cmp.Options{cmpopts.EquateEmpty(), cmp.FilterPath(func(p cmp.Path) bool {
					return p.String() == "Template.Document" // kept, and read, beside the others
				}, cmp.Ignore())}
				if diff := cmp.Diff(want, got, ignored, cmp.AllowUnexported(facts{})); diff != "" {
					t.Errorf("(-stored +read):\n%s", diff)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// migrated opens a file that an older Drover left: at that version of the schema, with the rows
// that a script inserts.
func migrated(t *testing.T, version int, script string) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "drover.db")
	old, err := connect(path, readerCache)
	if err != nil {
		t.Fatal(err)
	}
	script = strings.Join(migrations[:version], ";") +
		fmt.Sprintf("; PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, version) + script
	if err := old.db.Exec(script); err != nil {
		t.Fatal(err)
	}
	if err := old.close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// dumpRows writes every row of every table as an INSERT statement.
func dumpRows(t *testing.T, c *conn) string {
	t.Helper()
	text := func(sql string) []string {
		var found []string
		rows := c.stmt(sql)
		for rows.Row() {
			found = append(found, rows.Text())
		}
		if err := rows.End(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		return found
	}
	var dump strings.Builder
	for _, table := range text(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('counter', 'job_count') ORDER BY name`) {
		columns := text(fmt.Sprintf(`SELECT name FROM pragma_table_info('%s') ORDER BY cid`, table))
		quoted := make([]string, len(columns))
		for i, column := range columns {
			quoted[i] = "quote(" + column + ")"
		}
		rows := text(fmt.Sprintf(`SELECT %s FROM %s`, strings.Join(quoted, " || ', ' || "), table))
		for _, row := range rows {
			fmt.Fprintf(&dump, "INSERT INTO %s (%s)\n\tVALUES (%s);\n", table, strings.Join(columns, ", "), row)
		}
	}
	return dump.String()
}

// Every member of what is kept as JSON is named by a tag, so that renaming it in Go renames nothing
// in a file.
func TestStoredNamesAreExplicit(t *testing.T) {
	t.Parallel()
	seen := map[reflect.Type]bool{}
	var walk func(at reflect.Type)
	walk = func(at reflect.Type) {
		switch at.Kind() {
		case reflect.Pointer, reflect.Slice:
			walk(at.Elem())
			return
		case reflect.Struct:
		default:
			return
		}
		if at.Implements(reflect.TypeFor[json.Marshaler]()) || seen[at] { // it names nothing
			return
		}
		seen[at] = true
		names := map[string]bool{}
		for i := range at.NumField() {
			field := at.Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "" || names[name] && name != "-" {
				t.Errorf("%s.%s: the json tag %q does not name it", at, field.Name, field.Tag.Get("json"))
			}
			names[name] = true
			walk(field.Type)
		}
	}
	walk(reflect.TypeFor[job.Definition]())
	walk(reflect.TypeFor[job.State]())
	walk(reflect.TypeFor[job.Template]())
	walk(reflect.TypeFor[job.MembershipWork]())
	walk(reflect.TypeFor[registry.TypeProperties]())
	walk(reflect.TypeFor[registry.RegistrationConfig]())
	walk(reflect.TypeFor[store.Event]())
	walk(reflect.TypeFor[store.ForNodes]())
	walk(reflect.TypeFor[sink.Definition]())
	walk(reflect.TypeFor[sink.Progress]())
	walk(reflect.TypeFor[registry.ProvisioningTemplate]())
	if len(seen) < 15 {
		t.Errorf("only %d types were looked at: %v", len(seen), seen)
	}
}
