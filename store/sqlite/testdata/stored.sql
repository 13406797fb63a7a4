INSERT INTO announcement (id, notices, events, nodes)
	VALUES (207667, X'83D8E301', '[{"topic":"text 391650","payload":"sA=="}]', '{"clients":[{"client":"text 768234","claim":597812,"from":579962,"to":674625,"released":true}],"access":true,"certificates":["text 502236"],"detached":[{"certificate":"text 744321","thing":"text 192790"}],"authorizers":["text 494840"],"authorities":true,"givenUp":[{"node":59262,"heir":414526,"position":835291}],"confirmations":[{"thing":114859,"job":213790,"name":"text 368161","reportedAt":"2030-02-24T08:09:32.005Z","done":true}]}');
INSERT INTO attachment (policy, kind, key, attached_at)
	VALUES ('text 88274', 'cert', 'text 954668', 1894977188005);
INSERT INTO audit_page (first, records, hashes)
	VALUES (985347, '{"number":1}
', X'6D');
INSERT INTO authorizer (name, definition)
	VALUES ('text 971512', '{"name":"text 971512","function":"text 666547","tokenKey":"text 419503","signingKeys":{"key 742":"value \u003c\u0026\u003e"},"signingDisabled":true,"cachingForHttp":true,"status":"text 898373","default":true,"createdAt":"2030-02-23T08:04:24.005Z","updatedAt":"2030-01-10T05:28:55.005Z"}');
INSERT INTO billing_group (id, name, uuid, description, version, created_at)
	VALUES (943553, 'text 721171', 'text 498790', 'text 276409', 54029, 1896287647005);
INSERT INTO ca_certificate (id, subject, pem, status, mode, auto_register, registration, created_at, updated_at, not_before, not_after)
	VALUES ('text 389543', 'text 611924', 'text 944781', 'text 167162', 'text 279067', 1, '{"templateName":"text 780022","templateBody":"text 237157","roleArn":"text 508662"}', 1901512686005, 1897624591005, 1900846972005, 1894407852005);
INSERT INTO certificate (id, pem, status, mode, created_at, updated_at, not_before, not_after, ca)
	VALUES ('text 954668', 'text 732287', 'text 509906', 'text 287525', 1898300192005, 1895077811005, 1901855430005, 1898633049005, 'text 175620');
INSERT INTO client (name, turn, node, claim, connections, connected, as_thing, session, at, reason, may_return, value)
	VALUES ('text 239805', 462187, 684568, 906949, 129330, 1, 1, 'text 796472', 1896474853005, 'text 241234', 1, X'3A');
INSERT INTO confirmation (thing, job, number, reported_at, until)
	VALUES (7, 9, 2, 1899501171005, 1896278790005);
INSERT INTO continuous_target (thing_group, active, job)
	VALUES (8, 1, 9);
INSERT INTO dead_letter (sink, id, again, letter)
	VALUES (840682, 452989, 1, '{"topic":"text 503040","payload":"Sg==","publishedAt":"2030-04-16T13:22:11.005Z","failedAt":"2030-01-28T02:41:52.005Z","attempts":675370,"reason":"text 897750"}');
INSERT INTO execution (job, thing, number, status, version, attempt, used_failed, used_timed_out, force_canceled, queued_at, started_at, updated_at, sequence, deadline, step_deadline, times_out_at, details, token, windowed, show_at, wave, silent)
	VALUES (9, 7, 2, 1, 412949, 190568, 114769, 892388, 1, 1895758472005, 1902536091005, 1902203234005, 524854, 1897488263005, 1900710644005, 1897488263005, '{"key 501":"value \u003c\u0026\u003e"}', 'text 809882', 1, 1900377787005, 169, 1);
INSERT INTO job (key, id, created_at, status, concurrent, selection, namespace, definition, rollout, windowed)
	VALUES (9, 'text 958221', 1902251957005, 'IN_PROGRESS', 1, 'CONTINUOUS', 'text 318642', '{"targets":[{"kind":"thinggroup","name":"site-1","arn":"arn:aws:iot:us-east-1:000000000000:thinggroup/site-1"}],"targetSelection":"CONTINUOUS","description":"text 499418","namespaceId":"text 318642","presignedUrlConfig":{"roleArn":"text 641036","expiresInSec":853642},"rolloutConfig":{"maximumPerMinute":944863,"exponentialRate":{"baseRatePerMinute":290031,"incrementTenths":302670,"notifiedThings":553922,"succeededThings":567625}},"abortConfig":{"criteria":[{"failureType":"text 207645","thresholdHundredths":726822,"minExecuted":405263}]},"timeoutConfig":{"inProgressMinutes":879704},"retryConfig":{"criteria":[{"failureType":"text 495419","retries":200204}]},"schedulingConfig":{"startTime":"text 124560","endTime":"text 776033","endBehavior":"text 581378","windows":[{"startTime":"text 474196","minutes":310645}],"startAt":"2030-03-02T07:53:56.005Z","endAt":"2030-01-26T13:51:09.005Z"},"documentSource":"text 373348","jobTemplateArn":"text 396536","documentParameters":{"key 829":"value \u003c\u0026\u003e"},"destinationPackageVersions":["text 858861"],"needsRole":true,"hasArtifacts":true,"steering":{"tags":{"key 271":"value \u003c\u0026\u003e"},"maxOutstanding":159653,"abort":"text 408504","guard":{"failureType":"text 725429","rateHundredths":98407,"alphaHundredths":371035,"settle":518327,"then":"text 806626"},"confirm":383903,"backoff":{"first":693232,"max":710868},"waves":[{"group":"text 683820","percentHundredths":542840,"soak":183852,"okHundredths":872347,"hasOk":true,"approve":true}]},"createdAt":"2030-04-12T19:19:17.005Z","sources":[{"target":184570,"thing":170221,"group":278836,"newestMembership":3035}],"newestMembership":896795,"targetGroups":[8]}', NULL, 1);
INSERT INTO job_document (job, document, original)
	VALUES (9, 'text 174231', 'text 951850');
INSERT INTO job_state (job, due, ended, state)
	VALUES (9, 1894271569005, NULL, '{"status":"IN_PROGRESS","forceCanceled":true,"reasonCode":"text 241308","comment":"text 69202","updatedAt":"2030-01-10T12:33:13.005Z","completedAt":"2030-04-04T05:21:31.005Z","paused":"text 804767","pausedAt":"2030-02-23T05:06:18.005Z","steered":{"observed":[{"at":"2030-03-02T14:47:37.005Z","c":408814,"f":520719,"n":299767,"do":"text 844805"}],"guard":{"since":"2030-02-07T01:48:00.005Z","counted":723837,"failed":361160,"first":630181,"started":[618440],"failing":[629451],"fired":{"at":"2030-01-05T22:20:13.005Z","counted":208503,"failed":730446}},"confirming":741093,"confirmed":272742,"silent":647766,"retriesWaiting":347558,"waves":[[586020,808401,141258,363639,696496,918877,251734,1896930114005,1,1]],"earlierWaves":151,"retry":{"statuses":"cw==","things":[369518],"after":{"name":"text 63605","thing":644567}}},"counts":[827330,827331,827332,827333,827334,827335,827336,827337],"rollout":{"finished":true,"nextTick":"2030-04-04T19:12:27.005Z","closed":"2030-04-15T23:24:51.005Z","quota":124582,"searching":true,"ticked":true,"step":783518,"notified":760972,"notifiedBase":151895,"succeededBase":149258,"cursor":{"source":984383,"path":[{"group":682986,"name":"text 952309"}],"after":"text 85715","returned":true}},"sweep":"text 347871","windowEdge":"2030-01-30T01:39:20.005Z","rolloutEnded":true,"notifyCursor":{"thing":498272,"number":221809},"hiddenAtSweep":true,"lateJoinersWaiting":true,"backfill":{"source":860358,"path":[{"group":856749,"name":"text 714118"}],"after":"text 748698","returned":true},"due":"2030-01-10T10:32:49.005Z"}');
INSERT INTO job_target (resource, created_at, id, job)
	VALUES ('thinggroup/site-1', 1902251957005, 'text 958221', 9);
INSERT INTO job_template (id, created_at, template, document)
	VALUES ('text 757797', 1902131629005, '{"id":"text 757797","description":"text 881650","presignedUrlConfig":{"roleArn":"text 989156","expiresInSec":517122},"rolloutConfig":{"maximumPerMinute":84437,"exponentialRate":{"baseRatePerMinute":318590,"incrementTenths":897095,"notifiedThings":57573,"succeededThings":802652}},"abortConfig":{"criteria":[{"failureType":"text 424665","thresholdHundredths":714682,"minExecuted":858123}]},"timeoutConfig":{"inProgressMinutes":145787},"retryConfig":{"criteria":[{"failureType":"text 340903","retries":560800}]},"maintenanceWindows":[{"startTime":"text 200079","minutes":755972}],"destinationPackageVersions":["text 505125"],"createdAt":"2030-04-11T09:53:49.005Z","documentSource":"text 840076"}', 'text 855503');
INSERT INTO job_thing (job, name, thing)
	VALUES (9, 'text 979299', 7);
INSERT INTO late_joiner (job, thing)
	VALUES (9, 7);
INSERT INTO left_membership (thing_group, name, joined, ended, thing)
	VALUES (8, 'text 979299', 602883, 959691, 7);
INSERT INTO membership (thing_group, name, thing, joined)
	VALUES (8, 'text 979299', 7, 220479);
INSERT INTO membership_work (number, work)
	VALUES (997350, '{"thing":981595,"before":[562614],"deleted":true,"left":true,"queued":{"queuedAt":"2030-02-27T04:28:26.005Z","sequence":118568},"pendingDone":true,"job":381870}');
INSERT INTO node (id, name, version, since, seen, position, connections, ready, heir)
	VALUES (59860, 'text 282240', 'text 615097', 1900293478005, 1902528581005, 294963, 517344, 1, NULL);
INSERT INTO policy (name, default_version, last_version, created_at, updated_at)
	VALUES ('text 88274', 1, 3, 1898433798005, 1895211417005);
INSERT INTO policy_version (policy, number, document, created_at)
	VALUES ('text 88274', 1, 'text 978338', 1898656719005);
INSERT INTO principal (thing, certificate, thing_name, exclusive)
	VALUES (7, 'text 954668', 'text 979299', 1);
INSERT INTO provisioning_template (name, definition)
	VALUES ('text 908278', '{"type":"text 267367","description":"text 416403","enabled":true,"provisioningRoleArn":"text 933677","hook":{"target":"text 748667","payloadVersion":"text 516780"},"versions":[{"number":689468,"body":"text 323746","createdAt":"2030-03-13T09:32:15.005Z"}],"default":142985,"lastNumber":103135,"createdAt":"2030-01-02T15:19:16.005Z","updatedAt":"2030-03-08T06:05:47.005Z"}');
INSERT INTO session (client, seq, value, body, shared)
	VALUES ('text 652533', 115, X'60', X'4D', NULL);
INSERT INTO session (client, seq, value, body, shared)
	VALUES ('text 899898', 118, X'3D', NULL, 23);
INSERT INTO session_body (id, value)
	VALUES (23, X'50');
INSERT INTO setting (name, value)
	VALUES ('text 427942', X'A2');
INSERT INTO sink (id, name, definition, progress)
	VALUES (840682, 'text 63062', '{"kind":"text 732847","url":"text 563234","enabled":true,"topics":["text 964817"],"jobs":["text 922449"],"subject":"text 932619","ca":"text 41141","retryFor":89609,"mechanism":"text 860026","username":"text 722333","secrets":{"signing":"wQ==","previous":"JQ==","previousUntil":"2030-01-15T09:22:04.005Z","credentials":"bg==","password":"JQ=="},"createdAt":"2030-04-24T15:43:06.005Z","updatedAt":"2030-01-23T13:12:41.005Z","version":130108}', '{"position":261602,"node":115907,"delivered":493707,"skipped":41863,"dropped":898009,"lastDelivered":"2030-03-04T01:59:58.005Z","lastError":"text 539580","lastErrorAt":"2030-02-08T05:44:41.005Z"}');
INSERT INTO sink_event (id, at, size, total, events)
	VALUES (207667, 1893545577005, 12, 12, X'000E00F1FF0B746578742033393136353001B0010000FFFF');
INSERT INTO tagged (kind, name, tags)
	VALUES ('job', 'text 958221', '{"key 964":"value \u003c\u0026\u003e"}');
INSERT INTO temporary_certificate (certificate, until, policy)
	VALUES ('text 815135', 1895493516005, 'text 370373');
INSERT INTO thing (id, name, uuid, type, attributes, version, created_at, billing_group)
	VALUES (7, 'text 979299', 'text 756918', 'text 534537', '{"key 156":"value \u003c\u0026\u003e"}', 89776, 1899323394005, 645014);
INSERT INTO thing_group (id, name, uuid, parent, description, attributes, version, created_at, query, work, scanned)
	VALUES (8, 'text 790126', 'text 12507', 234889, 'text 678221', '{"key 602":"value \u003c\u0026\u003e"}', 345365, 1897802793005, 'text 122983', 'text 569174', 'text 326906');
INSERT INTO thing_hold (thing, reason, since, until)
	VALUES (7, 'text 88966', 1902767347005, 1895989728005);
INSERT INTO thing_type (name, uuid, properties, created_at, deprecated_at)
	VALUES ('text 623025', 'text 845406', '{"description":"text 746470","searchableAttributes":["text 822353"],"propagatingAttributes":[{"userPropertyKey":"text 957049","thingAttribute":"text 71332","connectionAttribute":"text 89728"}]}', 1901746168005, 1899189501005);
INSERT INTO waiting_retry (job, thing)
	VALUES (9, 7);
