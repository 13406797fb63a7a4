"""A device that provisions itself, on the stock AWS IoT Device SDK v2. Prints what it saw, a line each.

usage: provision.py MQTT_VERSION PORT FOLDER   FOLDER holds ca.pem, the claim as device.pem and device.key, and request.pem with
request.key, a certificate signing request
"""
import os
import sys
import threading

from awscrt import mqtt_request_response
from awsiot import iotidentity, iotjobs, mqtt5_client_builder, mqtt_connection_builder

version, port, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def path(name):
    return os.path.join(folder, name)


def connect(client_id, certificate, key):
    common = dict(endpoint="localhost", port=port, ca_filepath=path("ca.pem"), client_id=client_id,
                  cert_filepath=path(certificate), pri_key_filepath=path(key))
    if version == "3":
        connection = mqtt_connection_builder.mtls_from_path(clean_session=True, **common)
        connection.connect().result(10)
        return connection
    ready = threading.Event()
    client = mqtt5_client_builder.mtls_from_path(on_lifecycle_connection_success=lambda _: ready.set(), **common)
    client.start()
    if not ready.wait(10):
        sys.exit("no connection within 10 s")
    return client


def options():
    return mqtt_request_response.ClientOptions(
        max_request_response_subscriptions=4, max_streaming_subscriptions=2, operation_timeout_in_seconds=10)


def say(*words):
    print(*words, flush=True)


def refused(call):
    try:
        call().result(10)
    except Exception as error:  # the SDK wraps the service's answer
        return error.modeled_error
    sys.exit("a request that must be rejected was accepted")


def read(name):
    with open(path(name)) as file:
        return file.read()


claim = connect("factory", "device.pem", "device.key")
identity = iotidentity.IotIdentityClientV2(claim, options())


def register(made, **parameters):
    return identity.register_thing(iotidentity.RegisterThingRequest(
        template_name="fleet", certificate_ownership_token=made.certificate_ownership_token, parameters=parameters))


made = identity.create_keys_and_certificate(iotidentity.CreateKeysAndCertificateRequest()).result(20)
say("rejected", refused(lambda: register(made, Serial="a/b")).error_code)
got = register(made, Serial="7").result(10)
say("thing", got.thing_name, got.device_configuration)
error = refused(lambda: register(made, Serial="7"))
say("rejected", error.status_code, error.error_code)
for name, text in (("new.pem", made.certificate_pem), ("new.key", made.private_key)):
    with open(path(name), "w") as file:
        file.write(text)

signed = identity.create_certificate_from_csr(
    iotidentity.CreateCertificateFromCsrRequest(certificate_signing_request=read("request.pem"))).result(10)
say("thing", register(signed, Serial="8").result(10).thing_name)
with open(path("signed.pem"), "w") as file:
    file.write(signed.certificate_pem)

for thing, certificate, key in (("pump-7", "new.pem", "new.key"), ("pump-8", "signed.pem", "request.key")):
    device = connect(thing, certificate, key)
    jobs = iotjobs.IotJobsClientV2(device, options())
    pending = jobs.get_pending_job_executions(iotjobs.GetPendingJobExecutionsRequest(thing_name=thing)).result(10)
    say(thing, "has jobs", len(pending.queued_jobs), len(pending.in_progress_jobs))
