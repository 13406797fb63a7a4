package test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// Another broker connects on each of the listeners, as brokers do if not told otherwise: with
// bit 7 of the protocol level. What it publishes reaches others and not itself (R-BRK-9).
func TestBridge(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ctx, client := t.Context(), s.Control()
	thing, policy := "bridge", "everything"
	must[*iot.CreateThingOutput](t)(client.CreateThing(ctx, &iot.CreateThingInput{ThingName: &thing}))
	must[*iot.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &iot.CreatePolicyInput{
		PolicyName:     &policy,
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}`),
	}))
	id := s.Identify(thing, policy)
	heard := newInbox(t)
	other := must[*v3](t)(connect3(t, s.MQTT, "other", nil, heard))
	other.subscribe("from/#")
	for address, config := range map[string]*tls.Config{
		s.MQTT:  nil,
		s.MQTTS: s.TLS(&id),
		s.HTTPS: s.TLS(&id, "x-amzn-mqtt-ca"),
	} {
		in := newInbox(t)
		options := mqtt.NewClientOptions().SetClientID(thing).SetAutoReconnect(false).SetProtocolVersion(0x84).SetTLSConfig(config).
			AddBroker(strings.NewReplacer("mqtt://", "tcp://", "mqtts://", "ssl://", "https://", "ssl://").Replace(address))
		options.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { in.put(m.Topic(), m.Payload()) })
		bridge := &v3{t: t, client: mqtt.NewClient(options)}
		bridge.await(bridge.client.Connect())
		bridge.subscribe("#")
		bridge.publish("from/bridge", "mine")
		heard.expect("from/bridge")
		other.publish("from/other", "yours")
		heard.expect("from/other")
		in.expect("from/other")
		in.empty()
		bridge.close()
	}
}
