package relational

// Statements are those whose cost must not grow with the fleet, its groups or its jobs. The stores
// ask their planners about each of them.
func Statements() []string {
	return []string{
		selectJob, selectJobByID, selectDocument, listJobs, listJobsByStatus, listJobsByTarget,
		listDueJobs, listContinuousJobs, countJobs, countActiveJobs, countConcurrentJobs,
		updateJob, updateJobState, updateJobStatus, deleteJob, deleteJobTargets,
		deleteDroppedNumber, listDroppedNumbers, selectNextDue, updateExecution,
		updateDetail, deleteExecution, deleteJobThing, selectExecution, selectLatest,
		selectLastNumber, listPending, listPendingWindowed, listPendingOfJob, listQueuedOfThing,
		listLeftMembers, listLeftBefore, oldestRollout, newestRollout, listMembershipWork,
		listAnyOfJob, listDueExecutions, listExecutionsOfJob, listExecutionsOfThing,
		listJobOnThing, updateThing, keepThingName, deleteThing, deleteThingName, selectThing,
		selectThingID, selectThingByName, selectThingName, listThings, listThingsByType,
		updateGroup, deleteMemberships, deleteMembership, selectGroup, selectGroupByName,
		selectGroupByUUID, listGroups, listChildren, listMembers, listMemberships,
		listDynamicGroups, listBusyGroups, listThingsByBillingGroup, selectBillingGroup,
		selectBillingGroupByName, listBillingGroups, updateBillingGroup, deleteBillingGroup,
		setBillingGroup, deleteThingType, selectThingType, listThingTypes, deleteTags,
		selectTags, selectPolicy, listPolicyVersions, listPoliciesUp, listPoliciesDown,
		deletePolicyVersions, listPoliciesOf, listTargetsOf, listTargetsUp, listTargetsDown,
		deleteAttachment, selectPrincipal, listPrincipalsOfThing, listThingsOfPrincipal,
		deletePrincipal, listCertificatesUp, listCertificatesDown, listCertificatesOfCAUp,
		listCertificatesOfCADown, selectCACertificate, listCACertificatesUp,
		listCACertificatesDown, listCACertificatesOf, deleteCACertificate, listAnnouncements,
		listSessions, insertJobThing, insertExecution, insertMembership, putPrincipal,
		insertDroppedNumber, insertThing, insertJobTarget, insertContinuousTarget,
		selectOriginal, listTemplates, selectTemplate, sizeAnnouncements, listMessages,
		selectSetting, selectNthThing, listEndedJobs, listLateJoiners, listTurns,
		listClientsOf, listSession, listFurther, listWaitingRetries, deleteWaitingRetry,
		saveHold, deleteHold, selectHold, listHolds, listDueHolds, saveConfirmation,
		deleteConfirmation, listConfirmations, listConfirmationsOf, listConfirmationsOfJob,
		listDueConfirmations, insertAudit, deleteAudit, markAudit, selectAuditHead,
		selectAuditMark, listAuditUp, listAuditDown, selectProvisioning, listProvisioning,
		deleteProvisioning, selectTemporary, listTemporary, deleteTemporary,
	}
}
