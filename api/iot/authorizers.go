package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// The name of a custom authorizer.
type AuthorizerName string

func (AuthorizerName) Constraint() schema.Constraint {
	return schema.Length(1, 128).Matching(`[\w=,@-]+`)
}

// Who decides about clients of an authorizer: the https URL of a service that is asked as a Lambda
// function would be (http for loopback only), or file: and the name of a file of tokens in the folder
// that the server has for them. The ARN of a Lambda function is refused: Drover calls none.
type AuthorizerFunctionArn string

func (AuthorizerFunctionArn) Constraint() schema.Constraint {
	return schema.Length(0, 2048).Matching(`[\s\S]*`)
}

// The name of the header, or of the parameter of a query or user name, that has the token.
type TokenKeyName string

func (TokenKeyName) Constraint() schema.Constraint {
	return schema.Length(1, 128).Chars("a-zA-Z0-9_-")
}

// Public keys by names of yours, each an RSA key of at least 2048 bits in PEM. A token must be signed
// with one of them, so that strangers cannot have the authorizer's service called.
type PublicKeyMap map[string]string

func (PublicKeyMap) Constraint() schema.Constraint {
	return schema.Constraint{}.
		Keys(schema.Length(1, 128).Chars("a-zA-Z0-9:_-")).
		Each(schema.Length(0, 5120).Matching(`[\s\S]*`))
}

// Whether clients may connect by an authorizer.
type AuthorizerStatus string

func (AuthorizerStatus) Constraint() schema.Constraint { return schema.Enum("ACTIVE", "INACTIVE") }

type CreateAuthorizerRequest struct {
	AuthorizerName        AuthorizerName        `json:"authorizerName" in:"path"`
	AuthorizerFunctionArn AuthorizerFunctionArn `json:"authorizerFunctionArn"`
	// Required unless signing is disabled.
	TokenKeyName *TokenKeyName `json:"tokenKeyName"`
	// Required unless signing is disabled.
	TokenSigningPublicKeys PublicKeyMap `json:"tokenSigningPublicKeys"`
	// INACTIVE, unless it is given.
	Status *AuthorizerStatus `json:"status"`
	Tags   Tags              `json:"tags"`
	// Lets clients connect whose tokens are not signed. It stays as it was created.
	SigningDisabled *bool `json:"signingDisabled"`
	// Kept and shown. It has no effect, because no device uses HTTP with an authorizer here.
	EnableCachingForHTTP *bool `json:"enableCachingForHttp"`
}

// AuthorizerNameAndArn names an authorizer.
type AuthorizerNameAndArn struct {
	AuthorizerName AuthorizerName `json:"authorizerName"`
	AuthorizerArn  string         `json:"authorizerArn"`
}

// Creates an authorizer, by which devices connect without a certificate: with a token, or with user
// name and password.
var CreateAuthorizer = schema.Op[CreateAuthorizerRequest, AuthorizerNameAndArn]{
	Name: "CreateAuthorizer", Route: "POST /authorizer/{authorizerName}",
	Role:   schema.Admin,
	Change: schema.Creates("authorizer/{authorizerName}", DescribeAuthorizer),
	Errors: registryErrors(api.ResourceAlreadyExists, api.LimitExceeded),
}

type DescribeAuthorizerRequest struct {
	AuthorizerName AuthorizerName `json:"authorizerName" in:"path"`
}

type DescribeAuthorizerResponse struct {
	AuthorizerDescription AuthorizerDescription `json:"authorizerDescription"`
}

// An authorizer.
type AuthorizerDescription struct {
	AuthorizerName         AuthorizerName        `json:"authorizerName"`
	AuthorizerArn          string                `json:"authorizerArn"`
	AuthorizerFunctionArn  AuthorizerFunctionArn `json:"authorizerFunctionArn"`
	TokenKeyName           *TokenKeyName         `json:"tokenKeyName"`
	TokenSigningPublicKeys PublicKeyMap          `json:"tokenSigningPublicKeys"`
	Status                 AuthorizerStatus      `json:"status"`
	CreationDate           schema.Timestamp      `json:"creationDate"`
	LastModifiedDate       schema.Timestamp      `json:"lastModifiedDate"`
	SigningDisabled        bool                  `json:"signingDisabled"`
	EnableCachingForHTTP   bool                  `json:"enableCachingForHttp"`
}

// Describes an authorizer.
var DescribeAuthorizer = schema.Op[DescribeAuthorizerRequest, DescribeAuthorizerResponse]{
	Name: "DescribeAuthorizer", Route: "GET /authorizer/{authorizerName}",
	Role:   schema.Viewer,
	Errors: registryErrors(api.ResourceNotFound),
}

type UpdateAuthorizerRequest struct {
	AuthorizerName        AuthorizerName         `json:"authorizerName" in:"path"`
	AuthorizerFunctionArn *AuthorizerFunctionArn `json:"authorizerFunctionArn"`
	TokenKeyName          *TokenKeyName          `json:"tokenKeyName"`
	// Takes the place of all keys that the authorizer has.
	TokenSigningPublicKeys PublicKeyMap `json:"tokenSigningPublicKeys"`
	// INACTIVE ends the connections of the authorizer.
	Status *AuthorizerStatus `json:"status"`
	// Kept and shown, without effect.
	EnableCachingForHTTP *bool `json:"enableCachingForHttp"`
}

// Changes an authorizer. What is left out stays as it is. Clients that are connected stay, and are
// judged by what is new when the authorizer's service is asked about them next.
var UpdateAuthorizer = schema.Op[UpdateAuthorizerRequest, AuthorizerNameAndArn]{
	Name: "UpdateAuthorizer", Route: "PUT /authorizer/{authorizerName}",
	Role:   schema.Admin,
	Change: schema.Changes("authorizer/{authorizerName}", DescribeAuthorizer),
	Errors: registryErrors(api.ResourceNotFound, api.LimitExceeded),
}

type DeleteAuthorizerRequest struct {
	AuthorizerName AuthorizerName `json:"authorizerName" in:"path"`
}

// Deletes an authorizer that is INACTIVE.
var DeleteAuthorizer = schema.Op[DeleteAuthorizerRequest, schema.Nothing]{
	Name: "DeleteAuthorizer", Route: "DELETE /authorizer/{authorizerName}",
	Role:   schema.Admin,
	Change: schema.Changes("authorizer/{authorizerName}", DescribeAuthorizer),
	Errors: registryErrors(api.DeleteConflict, api.ResourceNotFound),
}

type ListAuthorizersRequest struct {
	PageSize *PageSize `json:"pageSize" in:"query"`
	Marker   *Marker   `json:"marker" in:"query"`
	// By name; the default is the other way round.
	AscendingOrder *bool `json:"ascendingOrder" in:"query" wire:"isAscendingOrder"`
	// Lists only those with this status.
	Status *AuthorizerStatus `json:"status" in:"query"`
}

type ListAuthorizersResponse struct {
	Authorizers []AuthorizerSummary `json:"authorizers"`
	NextMarker  *Marker             `json:"nextMarker"`
}

// An authorizer in a list.
type AuthorizerSummary struct {
	AuthorizerName AuthorizerName `json:"authorizerName"`
	AuthorizerArn  string         `json:"authorizerArn"`
}

// Lists authorizers by name.
var ListAuthorizers = schema.Op[ListAuthorizersRequest, ListAuthorizersResponse]{
	Name: "ListAuthorizers", Route: "GET /authorizers/",
	Role: schema.Viewer,
	Page: marked("authorizers"), Errors: registryErrors(),
}

type SetDefaultAuthorizerRequest struct {
	AuthorizerName AuthorizerName `json:"authorizerName"`
}

// Makes an authorizer that of all clients that name none. Another one must be cleared first.
var SetDefaultAuthorizer = schema.Op[SetDefaultAuthorizerRequest, AuthorizerNameAndArn]{
	Name: "SetDefaultAuthorizer", Route: "POST /default-authorizer",
	Role:   schema.Admin,
	Change: schema.Changes("configuration/default-authorizer", DescribeDefaultAuthorizer),
	Errors: registryErrors(api.ResourceNotFound, api.ResourceAlreadyExists),
}

type DescribeDefaultAuthorizerRequest struct{}

// Describes the authorizer of clients that name none.
var DescribeDefaultAuthorizer = schema.Op[DescribeDefaultAuthorizerRequest, DescribeAuthorizerResponse]{
	Name: "DescribeDefaultAuthorizer", Route: "GET /default-authorizer",
	Role:   schema.Viewer,
	Errors: registryErrors(api.ResourceNotFound),
}

type ClearDefaultAuthorizerRequest struct{}

// Leaves clients that name no authorizer without one.
var ClearDefaultAuthorizer = schema.Op[ClearDefaultAuthorizerRequest, schema.Nothing]{
	Name: "ClearDefaultAuthorizer", Route: "DELETE /default-authorizer",
	Role:   schema.Admin,
	Change: schema.Changes("configuration/default-authorizer", DescribeDefaultAuthorizer),
	Errors: registryErrors(api.ResourceNotFound),
}

type TestInvokeAuthorizerRequest struct {
	AuthorizerName AuthorizerName   `json:"authorizerName" in:"path"`
	Token          *AuthorizerToken `json:"token"`
	// Required, with the token, unless signing is disabled.
	TokenSignature *TokenSignature `json:"tokenSignature"`
	HTTPContext    *HttpContext    `json:"httpContext"`
	MqttContext    *MqttContext    `json:"mqttContext"`
	TLSContext     *TlsContext     `json:"tlsContext"`
}

// The token that a client would show.
type AuthorizerToken string

func (AuthorizerToken) Constraint() schema.Constraint {
	return schema.Length(1, 6144).Matching(`[\s\S]*`).Unrecorded()
}

// The signature of the token: RSA (PKCS #1 v1.5) of its SHA-256, in base64.
type TokenSignature string

func (TokenSignature) Constraint() schema.Constraint {
	return schema.Length(1, 2560).Matching(`[A-Za-z0-9+/]+={0,2}`).Unrecorded()
}

// What a client would send over HTTP.
type HttpContext struct {
	Headers     HTTPHeaders      `json:"headers"`
	QueryString *HTTPQueryString `json:"queryString"`
}

// Headers by their names.
type HTTPHeaders map[string]string

func (HTTPHeaders) Constraint() schema.Constraint {
	header := schema.Length(1, 8192).Matching(`[\s\S]*`).Unrecorded()
	return schema.Constraint{}.Keys(header).Each(header).Unrecorded()
}

// A query.
type HTTPQueryString string

func (HTTPQueryString) Constraint() schema.Constraint {
	return schema.Length(1, 4096).Matching(`[\s\S]*`).Unrecorded()
}

// What a client would send in its CONNECT.
type MqttContext struct {
	Username *MqttUsername `json:"username"`
	Password *MqttPassword `json:"password"`
	ClientID *MqttClientID `json:"clientId"`
}

// A user name of MQTT.
type MqttUsername string

func (MqttUsername) Constraint() schema.Constraint {
	return schema.Length(1, 65535).Matching(`[\s\S]*`).Unrecorded()
}

// A password of MQTT, in base64.
type MqttPassword string

func (MqttPassword) Constraint() schema.Constraint {
	return schema.Length(1, 87380).Base64().Unrecorded()
}

// A client id of MQTT.
type MqttClientID string

func (MqttClientID) Constraint() schema.Constraint {
	return schema.Length(1, 65535).Matching(`[\s\S]*`)
}

// What a client would send in the TLS handshake.
type TlsContext struct {
	ServerName *TLSServerName `json:"serverName"`
}

// The name of the server that a client connects to.
type TLSServerName string

func (TLSServerName) Constraint() schema.Constraint {
	return schema.Length(1, 253).Matching(`[\s\S]*`)
}

type TestInvokeAuthorizerResponse struct {
	IsAuthenticated bool `json:"isAuthenticated"`
	// Who the client is.
	PrincipalID *string `json:"principalId"`
	// What it may do.
	PolicyDocuments []PolicyDocument `json:"policyDocuments"`
	// After how many seconds the service would be asked again.
	RefreshAfterInSeconds *int32 `json:"refreshAfterInSeconds"`
	// After how many seconds the connection would end.
	DisconnectAfterInSeconds *int32 `json:"disconnectAfterInSeconds"`
}

// Asks an authorizer, ACTIVE or not, about a client that shows this, and answers what it would let
// the client do.
var TestInvokeAuthorizer = schema.Op[TestInvokeAuthorizerRequest, TestInvokeAuthorizerResponse]{
	Name: "TestInvokeAuthorizer", Route: "POST /authorizer/{authorizerName}/test",
	Role:   schema.Admin,
	Errors: registryErrors(api.ResourceNotFound, api.InvalidResponse),
}
