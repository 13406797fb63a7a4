package test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// packetDevice is a device that writes its MQTT packets itself, so that a test decides on packet
// identifiers and the DUP flag.
type packetDevice struct {
	t    testing.TB
	conn net.Conn
}

// connectPackets connects a device over plain MQTT 3.1.1, with a clean session.
func connectPackets(t testing.TB, address, id string) *packetDevice {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "mqtt://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	d := &packetDevice{t, conn}
	hello := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	hello.ProtocolName, hello.ProtocolVersion, hello.CleanSession = "MQTT", 4, true
	hello.ClientIdentifier = id
	d.write(hello)
	if ack := d.read().(*packets.ConnackPacket); ack.ReturnCode != packets.Accepted {
		t.Fatalf("CONNACK %d", ack.ReturnCode)
	}
	return d
}

func (d *packetDevice) write(p packets.ControlPacket) {
	d.t.Helper()
	if err := p.Write(d.conn); err != nil {
		d.t.Fatal(err)
	}
}

func (d *packetDevice) read() packets.ControlPacket {
	d.t.Helper()
	p, err := packets.ReadPacket(d.conn)
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

// update publishes a report at QoS 1 and returns the last part of the topic of its answer, and the
// answer.
func (d *packetDevice) update(job string, packetID uint16, dup bool, payload string) (string, string) {
	d.t.Helper()
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName = "$aws/things/t0001/jobs/" + job + "/update"
	p.Qos, p.Dup, p.MessageID, p.Payload = 1, dup, packetID, []byte(payload)
	d.write(p)
	if ack := d.read().(*packets.PubackPacket); ack.MessageID != packetID {
		d.t.Fatalf("PUBACK of %d, want %d", ack.MessageID, packetID)
	}
	answer := d.read().(*packets.PublishPacket)
	return answer.TopicName[strings.LastIndex(answer.TopicName, "/")+1:], string(answer.Payload)
}

// A client that sends one clientToken with everything it says, no version and no number, as the
// first Python SDK does: every failure counts, and the job ends. The report that is delivered again
// after the connection was lost counts once (T-50, R-HTTP-24).
func TestConstantTokenAndRedelivery(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.fleet("g", 1)
	retries := int32(2)
	s.create("j", "g", func(in *iot.CreateJobInput) {
		in.JobExecutionsRetryConfig = &types.JobExecutionsRetryConfig{
			CriteriaList: []types.RetryCriteria{
				{FailureType: types.RetryableFailureTypeFailed, NumberOfRetries: &retries},
			},
		}
	})
	const failed = `{"status":"FAILED","clientToken":"basicJobsClient","includeJobExecutionState":true,` +
		`"includeJobDocument":true}`
	d := connectPackets(t, s.MQTT, "t0001")
	first, stored := d.update("j", 1, false, failed)
	again := connectPackets(t, s.MQTT, "t0001")
	second, repeated := again.update("j", 1, true, failed)
	if first != "accepted" || second != "accepted" {
		t.Fatalf("%s %s, then %s %s", first, stored, second, repeated)
	}
	for _, member := range []string{`"jobDocument":{`, `"versionNumber":2`} {
		if !strings.Contains(stored, member) || !strings.Contains(repeated, member) {
			t.Errorf("an answer lacks %s: %s, and again %s", member, stored, repeated)
		}
	}
	s.want("j", "IN_PROGRESS q1 p0 s0 f1 t0 c0")
	for id := uint16(2); id <= 3; id++ {
		if kind, answer := again.update("j", id, false, failed); kind != "accepted" {
			t.Fatalf("report %d: %s %s", id, kind, answer)
		}
	}
	s.want("j", "COMPLETED q0 p0 s0 f3 t0 c0")
	if kind, answer := again.update("j", 4, false, failed); kind != "rejected" ||
		!strings.Contains(answer, `"code":"InvalidStateTransition"`) {
		t.Errorf("after the last attempt: %s %s", kind, answer)
	}
}
