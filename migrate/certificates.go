package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// A certificate is public, and its PEM is all that is read of it: private keys are with the devices,
// and neither server has them.

// statuses are those with which a certificate can be registered.
var statuses = []types.CertificateStatus{
	types.CertificateStatusActive, types.CertificateStatusInactive, types.CertificateStatusRevoked,
}

// copyCertificates registers certificates by their PEM, with their status.
func (c *copier) copyCertificates(ctx context.Context) error {
	pages := iot.NewListCertificatesPaginator(c.source,
		&iot.ListCertificatesInput{PageSize: aws.Int32(page)})
	of := func(p *iot.ListCertificatesOutput) []types.Certificate { return p.Certificates }
	for listed, err := range items(ctx, pages, of) {
		if err != nil {
			return c.refuse(Certificates, "*", err)
		}
		if err := c.copyCertificate(ctx, aws.ToString(listed.CertificateId)); err != nil {
			return err
		}
	}
	return nil
}

func (c *copier) copyCertificate(ctx context.Context, id string) error {
	o := object{kind: Certificates, name: id}
	text, status, err := c.sourceCertificate(ctx, id)
	if err != nil {
		return c.refuse(o.kind, o.name, err)
	}
	there, err := c.target.DescribeCertificate(ctx,
		&iot.DescribeCertificateInput{CertificateId: aws.String(c.targetID(id))})
	switch {
	case err == nil:
		o.there = true
		c.learn(there.CertificateDescription.CertificateArn)
		var d differences
		was, is := string(status), string(there.CertificateDescription.Status)
		d.text("status", &was, &is)
		o.differs = d.String()
	case !missing(err):
		return c.refuse(o.kind, o.name, err)
	case !slices.Contains(statuses, status):
		return c.found(o.kind, o.name, Refused,
			fmt.Sprintf("status: %s is none with which a certificate can be registered", status))
	}
	o.create = func() error {
		made, err := c.target.RegisterCertificateWithoutCA(ctx,
			&iot.RegisterCertificateWithoutCAInput{CertificatePem: text, Status: status})
		if err != nil {
			return err
		}
		c.learn(made.CertificateArn)
		if got := aws.ToString(made.CertificateId); got != id {
			c.renamed[id] = got
		}
		return nil
	}
	return c.put(o)
}

// sourceCertificate reads a certificate of the source. Its id is the SHA-256 of the certificate in
// every server that follows the API to the letter; where it is another, the copy remembers both.
func (c *copier) sourceCertificate(
	ctx context.Context, id string,
) (text *string, status types.CertificateStatus, err error) {
	here, err := c.source.DescribeCertificate(ctx,
		&iot.DescribeCertificateInput{CertificateId: &id})
	if err != nil {
		return nil, "", err
	}
	text = here.CertificateDescription.CertificatePem
	if block, _ := pem.Decode([]byte(aws.ToString(text))); block != nil {
		sum := sha256.Sum256(block.Bytes)
		if digest := hex.EncodeToString(sum[:]); digest != id {
			c.renamed[id] = digest
		}
	}
	return text, here.CertificateDescription.Status, nil
}

// targetID is the id in the target of a certificate of the source.
func (c *copier) targetID(id string) string {
	if other, ok := c.renamed[id]; ok {
		return other
	}
	return id
}
