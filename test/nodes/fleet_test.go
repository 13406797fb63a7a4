package nodes

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"golang.org/x/sync/errgroup"

	"github.com/drover-iot/drover/test/testserver"
)

// The fleet: things in groups, each with a certificate for a key of its own.

// policyName is the policy of all certificates.
const policyName = "devices"

// fleet makes the things and returns their devices.
func (w *world) fleet() []*device {
	t := w.t
	ctx, api := context.Background(), w.cluster.control(0)
	_, err := api.CreatePolicy(ctx, &iot.CreatePolicyInput{
		PolicyName: aws.String(policyName), PolicyDocument: aws.String(testserver.WidePolicy)})
	if err != nil {
		t.Fatal(err)
	}
	for i := range w.groups {
		group := groupName(i)
		_, err := api.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: &group})
		if err != nil {
			t.Fatal(err)
		}
	}
	devices := make([]*device, w.devices)
	var all errgroup.Group
	all.SetLimit(8)
	for i := range devices {
		all.Go(func() (err error) {
			devices[i], err = w.newDevice(ctx, api, i)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	return devices
}

// newDevice makes a thing in its group, with a certificate.
func (w *world) newDevice(ctx context.Context, api *iot.Client, i int) (*device, error) {
	thing := thingName(i)
	group := w.groupOf(thing)
	pair, arn, err := certify(ctx, api)
	if err != nil {
		return nil, err
	}
	_, err = api.CreateThing(ctx, &iot.CreateThingInput{ThingName: &thing})
	_, err2 := api.AttachPolicy(ctx, &iot.AttachPolicyInput{
		PolicyName: aws.String(policyName), Target: arn})
	_, err3 := api.AttachThingPrincipal(ctx, &iot.AttachThingPrincipalInput{
		ThingName: &thing, Principal: arn})
	_, err4 := api.AddThingToThingGroup(ctx, &iot.AddThingToThingGroupInput{
		ThingName: &thing, ThingGroupName: &group})
	return &device{
		world:   w,
		thing:   thing,
		config:  w.cluster.config(pair),
		random:  w.randomFor(thing),
		listens: i%2 == 0,
		changed: make(chan struct{}),
	}, errors.Join(err, err2, err3, err4)
}

// certify has a key of its own signed: to make keys is no work for the server.
func certify(ctx context.Context, api *iot.Client) (pair tls.Certificate, arn *string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair, nil, err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return pair, nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request})
	made, err := api.CreateCertificateFromCsr(ctx, &iot.CreateCertificateFromCsrInput{
		CertificateSigningRequest: aws.String(string(text)), SetAsActive: true})
	if err != nil {
		return pair, nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return pair, nil, err
	}
	pair, err = tls.X509KeyPair([]byte(*made.CertificatePem),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	return pair, made.CertificateArn, err
}
