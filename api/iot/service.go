package iot

import "github.com/drover-iot/drover/schema"

// Service is the control plane: every operation that Drover offers.
var Service = schema.Service{
	Name: "iot", Version: "2015-05-28", Signing: "iot",
	Operations: []schema.Operation{
		CreateJob, DescribeJob, UpdateJob, ListJobs, CancelJob, DeleteJob, GetJobDocument,
		AssociateTargetsWithJob,

		DescribeJobExecution, ListJobExecutionsForJob, ListJobExecutionsForThing,
		CancelJobExecution,
		DeleteJobExecution,

		CreateJobTemplate, DescribeJobTemplate, ListJobTemplates, DeleteJobTemplate,
		DescribeManagedJobTemplate,
		ListManagedJobTemplates,

		CreateThing, DescribeThing, UpdateThing, DeleteThing, ListThings, CreateThingType,
		DescribeThingType,
		ListThingTypes, DeprecateThingType, DeleteThingType,

		CreateThingGroup, DescribeThingGroup, UpdateThingGroup, DeleteThingGroup, ListThingGroups,
		AddThingToThingGroup, RemoveThingFromThingGroup, ListThingsInThingGroup,
		ListThingGroupsForThing,
		UpdateThingGroupsForThing, CreateDynamicThingGroup, UpdateDynamicThingGroup,
		DeleteDynamicThingGroup,
		UpdateIndexingConfiguration, GetIndexingConfiguration, SearchIndex,

		CreateBillingGroup, DescribeBillingGroup, UpdateBillingGroup, DeleteBillingGroup,
		ListBillingGroups, AddThingToBillingGroup, RemoveThingFromBillingGroup,
		ListThingsInBillingGroup,

		CreateKeysAndCertificate, CreateCertificateFromCsr, RegisterCertificateWithoutCA,
		RegisterCertificate,
		GetRegistrationCode, DeleteRegistrationCode, RegisterCACertificate,
		DescribeCACertificate, ListCACertificates, UpdateCACertificate, DeleteCACertificate,
		ListCertificatesByCA,
		DescribeCertificate, UpdateCertificate, ListCertificates, DeleteCertificate,
		AttachThingPrincipal,
		DetachThingPrincipal, ListThingPrincipals, ListPrincipalThings, ListThingPrincipalsV2,
		ListPrincipalThingsV2,

		CreatePolicy, GetPolicy, ListPolicies, DeletePolicy, CreatePolicyVersion, GetPolicyVersion,
		ListPolicyVersions, SetDefaultPolicyVersion, DeletePolicyVersion, AttachPolicy,
		DetachPolicy,
		ListAttachedPolicies, ListTargetsForPolicy, GetEffectivePolicies, TestAuthorization,
		AttachPrincipalPolicy,
		DetachPrincipalPolicy, ListPrincipalPolicies, ListPolicyPrincipals,

		CreateAuthorizer, DescribeAuthorizer, UpdateAuthorizer, DeleteAuthorizer, ListAuthorizers,
		SetDefaultAuthorizer, DescribeDefaultAuthorizer, ClearDefaultAuthorizer,
		TestInvokeAuthorizer,

		CreateProvisioningTemplate, DescribeProvisioningTemplate, ListProvisioningTemplates,
		UpdateProvisioningTemplate, DeleteProvisioningTemplate, CreateProvisioningTemplateVersion,
		DescribeProvisioningTemplateVersion, ListProvisioningTemplateVersions,
		DeleteProvisioningTemplateVersion, CreateProvisioningClaim, RegisterThing,

		TagResource, UntagResource, ListTagsForResource, DescribeEventConfigurations,
		UpdateEventConfigurations,
		DescribeEndpoint,
	},
}
