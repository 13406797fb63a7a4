package control

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/authorizer"
	"github.com/drover-iot/drover/schema"
)

// The operations of custom authorizers (R-ID-90, R-ID-91).

func (p *Plane) bindAuthorizers(r *schema.Router) {
	schema.Handle(r, iot.CreateAuthorizer, p.CreateAuthorizer)
	schema.Handle(r, iot.DescribeAuthorizer, p.DescribeAuthorizer)
	schema.Handle(r, iot.UpdateAuthorizer, p.UpdateAuthorizer)
	schema.Handle(r, iot.DeleteAuthorizer, p.DeleteAuthorizer)
	schema.Handle(r, iot.ListAuthorizers, p.ListAuthorizers)
	schema.Handle(r, iot.SetDefaultAuthorizer, p.SetDefaultAuthorizer)
	schema.Handle(r, iot.DescribeDefaultAuthorizer, p.DescribeDefaultAuthorizer)
	schema.Handle(r, iot.ClearDefaultAuthorizer, p.ClearDefaultAuthorizer)
	schema.Handle(r, iot.TestInvokeAuthorizer, p.TestInvokeAuthorizer)
}

// CreateAuthorizer creates an authorizer. Repeating it is an error, as with policies.
func (p *Plane) CreateAuthorizer(
	ctx context.Context, in *iot.CreateAuthorizerRequest,
) (*iot.AuthorizerNameAndArn, error) {
	status := registry.AuthorizerInactive
	if in.Status != nil {
		status = string(*in.Status)
	}
	err := p.Identity.CreateAuthorizer(ctx, registry.Authorizer{
		Name:            string(in.AuthorizerName),
		Function:        string(in.AuthorizerFunctionArn),
		TokenKey:        string(value(in.TokenKeyName)),
		SigningKeys:     in.TokenSigningPublicKeys,
		SigningDisabled: value(in.SigningDisabled),
		CachingForHTTP:  value(in.EnableCachingForHTTP),
		Status:          status,
	}, givenTags(in.Tags))
	if err != nil {
		return nil, err
	}
	return p.nameAuthorizer(ctx, in.AuthorizerName), nil
}

// nameAuthorizer names an authorizer.
func (p *Plane) nameAuthorizer(
	ctx context.Context, name iot.AuthorizerName,
) *iot.AuthorizerNameAndArn {
	return &iot.AuthorizerNameAndArn{
		AuthorizerName: name,
		AuthorizerArn:  p.arn(ctx, registry.KindAuthorizer, string(name)),
	}
}

// DescribeAuthorizer describes an authorizer.
func (p *Plane) DescribeAuthorizer(
	ctx context.Context, in *iot.DescribeAuthorizerRequest,
) (*iot.DescribeAuthorizerResponse, error) {
	a, err := p.Identity.DescribeAuthorizer(ctx, string(in.AuthorizerName))
	if err != nil {
		return nil, err
	}
	return p.showAuthorizer(ctx, a), nil
}

// showAuthorizer shows an authorizer.
func (p *Plane) showAuthorizer(
	ctx context.Context, a registry.Authorizer,
) *iot.DescribeAuthorizerResponse {
	return &iot.DescribeAuthorizerResponse{AuthorizerDescription: iot.AuthorizerDescription{
		AuthorizerName:         iot.AuthorizerName(a.Name),
		AuthorizerArn:          p.arn(ctx, registry.KindAuthorizer, a.Name),
		AuthorizerFunctionArn:  iot.AuthorizerFunctionArn(a.Function),
		TokenKeyName:           optional(iot.TokenKeyName(a.TokenKey)),
		TokenSigningPublicKeys: a.SigningKeys,
		Status:                 iot.AuthorizerStatus(a.Status),
		CreationDate:           schema.At(a.CreatedAt),
		LastModifiedDate:       schema.At(a.UpdatedAt),
		SigningDisabled:        a.SigningDisabled,
		EnableCachingForHTTP:   a.CachingForHTTP,
	}}
}

// UpdateAuthorizer changes what is given.
func (p *Plane) UpdateAuthorizer(
	ctx context.Context, in *iot.UpdateAuthorizerRequest,
) (*iot.AuthorizerNameAndArn, error) {
	err := p.Identity.UpdateAuthorizer(ctx, string(in.AuthorizerName), registry.AuthorizerUpdate{
		Function:       text(in.AuthorizerFunctionArn),
		TokenKey:       text(in.TokenKeyName),
		SigningKeys:    in.TokenSigningPublicKeys,
		Status:         text(in.Status),
		CachingForHTTP: in.EnableCachingForHTTP,
	})
	if err != nil {
		return nil, err
	}
	return p.nameAuthorizer(ctx, in.AuthorizerName), nil
}

// DeleteAuthorizer deletes an authorizer that is INACTIVE.
func (p *Plane) DeleteAuthorizer(
	ctx context.Context, in *iot.DeleteAuthorizerRequest,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Identity.DeleteAuthorizer(ctx, string(in.AuthorizerName))
}

// ListAuthorizers lists authorizers by name, from the last one unless asked otherwise.
func (p *Plane) ListAuthorizers(
	ctx context.Context, in *iot.ListAuthorizersRequest,
) (*iot.ListAuthorizersResponse, error) {
	ascending := value(in.AscendingOrder)
	return list(p, iot.ListAuthorizers, in,
		func(after *string, _ int) ([]registry.Authorizer, error) {
			all, err := p.Identity.ListAuthorizers(ctx)
			all = slices.DeleteFunc(all, func(a registry.Authorizer) bool {
				order := 0
				if after != nil {
					order = strings.Compare(a.Name, *after)
				}
				passed := after != nil && (ascending && order <= 0 || !ascending && order >= 0)
				return passed || in.Status != nil && a.Status != string(*in.Status)
			})
			if !ascending {
				slices.Reverse(all)
			}
			return all, err
		},
		func(a registry.Authorizer) string { return a.Name },
		func(a registry.Authorizer) iot.AuthorizerSummary {
			return iot.AuthorizerSummary(*p.nameAuthorizer(ctx, iot.AuthorizerName(a.Name)))
		})
}

// SetDefaultAuthorizer makes an authorizer that of clients that name none.
func (p *Plane) SetDefaultAuthorizer(
	ctx context.Context, in *iot.SetDefaultAuthorizerRequest,
) (*iot.AuthorizerNameAndArn, error) {
	if err := p.Identity.SetDefaultAuthorizer(ctx, string(in.AuthorizerName)); err != nil {
		return nil, err
	}
	return p.nameAuthorizer(ctx, in.AuthorizerName), nil
}

// DescribeDefaultAuthorizer describes the authorizer of clients that name none.
func (p *Plane) DescribeDefaultAuthorizer(
	ctx context.Context, _ *iot.DescribeDefaultAuthorizerRequest,
) (*iot.DescribeAuthorizerResponse, error) {
	a, err := p.Identity.DefaultAuthorizer(ctx)
	if err != nil {
		return nil, err
	}
	return p.showAuthorizer(ctx, a), nil
}

// ClearDefaultAuthorizer leaves clients that name no authorizer without one.
func (p *Plane) ClearDefaultAuthorizer(
	ctx context.Context, _ *iot.ClearDefaultAuthorizerRequest,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Identity.ClearDefaultAuthorizer(ctx)
}

// TestInvokeAuthorizer asks an authorizer about a client. That the client is not authenticated is an
// answer; a token that is not signed as it should be is a wrong request (R-ID-91).
func (p *Plane) TestInvokeAuthorizer(
	ctx context.Context, in *iot.TestInvokeAuthorizerRequest,
) (*iot.TestInvokeAuthorizerResponse, error) {
	a, err := p.Identity.DescribeAuthorizer(ctx, string(in.AuthorizerName))
	if err != nil {
		return nil, err
	}
	client, err := testClient(in)
	if err != nil {
		return nil, err
	}
	shown := authorizer.Token{
		Value:     string(value(in.Token)),
		Signature: string(value(in.TokenSignature)),
	}
	question, err := authorizer.Ask(a, client, shown, "test")
	if f := fault.Of(err); f != nil {
		return nil, fault.New(fault.Invalid, "%s", f.Message)
	}
	grant, err := p.Authorizers.Test(ctx, a, question)
	if errors.Is(err, authorizer.ErrNotAuthenticated) {
		return &iot.TestInvokeAuthorizerResponse{}, nil
	}
	if err != nil {
		return nil, err
	}
	documents, err := p.documentsOf(ctx, grant)
	if err != nil {
		return nil, err
	}
	return &iot.TestInvokeAuthorizerResponse{
		IsAuthenticated:          true,
		PrincipalID:              &grant.PrincipalID,
		PolicyDocuments:          documents,
		RefreshAfterInSeconds:    new(int32(grant.RefreshAfter / time.Second)),
		DisconnectAfterInSeconds: new(int32(grant.DisconnectAfter / time.Second)),
	}, nil
}

// documentsOf are all policies of a grant: those that it has itself, and those that it names as they
// are now.
func (p *Plane) documentsOf(
	ctx context.Context, g authorizer.Grant,
) (found []iot.PolicyDocument, err error) {
	for _, document := range g.Documents {
		found = append(found, iot.PolicyDocument(document))
	}
	for _, name := range g.Policies {
		named, err := p.Identity.GetPolicy(ctx, name)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, iot.PolicyDocument(named.Document()))
	}
	return found, nil
}

// testClient is the client that a request describes.
func testClient(in *iot.TestInvokeAuthorizerRequest) (c authorizer.Client, err error) {
	c.ServerName = string(value(value(in.TLSContext).ServerName))
	if h := in.HTTPContext; h != nil {
		c.HTTP = &authorizer.HTTP{
			Headers: h.Headers,
			Query:   strings.TrimPrefix(string(value(h.QueryString)), "?"),
		}
	}
	m := value(in.MqttContext)
	c.Username, c.ClientID = string(value(m.Username)), string(value(m.ClientID))
	c.Password, err = base64.StdEncoding.DecodeString(string(value(m.Password)))
	if err != nil {
		return c, fault.New(fault.Invalid, "mqttContext.password: is no base64")
	}
	return c, nil
}
