package control

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// audited are all records of the audit log of a scenario.
func (s *scenario) audited() (all []audit.Record) {
	s.t.Helper()
	err := s.engine.Records.Store.Read(s.t.Context(), func(r store.Reader) error {
		pages, err := r.AuditPages(store.AuditQuery{Limit: 1 << 20})
		for _, page := range pages {
			for _, stored := range page.Records() {
				record, err := stored.Record()
				if err != nil {
					return err
				}
				all = append(all, record)
			}
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// newRecorded is a scenario in which each request is checked for what it has recorded: one that was
// accepted and whose operation changes something one record, if it has changed anything, and every
// other none. One whose operation changes nothing must write nothing. recorded is called with each
// operation that has left a record.
func newRecorded(t *testing.T, recorded func(operation string)) *scenario {
	t.Helper()
	changes := new(atomic.Int64)
	s := newScenarioOn(t, watched{memory.Open(), changes})
	s.watchRecords(changes, recorded)
	return s
}

// watchRecords checks each request as newRecorded says.
func (s *scenario) watchRecords(changes *atomic.Int64, recorded func(operation string)) {
	seen := 0
	s.asked = func() { changes.Store(0) }
	s.answered = func(op *schema.Description, w *httptest.ResponseRecorder) {
		s.t.Helper()
		if n := changes.Load(); n > 0 && op.Change == nil {
			s.t.Errorf("%s has written %d times, and its description does not say what it changes", op.Name, n)
		}
		var fresh []audit.Record
		all := s.audited()
		for _, r := range all[seen:] {
			if r.Operator.Name != audit.Server {
				fresh = append(fresh, r)
			}
		}
		seen = len(all)
		what := fmt.Sprintf("%s, answered %d %s", op.Name, w.Code, w.Body)
		if len(fresh) == 0 {
			return
		}
		if op.Change == nil || w.Code != http.StatusOK || len(fresh) > 1 {
			s.t.Errorf("%s: left %d records: %+v", what, len(fresh), fresh)
			return
		}
		recorded(op.Name)
		r := fresh[0]
		kind, name, _ := strings.Cut(r.Resource, "/")
		if r.Operation != op.Name || kind == "" || name == "" || strings.HasSuffix(name, "/") {
			s.t.Errorf("%s: is recorded as %s of %q", what, r.Operation, r.Resource)
		}
		if r.Operator.KeyID != "AKIAALICE" || r.Source != "192.0.2.7" ||
			r.RequestID != fmt.Sprint("r-", s.requests) {
			s.t.Errorf("%s: is recorded of %+v, %s, %s", what, r.Operator, r.Source, r.RequestID)
		}
		for _, object := range [][]byte{r.Request, r.Before, r.After} {
			if len(object) > 0 && !json.Valid(object) {
				s.t.Errorf("%s: %s is no JSON", what, object)
			}
		}
		if strings.Contains(string(r.After), "PRIVATE KEY") {
			s.t.Errorf("%s: the record has a private key", what)
		}
	}
}

// Each operation that changes something leaves one record when it has done so, which the stories of
// all operations show; one that was refused, and each that changes nothing, leaves none.
func TestEachChangeIsRecorded(t *testing.T) { // R-AUD-1
	t.Parallel()
	var mu sync.Mutex
	times := map[string]int{}
	recorded := func(operation string) {
		mu.Lock()
		defer mu.Unlock()
		times[operation]++
	}
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("stories", func(t *testing.T) {
		for _, path := range files {
			t.Run(filepath.Base(path), func(t *testing.T) {
				t.Parallel()
				s := newRecorded(t, recorded)
				datadriven.RunTest(t, path, s.do)
			})
		}
	})
	others := map[string]bool{ // TestOtherChangesAreRecorded
		"CreateKeysAndCertificate": true,
		"CreateCertificateFromCsr": true,
		"RegisterCertificate":      true,
		"CreateProvisioningClaim":  true,
		"DeleteCertificate":        true,
		"AttachPrincipalPolicy":    true,
		"DeleteThingType":          true,
		"RetryJobExecutions":       true,
		"RotateSinkSecret":         true,
		"RetryDeadLetters":         true,
		"DeleteDeadLetters":        true,
	}
	for _, op := range allOperations() {
		if op.Change != nil && times[op.Name] == 0 && !others[op.Name] {
			t.Errorf("%s changes something, and has left no record", op.Name)
		}
	}
}

// An operation that its caller may not call is refused before it is counted against its rate, and
// leaves no record.
func TestRefusedOperatorLeavesNoRecord(t *testing.T) { // R-WEB-3
	t.Parallel()
	s := newRecorded(t, func(operation string) { t.Errorf("%s has left a record", operation) })
	limited := *s.handler.plane
	limited.Rate = 0.001 // one request in a long time
	h := NewHandler(&limited, slog.New(slog.DiscardHandler))
	ctx := WithCaller(t.Context(), Caller{Operator: audit.Operator{KeyID: "AKIAEVE", Name: "eve"}})
	create := func(may Authorize) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.Serve(ctx, w, httptest.NewRequest(http.MethodPost, "/things/pump", nil), []byte("{}"), may)
		return w
	}
	for range 3 {
		w := create(func(op *schema.Description) error {
			return fault.New(fault.Forbidden, "%s needs %s", op.Name, op.Role)
		})
		exception := w.Header().Get("x-amzn-ErrorType")
		if w.Code != http.StatusForbidden || exception != "AccessDeniedException" ||
			!strings.Contains(w.Body.String(), "CreateThing needs operator") {
			t.Errorf("refused: %d %s %s", w.Code, exception, w.Body)
		}
	}
	if records := s.audited(); len(records) != 0 {
		t.Errorf("records of what was refused: %+v", records)
	}
	if w := create(anybody); w.Code != http.StatusOK {
		t.Errorf("after refusals: %d %s", w.Code, w.Body)
	}
	if records := s.audited(); len(records) != 1 || records[0].Operation != "CreateThing" {
		t.Errorf("records: %+v", records)
	}
}
