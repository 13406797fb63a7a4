// Devices that provision themselves, on the stock AWS IoT Device SDK v2 for JavaScript: with each of its identity clients,
// on each version of MQTT, one after the other. Prints what each saw, a line each.
//
// usage: provision.js PORT FOLDER, where FOLDER holds ca.pem, the claim as claim.pem and claim.key, and request.pem with
// request.key, a certificate signing request
"use strict";
const fs = require("fs");
const path = require("path");
const {iot, iotidentity, iotjobs, mqtt, mqtt5} = require("aws-iot-device-sdk-v2");

const [port, folder] = [Number(process.argv[2]), process.argv[3]];
const read = (name) => fs.readFileSync(path.join(folder, name), "utf8");
const options = {maxRequestResponseSubscriptions: 4, maxStreamingSubscriptions: 2, operationTimeoutInSeconds: 20};

async function connect(version, clientId, certificate, key) {
    if (version === "3") {
        const config = iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder(certificate, key)
            .with_certificate_authority(read("ca.pem")).with_endpoint("localhost").with_port(port)
            .with_client_id(clientId).with_clean_session(true).build();
        const connection = new mqtt.MqttClient().new_connection(config);
        await connection.connect();
        return connection;
    }
    const config = iot.AwsIotMqtt5ClientConfigBuilder
        .newDirectMqttBuilderWithMtlsFromMemory("localhost", certificate, key)
        .withCertificateAuthority(read("ca.pem")).withPort(port)
        .withConnectProperties({clientId, keepAliveIntervalSeconds: 1200}).build();
    const client = new mqtt5.Mqtt5Client(config);
    await new Promise((resolve, reject) => {
        client.on("connectionSuccess", resolve);
        client.on("connectionFailure", ({error}) => reject(error));
        client.start();
    });
    return client;
}

async function disconnect(version, connection) {
    if (version === "3") {
        await connection.disconnect();
        return;
    }
    await new Promise((resolve) => {
        connection.on("stopped", resolve);
        connection.stop();
    });
    connection.close();
}

// Refused is the answer of the server to a request that it has rejected.
class Refused extends Error {
    constructor(answer) {
        super(JSON.stringify(answer));
        this.answer = answer;
    }
}

// publish sends a request with a client of the first generation, which has the device subscribe to both answers by itself.
async function publish(client, operation, request) {
    const qos = mqtt.QoS.AtLeastOnce;
    let accept, reject;
    const answer = new Promise((...both) => [accept, reject] = both);
    await client[`subscribeTo${operation}Accepted`](request, qos, (error, accepted) => error ? reject(error) : accept(accepted));
    await client[`subscribeTo${operation}Rejected`](request, qos,
        (error, rejected) => reject(error || new Refused(rejected)));
    const [accepted] = await Promise.all([answer, client[`publish${operation}`](request, qos)]);
    return accepted;
}

// call sends a request with a client of the second generation.
const call = (client, operation, request) => client[operation[0].toLowerCase() + operation.slice(1)](request)
    .catch((error) => { throw error.modeledError ? new Refused(error.modeledError) : error; });

const clients = [
    {
        name: "IotIdentityClient", version: "3", send: publish,
        identity: (connection) => new iotidentity.IotIdentityClient(connection),
        jobs: (connection) => new iotjobs.IotJobsClient(connection),
    },
    {
        name: "IotIdentityClient", version: "5", send: publish,
        identity: (connection) => iotidentity.IotIdentityClient.newFromMqtt5Client(connection),
        jobs: (connection) => iotjobs.IotJobsClient.newFromMqtt5Client(connection),
    },
    {
        name: "IotIdentityClientv2", version: "3", send: call,
        identity: (connection) => iotidentity.IotIdentityClientv2.newFromMqtt311(connection, options),
        jobs: (connection) => iotjobs.IotJobsClientv2.newFromMqtt311(connection, options),
    },
    {
        name: "IotIdentityClientv2", version: "5", send: call,
        identity: (connection) => iotidentity.IotIdentityClientv2.newFromMqtt5(connection, options),
        jobs: (connection) => iotjobs.IotJobsClientv2.newFromMqtt5(connection, options),
    },
];

// refused waits for an answer that must be a rejection, and returns its status and code.
async function refused(answer) {
    try {
        await answer;
    } catch (error) {
        if (error instanceof Refused) {
            return `${error.answer.statusCode} ${error.answer.errorCode}`;
        }
        throw error;
    }
    throw new Error("a request that must be rejected was accepted");
}

// provision has two devices provision themselves, one by a key of the server and one by a key of its own, and each start
// its first job. Each has a connection of its own, which may send five requests a second.
async function provision(client, number) {
    const say = (...words) => console.log(client.name, client.version, ...words);
    const thing = ({thingName, deviceConfiguration}) => say("thing", thingName, JSON.stringify(deviceConfiguration));

    const keys = await claimed(client, `${number}a`, async (ask, register, serial) => {
        const made = await ask("CreateKeysAndCertificate", {});
        say("rejected", await refused(register(made, "a/b")));
        const registered = await register(made, serial);
        thing(registered);
        say("rejected", await refused(register(made, serial)));
        return {made, registered};
    });
    await startJob(client, say, keys, keys.made.privateKey);

    const signed = await claimed(client, `${number}b`, async (ask, register, serial) => {
        const sign = (request) => ask("CreateCertificateFromCsr", {certificateSigningRequest: request});
        say("rejected", await refused(sign("no request")));
        const made = await sign(read("request.pem"));
        const registered = await register(made, serial);
        thing(registered);
        return {made, registered};
    });
    await startJob(client, say, signed, read("request.key"));
}

// claimed runs use with a connection that the claim has opened, and closes the connection.
async function claimed({version, identity, send}, serial, use) {
    const claim = await connect(version, `new-${serial}`, read("claim.pem"), read("claim.key"));
    const client = identity(claim);
    const ask = (operation, request) => send(client, operation, request);
    const register = (made, Serial) => ask("RegisterThing", {
        templateName: "fleet", certificateOwnershipToken: made.certificateOwnershipToken, parameters: {Serial}});
    const used = await use(ask, register, serial);
    await disconnect(version, claim);
    return used;
}

async function startJob({version, jobs, send}, say, {made, registered: {thingName}}, key) {
    const device = await connect(version, thingName, made.certificatePem, key);
    const {execution} = await send(jobs(device), "StartNextPendingJobExecution", {thingName});
    say("job", thingName, execution.jobId, execution.status, execution.jobDocument.operation);
    await disconnect(version, device);
}

(async () => {
    for (const [number, client] of clients.entries()) {
        await provision(client, number);
    }
    process.exit(0);
})().catch((error) => {
    console.error(error);
    process.exit(1);
});
