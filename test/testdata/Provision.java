import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import software.amazon.awssdk.crt.CRT;
import software.amazon.awssdk.crt.iot.MqttRequestResponseClientOptions;
import software.amazon.awssdk.crt.mqtt.MqttClientConnection;
import software.amazon.awssdk.crt.mqtt.QualityOfService;
import software.amazon.awssdk.crt.mqtt5.Mqtt5Client;
import software.amazon.awssdk.crt.mqtt5.Mqtt5ClientOptions;
import software.amazon.awssdk.crt.mqtt5.OnAttemptingConnectReturn;
import software.amazon.awssdk.crt.mqtt5.OnConnectionFailureReturn;
import software.amazon.awssdk.crt.mqtt5.OnConnectionSuccessReturn;
import software.amazon.awssdk.crt.mqtt5.OnDisconnectionReturn;
import software.amazon.awssdk.crt.mqtt5.OnStoppedReturn;
import software.amazon.awssdk.crt.mqtt5.packets.ConnectPacket;
import software.amazon.awssdk.iot.AwsIotMqtt5ClientBuilder;
import software.amazon.awssdk.iot.AwsIotMqttConnectionBuilder;
import software.amazon.awssdk.iot.iotidentity.IotIdentityClient;
import software.amazon.awssdk.iot.iotidentity.IotIdentityV2Client;
import software.amazon.awssdk.iot.iotidentity.model.CreateCertificateFromCsrRequest;
import software.amazon.awssdk.iot.iotidentity.model.CreateCertificateFromCsrResponse;
import software.amazon.awssdk.iot.iotidentity.model.CreateCertificateFromCsrSubscriptionRequest;
import software.amazon.awssdk.iot.iotidentity.model.CreateKeysAndCertificateRequest;
import software.amazon.awssdk.iot.iotidentity.model.CreateKeysAndCertificateResponse;
import software.amazon.awssdk.iot.iotidentity.model.CreateKeysAndCertificateSubscriptionRequest;
import software.amazon.awssdk.iot.iotidentity.model.ErrorResponse;
import software.amazon.awssdk.iot.iotidentity.model.RegisterThingRequest;
import software.amazon.awssdk.iot.iotidentity.model.RegisterThingResponse;
import software.amazon.awssdk.iot.iotidentity.model.RegisterThingSubscriptionRequest;
import software.amazon.awssdk.iot.iotidentity.model.V2ErrorResponseException;
import software.amazon.awssdk.iot.iotjobs.IotJobsClient;
import software.amazon.awssdk.iot.iotjobs.IotJobsV2Client;
import software.amazon.awssdk.iot.iotjobs.model.JobExecutionData;
import software.amazon.awssdk.iot.iotjobs.model.RejectedError;
import software.amazon.awssdk.iot.iotjobs.model.StartNextJobExecutionResponse;
import software.amazon.awssdk.iot.iotjobs.model.StartNextPendingJobExecutionRequest;
import software.amazon.awssdk.iot.iotjobs.model.StartNextPendingJobExecutionSubscriptionRequest;

/**
 * Devices that provision themselves, on the stock AWS IoT Device SDK v2 for Java: with each of its identity clients, on each
 * version of MQTT, one after the other. Prints what each saw, a line each.
 *
 * <p>usage: Provision.java PORT FOLDER, where FOLDER holds ca.pem, the claim as claim.pem and claim.key, and request.pem
 * with request.key, a certificate signing request
 */
public class Provision {
    static int port;
    static Path folder;

    /** A connection of a device, on one version of MQTT, with the clients of one generation of the SDK. */
    interface Device extends AutoCloseable {
        CreateKeysAndCertificateResponse createKeys() throws Exception;

        CreateCertificateFromCsrResponse createFromRequest(String request) throws Exception;

        RegisterThingResponse register(String token, String serial) throws Exception;

        JobExecutionData startNextJob(String thing) throws Exception;
    }

    interface Connect {
        Device as(String clientId, String certificate, String key) throws Exception;
    }

    /** The answer of the server to a request that it has rejected. */
    static class Refused extends Exception {
        Refused(Integer status, String code) {
            super(status + " " + code);
        }
    }

    public static void main(String[] arguments) throws Exception {
        port = Integer.parseInt(arguments[0]);
        folder = Path.of(arguments[1]);
        try {
            provision("IotIdentityClient 3", 0, (id, certificate, key) -> new First(connection(id, certificate, key), null));
            provision("IotIdentityClient 5", 1, (id, certificate, key) -> {
                Client client = new Client(id, certificate, key);
                return new First(new MqttClientConnection(client.mqtt, null), client);
            });
            provision("IotIdentityV2Client 3", 2, (id, certificate, key) -> {
                MqttClientConnection connection = connection(id, certificate, key);
                await(connection.connect());
                return new Second(
                        IotIdentityV2Client.newFromMqtt311(connection, options()),
                        IotJobsV2Client.newFromMqtt311(connection, options()),
                        () -> disconnect(connection));
            });
            provision("IotIdentityV2Client 5", 3, (id, certificate, key) -> {
                Client client = new Client(id, certificate, key);
                client.start();
                return new Second(
                        IotIdentityV2Client.newFromMqtt5(client.mqtt, options()),
                        IotJobsV2Client.newFromMqtt5(client.mqtt, options()),
                        client);
            });
        } catch (Throwable failure) {
            failure.printStackTrace();
            System.exit(1);
        }
        System.exit(0);
    }

    /**
     * Has two devices provision themselves, one by a key of the server and one by a key of its own, and each start its first
     * job. Each has a connection of its own, which may send five requests a second.
     */
    static void provision(String client, int number, Connect connect) throws Exception {
        CreateKeysAndCertificateResponse made;
        RegisterThingResponse registered;
        String first = number + "a";
        try (Device claim = connect.as("new-" + first, read("claim.pem"), read("claim.key"))) {
            made = claim.createKeys();
            String token = made.certificateOwnershipToken;
            say(client, "rejected", refused(() -> claim.register(token, "a/b")));
            registered = claim.register(token, first);
            say(client, "thing", registered.thingName, registered.deviceConfiguration);
            say(client, "rejected", refused(() -> claim.register(token, first)));
        }
        startJob(client, connect, registered.thingName, made.certificatePem, made.privateKey);

        CreateCertificateFromCsrResponse signed;
        String second = number + "b";
        try (Device claim = connect.as("new-" + second, read("claim.pem"), read("claim.key"))) {
            say(client, "rejected", refused(() -> claim.createFromRequest("no request")));
            signed = claim.createFromRequest(read("request.pem"));
            registered = claim.register(signed.certificateOwnershipToken, second);
            say(client, "thing", registered.thingName, registered.deviceConfiguration);
        }
        startJob(client, connect, registered.thingName, signed.certificatePem, read("request.key"));
    }

    static void startJob(String client, Connect connect, String thing, String certificate, String key) throws Exception {
        try (Device device = connect.as(thing, certificate, key)) {
            JobExecutionData job = device.startNextJob(thing);
            say(client, "job", thing, job.jobId, job.status, job.jobDocument.get("operation"));
        }
    }

    /** The clients of the first generation, which have the device subscribe to both answers by itself. */
    static class First implements Device {
        final QualityOfService qos = QualityOfService.AT_LEAST_ONCE;
        final MqttClientConnection connection;
        final AutoCloseable beneath;
        final IotIdentityClient identity;
        final IotJobsClient jobs;

        First(MqttClientConnection connection, AutoCloseable beneath) throws Exception {
            this.connection = connection;
            this.beneath = beneath;
            await(connection.connect());
            identity = new IotIdentityClient(connection);
            jobs = new IotJobsClient(connection);
        }

        public CreateKeysAndCertificateResponse createKeys() throws Exception {
            var topics = new CreateKeysAndCertificateSubscriptionRequest();
            var answer = new CompletableFuture<CreateKeysAndCertificateResponse>();
            await(identity.SubscribeToCreateKeysAndCertificateAccepted(topics, qos, answer::complete, answer::completeExceptionally));
            await(identity.SubscribeToCreateKeysAndCertificateRejected(topics, qos, refuse(answer)));
            await(identity.PublishCreateKeysAndCertificate(new CreateKeysAndCertificateRequest(), qos));
            return await(answer);
        }

        public CreateCertificateFromCsrResponse createFromRequest(String request) throws Exception {
            var topics = new CreateCertificateFromCsrSubscriptionRequest();
            var answer = new CompletableFuture<CreateCertificateFromCsrResponse>();
            await(identity.SubscribeToCreateCertificateFromCsrAccepted(topics, qos, answer::complete, answer::completeExceptionally));
            await(identity.SubscribeToCreateCertificateFromCsrRejected(topics, qos, refuse(answer)));
            await(identity.PublishCreateCertificateFromCsr(signingRequest(request), qos));
            return await(answer);
        }

        public RegisterThingResponse register(String token, String serial) throws Exception {
            var topics = new RegisterThingSubscriptionRequest();
            topics.templateName = "fleet";
            var answer = new CompletableFuture<RegisterThingResponse>();
            await(identity.SubscribeToRegisterThingAccepted(topics, qos, answer::complete, answer::completeExceptionally));
            await(identity.SubscribeToRegisterThingRejected(topics, qos, refuse(answer)));
            await(identity.PublishRegisterThing(registration(token, serial), qos));
            return await(answer);
        }

        public JobExecutionData startNextJob(String thing) throws Exception {
            var topics = new StartNextPendingJobExecutionSubscriptionRequest();
            topics.thingName = thing;
            var answer = new CompletableFuture<StartNextJobExecutionResponse>();
            Consumer<RejectedError> rejected = error -> answer.completeExceptionally(new Exception(error.code + ": " + error.message));
            await(jobs.SubscribeToStartNextPendingJobExecutionAccepted(topics, qos, answer::complete, answer::completeExceptionally));
            await(jobs.SubscribeToStartNextPendingJobExecutionRejected(topics, qos, rejected));
            await(jobs.PublishStartNextPendingJobExecution(next(thing), qos));
            return await(answer).execution;
        }

        static Consumer<ErrorResponse> refuse(CompletableFuture<?> answer) {
            return error -> answer.completeExceptionally(new Refused(error.statusCode, error.errorCode));
        }

        public void close() throws Exception {
            disconnect(connection);
            if (beneath != null) {
                beneath.close();
            }
        }
    }

    /** The clients of the second generation. */
    static class Second implements Device {
        final IotIdentityV2Client identity;
        final IotJobsV2Client jobs;
        final AutoCloseable beneath;

        Second(IotIdentityV2Client identity, IotJobsV2Client jobs, AutoCloseable beneath) {
            this.identity = identity;
            this.jobs = jobs;
            this.beneath = beneath;
        }

        public CreateKeysAndCertificateResponse createKeys() throws Exception {
            return await(identity.createKeysAndCertificate(new CreateKeysAndCertificateRequest()));
        }

        public CreateCertificateFromCsrResponse createFromRequest(String request) throws Exception {
            return await(identity.createCertificateFromCsr(signingRequest(request)));
        }

        public RegisterThingResponse register(String token, String serial) throws Exception {
            return await(identity.registerThing(registration(token, serial)));
        }

        public JobExecutionData startNextJob(String thing) throws Exception {
            return await(jobs.startNextPendingJobExecution(next(thing))).execution;
        }

        public void close() throws Exception {
            identity.close();
            jobs.close();
            beneath.close();
        }
    }

    static CreateCertificateFromCsrRequest signingRequest(String request) {
        var made = new CreateCertificateFromCsrRequest();
        made.certificateSigningRequest = request;
        return made;
    }

    static RegisterThingRequest registration(String token, String serial) {
        var request = new RegisterThingRequest();
        request.templateName = "fleet";
        request.certificateOwnershipToken = token;
        request.parameters = new HashMap<>();
        request.parameters.put("Serial", serial);
        return request;
    }

    static StartNextPendingJobExecutionRequest next(String thing) {
        var request = new StartNextPendingJobExecutionRequest();
        request.thingName = thing;
        return request;
    }

    static MqttRequestResponseClientOptions options() {
        return MqttRequestResponseClientOptions.builder()
                .withMaxRequestResponseSubscriptions(4)
                .withMaxStreamingSubscriptions(2)
                .withOperationTimeoutSeconds(20)
                .build();
    }

    static MqttClientConnection connection(String clientId, String certificate, String key) throws Exception {
        try (AwsIotMqttConnectionBuilder builder = AwsIotMqttConnectionBuilder.newMtlsBuilder(certificate, key)) {
            return builder.withCertificateAuthority(read("ca.pem"))
                    .withEndpoint("localhost")
                    .withPort(port)
                    .withClientId(clientId)
                    .withCleanSession(true)
                    .build();
        }
    }

    static void disconnect(MqttClientConnection connection) throws Exception {
        await(connection.disconnect());
        connection.close();
    }

    /** A client of MQTT 5 that says when it has connected and stopped. */
    static class Client implements AutoCloseable, Mqtt5ClientOptions.LifecycleEvents {
        final CompletableFuture<Void> connected = new CompletableFuture<>();
        final CompletableFuture<Void> stopped = new CompletableFuture<>();
        final Mqtt5Client mqtt;

        Client(String clientId, String certificate, String key) throws Exception {
            var builder = AwsIotMqtt5ClientBuilder.newDirectMqttBuilderWithMtlsFromMemory("localhost", certificate, key);
            mqtt = builder.withCertificateAuthority(read("ca.pem"))
                    .withPort((long) port)
                    .withConnectProperties(new ConnectPacket.ConnectPacketBuilder().withClientId(clientId))
                    .withLifeCycleEvents(this)
                    .build();
            builder.close();
        }

        void start() throws Exception {
            mqtt.start();
            await(connected);
        }

        public void onAttemptingConnect(Mqtt5Client client, OnAttemptingConnectReturn event) {}

        public void onConnectionSuccess(Mqtt5Client client, OnConnectionSuccessReturn event) {
            connected.complete(null);
        }

        public void onConnectionFailure(Mqtt5Client client, OnConnectionFailureReturn event) {
            connected.completeExceptionally(new Exception(CRT.awsErrorString(event.getErrorCode())));
        }

        public void onDisconnection(Mqtt5Client client, OnDisconnectionReturn event) {}

        public void onStopped(Mqtt5Client client, OnStoppedReturn event) {
            stopped.complete(null);
        }

        public void close() throws Exception {
            mqtt.stop();
            await(stopped);
            mqtt.close();
        }
    }

    /** Returns what the future comes to. A rejected answer is thrown as Refused, in either generation of clients. */
    static <T> T await(CompletableFuture<T> future) throws Exception {
        try {
            return future.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException failure) {
            if (failure.getCause() instanceof V2ErrorResponseException rejected && rejected.getModeledError() != null) {
                throw new Refused(rejected.getModeledError().statusCode, rejected.getModeledError().errorCode);
            }
            if (failure.getCause() instanceof Refused refused) {
                throw refused;
            }
            throw failure;
        }
    }

    /** Sends a request that must be rejected, and returns the status and the code of the answer. */
    static String refused(Callable<?> request) throws Exception {
        try {
            request.call();
        } catch (Refused refused) {
            return refused.getMessage();
        }
        throw new Exception("a request that must be rejected was accepted");
    }

    static String read(String name) throws Exception {
        return Files.readString(folder.resolve(name));
    }

    static void say(Object... words) {
        StringBuilder line = new StringBuilder();
        for (Object word : words) {
            line.append(line.length() == 0 ? "" : " ").append(word);
        }
        System.out.println(line);
    }
}
