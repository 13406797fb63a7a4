package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/client"
)

// drover policy: what the policies of devices say.

// policyVerbs are the verbs of drover policy.
func policyVerbs() []verb {
	return []verb{
		{"test", "THING ACTION RESOURCE [--client-id ID] [options]", testPolicy},
	}
}

// testPolicyAbout is the help text of drover policy test.
const testPolicyAbout = `Say whether the device of a thing may do something over MQTT, and by which statement of which policy: for each
certificate of the thing, decided by the same code as when the device does it. ACTION is connect, publish, subscribe or
receive; RESOURCE is a topic, with subscribe a filter, with connect a client id.

  drover policy test pump-07 connect pump-07
  drover policy test pump-07 publish '$aws/things/pump-07/jobs/get'
  drover policy test pump-07 subscribe 'site/+/alarms' --client-id pump-07-b

The exit status is 0 when each certificate may, 1 otherwise.`

// testPolicy says what the certificates of a thing may do (R-ID-65).
func testPolicy(ctx context.Context, how string, args []string) error {
	flags := flag.NewFlagSet("policy test", flag.ContinueOnError)
	c := newCaller(flags)
	id := flags.String("client-id", "",
		"client `id` with which the device connects (default: the name of the thing)")
	words, err := parseWords(flags, args, how, testPolicyAbout)
	if err != nil {
		return err
	}
	if len(words) != 3 {
		return wrongWords(flags)
	}
	thing, action := words[0], iot.AuthAction(strings.ToUpper(words[1]))
	if *id == "" {
		*id = thing
	}
	if err := c.find(ctx); err != nil {
		return err
	}
	server, allowed := c.client(c.Attempts), true
	attached, err := client.Call(ctx, server, iot.ListThingPrincipals,
		&iot.ListThingPrincipalsRequest{ThingName: iot.ThingName(thing)})
	if err != nil {
		return err
	}
	if len(attached.Principals) == 0 {
		return fmt.Errorf("no certificate is attached to %s, so none of its policies is known", thing)
	}
	for _, principal := range attached.Principals {
		_, certificate, _ := strings.Cut(string(principal), ":cert/")
		in := &drover.ExplainPermissionRequest{
			CertificateID: iot.CertificateID(certificate),
			ClientID:      *id,
			Action:        action,
			Resource:      words[2],
		}
		out, err := client.Call(ctx, server, drover.ExplainPermission, in)
		if err != nil {
			return err
		}
		allowed = allowed && out.Decision == "ALLOWED"
		fmt.Printf("%s %.12s…: %s\n", out.Decision, certificate, out.Text)
	}
	if !allowed {
		return exitStatus(1)
	}
	return nil
}
