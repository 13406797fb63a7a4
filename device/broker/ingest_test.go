package broker

import (
	"context"
	"testing"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// What is published for a rule, as basic ingest of AWS IoT does, is accepted if the policies allow
// the whole topic, and goes nowhere; nobody subscribes to it and it is not retained (R-BRK-53).
func TestBasicIngest(t *testing.T) {
	t.Parallel()
	r := &rights{id: "1", no: map[string]Decision{"publish $aws/rules/secret/a": ImplicitDeny}}
	_, addr := start(t, Config{Authenticate: r.authenticate, Service: ServiceFunc(
		func(_ context.Context, _ *Peer, r Request) Reply {
			t.Errorf("the service got %s", r.Topic)
			return Reply{}
		})})
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		watch := join(t, addr, version, "watch")
		watch.subscribe(1, 1, "#", "+/rules/#", "$share/g/#")
		c := join(t, addr, version, "dev")
		for _, topic := range []string{"$aws/rules/r/a", "$aws/rules/r/1/2/3/4/5/6/7/8"} {
			c.publish(0, 0, topic, "x")
			c.publish(1, 1, topic, "x")
			c.wantPuback(1, mqtt.Success)
		}
		watch.sync()
		for topic, reason := range map[string]mqtt.Reason{
			"$aws/rules/secret/a":            mqtt.NotAuthorized,
			"$aws/rules/r":                   mqtt.TopicNameInvalid,
			"$aws/rules":                     mqtt.TopicNameInvalid,
			"$aws/rules/r/1/2/3/4/5/6/7/8/9": mqtt.TopicNameInvalid,
		} {
			c := join(t, addr, version, "")
			if version == mqtt.V5 {
				c.publish(1, 1, topic, "x")
				c.wantPuback(1, reason)
			}
			c.publish(0, 0, topic, "x")
			c.wantClosed(reason)
		}
		c.sendPublish(mqtt.Publish{Topic: "$aws/rules/r/a", QoS: 1, ID: 2, Retain: true})
		c.wantClosed(mqtt.TopicNameInvalid)
	}
}
