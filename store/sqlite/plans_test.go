package sqlite

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestPlans holds that every read and change finds its rows through a key or an index and in their
// order, so that it costs the same in a small fleet and in a large one.
func TestPlans(t *testing.T) {
	t.Parallel()
	s, err := Open(filepath.Join(t.TempDir(), "drover.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, row := range []struct{ sql, allowed string }{
		{sql: selectJob}, {sql: selectJobByID}, {sql: selectDocument}, {sql: listJobs}, {sql: listJobsByStatus},
		{sql: listJobsByTarget}, {sql: listDueJobs}, {sql: listContinuousJobs}, {sql: countJobs}, {sql: countActiveJobs}, {countConcurrentJobs, "SCAN job_count"}, {sql: updateJob}, {sql: updateJobState}, {sql: updateJobStatus},
		{sql: deleteJob}, {sql: deleteJobTargets}, {sql: deleteDroppedNumber}, {sql: listDroppedNumbers},
		{sql: firstDueJob}, {sql: firstDueExecution},

		{sql: updateExecution}, {sql: updateDetail}, {sql: deleteExecution}, {sql: selectHighest}, {sql: deleteJobThing},
		{sql: selectExecution}, {sql: selectLatest}, {selectLastNumber, "SCAN CONSTANT ROW"}, {sql: listPending}, {sql: listPendingWindowed},
		{sql: listPendingOfJob}, {sql: listQueuedOfThing}, {sql: listLeftMembers}, {sql: listLeftBefore}, {sql: oldestRollout}, {sql: newestRollout},
		{listMembershipWork, "SCAN membership_work"}, // as many as are asked for
		{sql: listAnyOfJob}, {sql: listDueExecutions}, {sql: listExecutionsOfJob},
		{listExecutionsOfThing, "USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY"}, // those queued at the same time
		{listJobOnThing, "USE TEMP B-TREE FOR ORDER BY"},                        // the attempts of one job on one thing

		{sql: updateThing}, {sql: keepThingName}, {sql: deleteThing}, {sql: deleteThingName}, {sql: selectThing}, {sql: selectThingID}, {sql: selectThingByName},
		{sql: selectThingName}, {sql: selectLiving}, {sql: listThings}, {sql: listThingsByType},
		{sql: updateGroup}, {sql: deleteMemberships}, {sql: deleteMembership}, {sql: selectGroup},
		{sql: selectGroupByName}, {sql: selectGroupByUUID}, {sql: listGroups}, {sql: listChildren}, {sql: listMembers},
		{sql: listMemberships},
		{listDynamicGroups, "SCAN thing_group USING INDEX thing_group_dynamic"}, // nothing else is in these indexes
		{listBusyGroups, "SCAN thing_group USING INDEX thing_group_busy"},
		{sql: listThingsByBillingGroup}, {sql: selectBillingGroup}, {sql: selectBillingGroupByName}, {sql: listBillingGroups},
		{sql: updateBillingGroup}, {sql: deleteBillingGroup}, {sql: setBillingGroup},
		{sql: deleteThingType}, {sql: selectThingType}, {sql: listThingTypes}, {sql: deleteTags}, {sql: selectTags},

		{sql: selectPolicy}, {sql: listPolicyVersions}, {sql: listPoliciesUp}, {sql: listPoliciesDown},
		{sql: deletePolicyVersions}, {sql: listPoliciesOf}, {sql: listTargetsOf}, {sql: listTargetsUp}, {sql: listTargetsDown}, {sql: deleteAttachment},
		{sql: selectPrincipal}, {sql: listPrincipalsOfThing}, {sql: listThingsOfPrincipal}, {sql: deletePrincipal},
		{sql: listCertificatesUp}, {sql: listCertificatesDown}, {sql: listAnnouncements}, {sql: listSessions},
	} {
		steps, err := all(s.writer.stmt("EXPLAIN QUERY PLAN "+row.sql), func(s *stmt) string { return s.ColumnText(3) })
		if err != nil {
			t.Fatalf("%s: %v", row.sql, err)
		}
		for _, step := range steps {
			if (strings.Contains(step, "SCAN") || strings.Contains(step, "TEMP B-TREE")) && step != row.allowed {
				t.Errorf("%s\nplan: %s", row.sql, strings.Join(steps, "; "))
			}
		}
	}
}
