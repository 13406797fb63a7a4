"""A device on the stock AWS IoT Device SDK v2: streams open, a job comes, it is run. Prints what it saw, a line each.

usage: device.py MQTT_VERSION PORT FOLDER   FOLDER holds ca.pem, device.pem and device.key; the thing is pump-07
With AWS_ACCESS_KEY_ID in the environment it connects over WebSocket, signed, and needs no device.pem. With AUTHORIZER_NAME it connects
by a custom authorizer, with AUTHORIZER_SIGNATURE of the token "a/token"; over WebSocket if PROXY_PORT is 0. PROXY_PORT is of a proxy that
knows where port 443 is, which the builder for MQTT 3 insists on.
"""
import os
import sys
import threading
import time

from awscrt import auth, http, mqtt_request_response
from awsiot import ServiceStreamOptions, iotjobs, mqtt5_client_builder, mqtt_connection_builder

version, port, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
THING, JOB = "pump-07", "fw"


def path(name):
    return os.path.join(folder, name)


def connect():
    common = dict(endpoint="localhost", port=port, ca_filepath=path("ca.pem"), client_id=THING)
    if "AWS_ACCESS_KEY_ID" in os.environ:
        kind = "websockets_with_default_aws_signing"
        common.update(region="us-east-1", credentials_provider=auth.AwsCredentialsProvider.new_environment())
    elif "AUTHORIZER_NAME" in os.environ:
        proxy = int(os.environ["PROXY_PORT"])
        kind = "direct_with_custom_authorizer" if proxy else "websockets_with_custom_authorizer"
        if proxy:
            common.update(http_proxy_options=http.HttpProxyOptions("127.0.0.1", proxy))
        common.update(auth_username="ok", auth_password="pass word", auth_authorizer_name=os.environ["AUTHORIZER_NAME"],
                      auth_authorizer_signature=os.environ["AUTHORIZER_SIGNATURE"], auth_token_key_name="token", auth_token_value="a/token")
    else:
        kind = "mtls_from_path"
        common.update(cert_filepath=path("device.pem"), pri_key_filepath=path("device.key"))
    if version == "3":
        connection = getattr(mqtt_connection_builder, kind)(clean_session=True, **common)
        connection.connect().result(10)
        return connection
    ready = threading.Event()
    client = getattr(mqtt5_client_builder, kind)(on_lifecycle_connection_success=lambda _: ready.set(), **common)
    client.start()
    if not ready.wait(10):
        sys.exit("no connection within 10 s")
    return client


def say(*words):
    print(*words, flush=True)


def stream(make, request, listener):
    ready = threading.Event()
    opened = make(request, ServiceStreamOptions(incoming_event_listener=listener, subscription_status_listener=lambda _: ready.set()))
    opened.open()
    if not ready.wait(10):
        sys.exit("no subscription within 10 s")
    return opened


def refused(call):
    try:
        call().result(10)
    except Exception as error:  # the SDK wraps the service's answer
        return error.modeled_error
    sys.exit("a request that must be rejected was accepted")


connection = connect()  # the client does not keep it alive
jobs = iotjobs.IotJobsClientV2(connection, mqtt_request_response.ClientOptions(
    max_request_response_subscriptions=2, max_streaming_subscriptions=2, operation_timeout_in_seconds=10))
events, changed = [], threading.Event()


def on_list(event):
    events.append("notify " + ",".join(f"{status}:{e.job_id}" for status, all in sorted(event.jobs.items()) for e in all))


def on_next(event):
    events.append(f"next {event.execution.job_id if event.execution else None}")
    changed.set()


streams = [
    stream(jobs.create_job_executions_changed_stream, iotjobs.JobExecutionsChangedSubscriptionRequest(thing_name=THING), on_list),
    stream(jobs.create_next_job_execution_changed_stream, iotjobs.NextJobExecutionChangedSubscriptionRequest(thing_name=THING), on_next),
]
pending = jobs.get_pending_job_executions(iotjobs.GetPendingJobExecutionsRequest(thing_name=THING)).result(10)
say("pending", len(pending.in_progress_jobs), len(pending.queued_jobs))
say("ready")
if not changed.wait(20):
    sys.exit("no job within 20 s")
changed.clear()
started = jobs.start_next_pending_job_execution(iotjobs.StartNextPendingJobExecutionRequest(thing_name=THING)).result(10).execution
say("started", started.job_id, started.status, started.version_number, started.job_document["operation"])
say("rejected", refused(lambda: jobs.update_job_execution(iotjobs.UpdateJobExecutionRequest(
    thing_name=THING, job_id=JOB, status="SUCCEEDED", expected_version=1))).code)
say("rejected", refused(lambda: jobs.describe_job_execution(iotjobs.DescribeJobExecutionRequest(thing_name=THING, job_id="nope"))).code)
described = jobs.describe_job_execution(iotjobs.DescribeJobExecutionRequest(thing_name=THING, job_id=JOB)).result(10)
say("described", described.execution.status)
jobs.update_job_execution(iotjobs.UpdateJobExecutionRequest(thing_name=THING, job_id=JOB, status="SUCCEEDED", expected_version=2)).result(10)
if not changed.wait(20):
    sys.exit("no notify-next within 20 s")
time.sleep(0.2)  # a notification too many would show now
say(" | ".join(events))
os._exit(0)
