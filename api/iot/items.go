package iot

// The lists in the responses of paged operations, with their types: client.All ranges over what
// Items returns, page after page. Each is the member that the operation's schema.Page names, which
// a test checks.

func (r ListAuthorizersResponse) Items() []AuthorizerSummary { return r.Authorizers }
func (r ListBillingGroupsResponse) Items() []GroupNameAndArn { return r.BillingGroups }
func (r ListCACertificatesResponse) Items() []CACertificate  { return r.Certificates }
func (r ListCertificatesResponse) Items() []Certificate      { return r.Certificates }
func (r ListJobExecutionsForJobResponse) Items() []JobExecutionSummaryForJob {
	return r.ExecutionSummaries
}
func (r ListJobExecutionsForThingResponse) Items() []JobExecutionSummaryForThing {
	return r.ExecutionSummaries
}
func (r ListJobTemplatesResponse) Items() []JobTemplateSummary { return r.JobTemplates }
func (r ListJobsResponse) Items() []JobSummary                 { return r.Jobs }
func (r ListManagedJobTemplatesResponse) Items() []ManagedJobTemplateSummary {
	return r.ManagedJobTemplates
}
func (r ListPolicyPrincipalsResponse) Items() []Principal { return r.Principals }
func (r ListPrincipalThingsV2Response) Items() []PrincipalThingObject {
	return r.PrincipalThingObjects
}
func (r ListProvisioningTemplatesResponse) Items() []ProvisioningTemplateSummary {
	return r.Templates
}
func (r ListProvisioningTemplateVersionsResponse) Items() []ProvisioningTemplateVersionSummary {
	return r.Versions
}
func (r ListTagsForResourceResponse) Items() []Tag           { return r.Tags }
func (r ListTargetsForPolicyResponse) Items() []PolicyTarget { return r.Targets }
func (r ListThingGroupsResponse) Items() []GroupNameAndArn   { return r.ThingGroups }
func (r ListThingPrincipalsResponse) Items() []Principal     { return r.Principals }
func (r ListThingPrincipalsV2Response) Items() []ThingPrincipalObject {
	return r.ThingPrincipalObjects
}
func (r ListThingTypesResponse) Items() []ThingTypeDefinition { return r.ThingTypes }
func (r ListThingsResponse) Items() []ThingAttribute          { return r.Things }
func (r PolicyList) Items() []Policy                          { return r.Policies }
func (r ThingNames) Items() []ThingName                       { return r.Things }
