// Devices in a page, on the stock AWS IoT Device SDK v2 for JavaScript in its form for browsers: with each of its Jobs
// clients, on each version of MQTT, all at once. Each does its first job and is told of its second. devices returns what
// each saw, a line each.
"use strict";
const devices = (() => {
    const {auth, iot, iotjobs, mqtt, mqtt5} = sdk;
    const options = {maxRequestResponseSubscriptions: 4, maxStreamingSubscriptions: 2, operationTimeoutInSeconds: 10};
    const qos = mqtt.QoS.AtLeastOnce;

    async function connect311(clientId, {host, region, id, secret}) {
        const config = iot.AwsIotMqttConnectionConfigBuilder.new_builder_for_websocket()
            .with_endpoint(host).with_credentials(region, id, secret)
            .with_client_id(clientId).with_clean_session(true).build();
        const connection = new mqtt.MqttClient().new_connection(config);
        await connection.connect();
        return {connection, end: () => connection.disconnect()};
    }

    async function connect5(clientId, {host, region, id, secret}) {
        const credentialsProvider = new auth.StaticCredentialProvider(
            {aws_region: region, aws_access_id: id, aws_secret_key: secret});
        const connection = new mqtt5.Mqtt5Client(iot.AwsIotMqtt5ClientConfigBuilder
            .newWebsocketMqttBuilderWithSigv4Auth(host, {region, credentialsProvider})
            .withConnectProperties({clientId, keepAliveIntervalSeconds: 1200}).build());
        await new Promise((resolve, reject) => {
            connection.on("connectionSuccess", resolve);
            connection.on("connectionFailure", ({error}) => reject(error));
            connection.start();
        });
        return {connection, end: () => new Promise((resolve) => {
            connection.on("stopped", resolve);
            connection.stop();
        })};
    }

    // first is a Jobs client of the first generation, which has the device subscribe to both answers by itself.
    const first = (client) => ({
        async call(operation, request) {
            let accept, reject;
            const answer = new Promise((...both) => [accept, reject] = both);
            await client[`subscribeTo${operation}Accepted`](request, qos,
                (error, accepted) => error ? reject(error) : accept(accepted));
            await client[`subscribeTo${operation}Rejected`](request, qos,
                (error, rejected) => reject(error || new Error(JSON.stringify(rejected))));
            const [accepted] = await Promise.all([answer, client[`publish${operation}`](request, qos)]);
            return accepted;
        },
        next: (thingName, listener) => client.subscribeToNextJobExecutionChangedEvents({thingName}, qos,
            (error, event) => listener(error || event)),
    });

    // second is a Jobs client of the second generation.
    const second = (client) => ({
        call: (operation, request) => client[operation[0].toLowerCase() + operation.slice(1)](request),
        next: (thingName, listener) => new Promise((resolve, reject) => {
            const stream = client.createNextJobExecutionChangedStream({thingName});
            stream.on("subscriptionStatus", ({type, error}) => error ? reject(error) : resolve(type));
            stream.on("incomingPublish", ({message}) => listener(message));
            stream.on("incomingPublishError", ({error}) => listener(error));
            stream.open();
        }),
    });

    const clients = [
        ["IotJobsClient, MQTT 3.1.1", connect311, (c) => first(new iotjobs.IotJobsClient(c))],
        ["IotJobsClient, MQTT 5", connect5, (c) => first(iotjobs.IotJobsClient.newFromMqtt5Client(c))],
        ["IotJobsClientv2, MQTT 3.1.1", connect311, (c) => second(iotjobs.IotJobsClientv2.newFromMqtt311(c, options))],
        ["IotJobsClientv2, MQTT 5", connect5, (c) => second(iotjobs.IotJobsClientv2.newFromMqtt5(c, options))],
    ];

    async function work(thingName, server, connect, jobs) {
        const {connection, end} = await connect(thingName, server);
        const {call, next} = jobs(connection);
        let notify;
        const notified = new Promise((resolve) => notify = resolve);
        await next(thingName, notify);
        const ids = (executions) => executions.map(({jobId}) => jobId).join("+");
        const pending = await call("GetPendingJobExecutions", {thingName});
        const {execution} = await call("StartNextPendingJobExecution", {thingName});
        await call("UpdateJobExecution", {thingName, jobId: execution.jobId, status: iotjobs.model.JobStatus.SUCCEEDED});
        const event = await notified;
        if (event instanceof Error) {
            throw event;
        }
        await end();
        return `pending ${ids(pending.inProgressJobs)}/${ids(pending.queuedJobs)}` +
            `, did ${execution.jobId} ${execution.jobDocument.do}` +
            `, next ${event.execution.jobId} ${event.execution.status} ${event.execution.jobDocument.do}`;
    }

    // server has the host, without a port, the region, and id and secret of a key. The client i is the thing that is
    // things[i].
    return (server, things) => Promise.all(clients.map(async ([name, connect, jobs], i) => {
        try {
            return `${name}: ${await work(things[i], server, connect, jobs)}`;
        } catch (error) {
            return `${name}: ${error} ${error.internalError || ""} ${JSON.stringify(error.modeledError || "")}`;
        }
    }));
})();
