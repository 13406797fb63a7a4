package testserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
)

// Identity is an active certificate that is attached to a thing and has a policy.
type Identity struct {
	Thing, CertificateID, ARN string
	PEM, KeyPEM               string
	Pair                      tls.Certificate
}

// JobsPolicy lets a thing connect as itself and run its own jobs (R-ID-35).
func (s *Server) JobsPolicy() string {
	const text = `{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Action":"iot:Connect",
  "Resource":"arn:aws:iot:R:A:client/${iot:Connection.Thing.ThingName}"},
 {"Effect":"Allow","Action":["iot:Publish","iot:Receive"],
  "Resource":"arn:aws:iot:R:A:topic/$aws/things/${iot:Connection.Thing.ThingName}/jobs/*"},
 {"Effect":"Allow","Action":"iot:Subscribe",
  "Resource":"arn:aws:iot:R:A:topicfilter/$aws/things/${iot:Connection.Thing.ThingName}/jobs/*"},
 {"Effect":"Allow","Action":"iotjobsdata:*","Resource":"arn:aws:iot:R:A:thing/pump-07"}]}`
	return strings.ReplaceAll(text, "R:A", s.Region+":"+s.Account)
}

// WidePolicy lets a certificate do everything that a policy can allow.
const WidePolicy = `{"Version":"2012-10-17",
 "Statement":[{"Effect":"Allow","Action":["iot:*","iotjobsdata:*"],"Resource":"*"}]}`

// Policy makes a policy.
func (s *Server) Policy(name, document string) {
	s.T.Helper()
	_, err := s.Control().CreatePolicy(s.soon(), &iot.CreatePolicyInput{
		PolicyName: &name, PolicyDocument: &document})
	if err != nil {
		s.T.Fatal(err)
	}
}

// Thing makes a thing.
func (s *Server) Thing(name string) {
	s.T.Helper()
	_, err := s.Control().CreateThing(s.soon(), &iot.CreateThingInput{ThingName: &name})
	if err != nil {
		s.T.Fatal(err)
	}
}

// Identify makes a certificate with a policy that exists, and attaches it to a thing that exists;
// to none for "".
func (s *Server) Identify(thing, policy string) Identity {
	s.T.Helper()
	ctx, client := s.soon(), s.Control()
	made, err := client.CreateKeysAndCertificate(
		ctx, &iot.CreateKeysAndCertificateInput{SetAsActive: true})
	if err != nil {
		s.T.Fatal(err)
	}
	_, err = client.AttachPolicy(
		ctx, &iot.AttachPolicyInput{PolicyName: &policy, Target: made.CertificateArn})
	if err == nil && thing != "" {
		_, err = client.AttachThingPrincipal(ctx, &iot.AttachThingPrincipalInput{
			ThingName: &thing, Principal: made.CertificateArn})
	}
	if err != nil {
		s.T.Fatal(err)
	}
	id := Identity{
		Thing:         thing,
		CertificateID: aws.ToString(made.CertificateId),
		ARN:           aws.ToString(made.CertificateArn),
		PEM:           aws.ToString(made.CertificatePem),
		KeyPEM:        aws.ToString(made.KeyPair.PrivateKey),
	}
	if id.Pair, err = tls.X509KeyPair([]byte(id.PEM), []byte(id.KeyPEM)); err != nil {
		s.T.Fatal(err)
	}
	return id
}

// TLS is how a device connects: it trusts the server's authority and shows its own certificate, if
// it has one.
func (s *Server) TLS(id *Identity, protocols ...string) *tls.Config {
	s.T.Helper()
	authority, err := os.ReadFile(s.CA)
	if err != nil {
		s.T.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	config := &tls.Config{RootCAs: roots, ServerName: "localhost", NextProtos: protocols}
	if id != nil {
		config.Certificates = []tls.Certificate{id.Pair}
	}
	return config
}

// soon is the context of calls that must not take long.
func (s *Server) soon() context.Context {
	ctx, cancel := context.WithTimeout(s.T.Context(), 30*time.Second)
	s.T.Cleanup(cancel)
	return ctx
}
