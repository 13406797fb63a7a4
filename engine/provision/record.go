package provision

import (
	"encoding/json"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/audit"
)

// shown is what the audit log says of a device that was provisioned.
type shown struct {
	ThingName          string `json:"thingName,omitzero"`
	CertificateID      string `json:"certificateId"`
	TemplateName       string `json:"templateName,omitzero"`
	ClaimCertificateID string `json:"claimCertificateId,omitzero"`
	ClientID           string `json:"clientId,omitzero"`
}

// actProvision is how the audit log calls it.
const actProvision = "ProvisionDevice"

// record has the audit log say that a device was provisioned: no operator has asked for that
// (R-ID-88).
func record(tx *commit.Tx, s shown) error {
	after, err := json.Marshal(s)
	if err != nil {
		return err
	}
	resource := registry.KindCert + "/" + s.CertificateID
	if s.ThingName != "" {
		resource = registry.KindThing + "/" + s.ThingName
	}
	tx.Record(audit.Entry{
		Operator:  audit.Operator{Name: audit.Server},
		Operation: actProvision,
		Resource:  resource,
		After:     after,
	})
	return nil
}
