//! Questions over pasted texts of many forms, made up for this test: what the answer must say first, what it must
//! say somewhere, and what it must not say.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests end the test when they fail"
)]

use std::sync::LazyLock;

use tocsin_diagnosis::{Diagnosis, Diagnostician, Document, RuleFile, Rules};

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let file: RuleFile =
        serde_yaml_ng::from_str(include_str!("../../../rules/diagnosis.yml")).unwrap();
    Rules::new(file).unwrap()
});
static DIAGNOSTICIAN: LazyLock<Diagnostician> = LazyLock::new(|| Diagnostician::new().unwrap());

fn ask(question: &str, documents: &[(&str, &str)]) -> Diagnosis {
    let documents: Vec<Document> = documents
        .iter()
        .map(|(name, text)| Document {
            name: (*name).to_owned(),
            text: (*text).to_owned(),
        })
        .collect();
    DIAGNOSTICIAN.diagnose(question, &documents, &RULES)
}

fn texts(diagnosis: &Diagnosis) -> Vec<&str> {
    diagnosis
        .findings
        .iter()
        .map(|finding| finding.text.as_str())
        .collect()
}

/// The first finding has all of some words.
fn first(question: &str, documents: &[(&str, &str)], words: &[&str]) {
    let diagnosis = ask(question, documents);
    let texts = texts(&diagnosis);
    let found = texts.first().copied().unwrap_or_default();
    for word in words {
        assert!(
            found.contains(word),
            "{question}: `{word}` in {texts:#?} {:?}",
            diagnosis.notices
        );
    }
}

/// Some finding has all of some words.
fn says(question: &str, documents: &[(&str, &str)], words: &[&str]) {
    let diagnosis = ask(question, documents);
    let texts = texts(&diagnosis);
    let is_said = texts
        .iter()
        .any(|text| words.iter().all(|word| text.contains(word)));
    assert!(
        is_said,
        "{question}: {words:?} in {texts:#?} {:?}",
        diagnosis.notices
    );
}

fn never(question: &str, documents: &[(&str, &str)], word: &str) {
    let diagnosis = ask(question, documents);
    assert!(
        !texts(&diagnosis).iter().any(|text| text.contains(word)),
        "{question}: {:#?}",
        texts(&diagnosis)
    );
}

const EVENTS: &str = "LAST SEEN   TYPE      REASON             OBJECT              MESSAGE
2m          Normal    Scheduled          pod/mailer-1        Successfully assigned shop/mailer-1 to node-2
90s         Warning   FailedMount        pod/mailer-1        MountVolume.SetUp failed for volume \"creds\" : secret \"smtp-creds\" not found
40s         Warning   Unhealthy          pod/search-0        Readiness probe failed: Get \"http://10.1.2.3:9200/\": dial tcp 10.1.2.3:9200: connect: connection refused
";

#[test]
fn events_name_what_is_missing() {
    first(
        "why does mailer-1 not start?",
        &[("kubectl get events -n shop", EVENTS)],
        &["secret", "`smtp-creds`", "mailer-1"],
    );
    first(
        "why is search-0 not ready?",
        &[("kubectl get events -n shop", EVENTS)],
        &["readiness probe", "search-0"],
    );
    never(
        "why is search-0 not ready?",
        &[("kubectl get events -n shop", EVENTS)],
        "smtp-creds",
    );
}

#[test]
fn states_of_yaml_are_read() {
    let yaml = "apiVersion: v1
kind: Pod
metadata:
  name: worker-5
  namespace: jobs
spec:
  containers:
  - image: registry.example/worker:7.1
    name: worker
status:
  conditions:
  - lastTransitionTime: \"2025-01-01T00:00:00Z\"
    message: '0/3 nodes are available: 3 Insufficient memory.'
    reason: Unschedulable
    status: \"False\"
    type: PodScheduled
  phase: Pending
";
    says(
        "what is wrong with worker-5?",
        &[("worker.yaml", yaml)],
        &["memory", "worker-5"],
    );
    first(
        "which image does worker-5 have?",
        &[("worker.yaml", yaml)],
        &["registry.example/worker:7.1"],
    );
}

#[test]
fn tables_are_counted_and_filtered() {
    let pods = "NAMESPACE   NAME      READY   STATUS             RESTARTS        AGE   LABELS
shop        web-1     1/1     Running            0               3d    app=web
shop        web-2     0/1     CrashLoopBackOff   41 (2m ago)     3d    app=web
shop        db-0      1/1     Running            2 (3h ago)      3d    app=db
mail        smtp-1    1/1     Running            0               3d    app=smtp
mail        smtp-2    0/1     Completed          0               3d    app=smtp
";
    let documents = [("kubectl get pods -A --show-labels", pods)];
    first(
        "How many pods are in the shop namespace?",
        &documents,
        &["There are 3 pods"],
    );
    first(
        "How many pods are running?",
        &documents,
        &["There are 3 pods"],
    );
    first(
        "How many pods have the label app=web?",
        &documents,
        &["There are 2 pods"],
    );
    first(
        "How many pods restarted more than 1 time?",
        &documents,
        &["There are 2 pods"],
    );
    first(
        "what is wrong in the shop namespace?",
        &documents,
        &["web-2", "CrashLoopBackOff"],
    );
    never("what is wrong in the shop namespace?", &documents, "smtp-2");
}

#[test]
fn logs_tell_the_cause_before_what_follows() {
    let log = "2025-03-01 10:00:00 INFO starting billing 2.0
2025-03-01 10:00:01 INFO connecting to db-main:5432
2025-03-01 10:00:02 ERROR could not open session: FATAL: password authentication failed for user \"billing\"
2025-03-01 10:00:02 ERROR startup failed
2025-03-01 10:00:02 INFO shutting down
";
    first(
        "why does billing crash?",
        &[("kubectl logs billing-0", log)],
        &["login", "`billing`"],
    );
    let log = "Exception in thread \"main\" java.lang.IllegalStateException: cannot start
\tat com.example.Main.main(Main.java:12)
Caused by: java.net.UnknownHostException: queue.internal
\tat java.net.Inet.lookup(Inet.java:1)
";
    first(
        "what is wrong?",
        &[("app.log", log)],
        &["DNS", "`queue.internal`"],
    );
}

#[test]
fn what_a_program_lacks_is_named() {
    for (log, words) in [
        (
            "Traceback (most recent call last):\n  File \"/app/a.py\", line 3, in <module>\n    import numpy\nModuleNotFoundError: No module named 'numpy'",
            ["`numpy`", "missing"],
        ),
        (
            "Error: environment variable STRIPE_KEY is not set",
            ["`STRIPE_KEY`", "not set"],
        ),
        (
            "standard_init_linux.go:228: exec user process caused: exec format error",
            ["architecture", "exec format"],
        ),
        (
            "listen tcp :8080: bind: address already in use",
            ["port", "taken"],
        ),
        (
            "curl: (6) Could not resolve host: api.internal",
            ["`api.internal`", "DNS"],
        ),
        (
            "OSError: [Errno 28] No space left on device: '/var/lib/x'",
            ["disk", "full"],
        ),
        (
            "x509: certificate has expired or is not yet valid: current time 2025-01-01",
            ["certificate", "expired"],
        ),
        (
            "pods is forbidden: User \"system:serviceaccount:ci:runner\" cannot list resource \"pods\" in API group \"\" in the namespace \"ci\"",
            ["may not", "`list`"],
        ),
    ] {
        first("what is the problem?", &[("job.log", log)], &words);
    }
}

#[test]
fn disks_units_and_containers_are_read() {
    let df = "Filesystem      Size  Used Avail Use% Mounted on\n/dev/sda1        40G   12G   28G  30% /\n/dev/sdb1       100G   99G  1.0G  99% /var/lib/postgresql\n";
    first(
        "what is wrong with the server?",
        &[("df -h", df)],
        &["/var/lib/postgresql", "99%"],
    );
    let unit = "● queue.service - Queue worker\n     Loaded: loaded (/etc/systemd/system/queue.service; enabled)\n     Active: failed (Result: exit-code) since Mon 2025-01-06 09:00:00 UTC; 3min ago\n    Process: 77 ExecStart=/opt/queue/run (code=exited, status=203/EXEC)\n   Main PID: 77 (code=exited, status=203/EXEC)\n";
    first(
        "why is queue down?",
        &[("systemctl status queue", unit)],
        &["cannot execute the program"],
    );
    let docker = "CONTAINER ID   IMAGE        COMMAND    CREATED        STATUS                     PORTS     NAMES\nab12cd34ef56   shop/api:3   \"./api\"    2 hours ago    Exited (1) 5 minutes ago             api\nbc12cd34ef56   redis:7      \"redis\"    2 hours ago    Up 2 hours                 6379/tcp  cache\n";
    first(
        "what is wrong?",
        &[("docker ps -a", docker)],
        &["api", "exit code `1`"],
    );
}

#[test]
fn a_slow_span_and_a_growing_number_are_found() {
    let trace = r#"[{"traceId":"1","id":"a","name":"get /checkout","duration":4000000,"localEndpoint":{"serviceName":"shop"}},
{"traceId":"1","id":"b","parentId":"a","name":"redis get","duration":3900000,"localEndpoint":{"serviceName":"cart"}}]"#;
    first(
        "why is checkout slow?",
        &[("trace.json", trace)],
        &["`cart`", "cache", "redis get"],
    );
    let log: String = [210, 260, 330, 480, 700, 1010]
        .iter()
        .map(|mb| format!("2025-01-01 10:00:00 INFO stats: heap used {mb}MB\n"))
        .collect();
    says(
        "is there a memory leak in api?",
        &[("api.log", &log)],
        &["grows", "`1010MB`"],
    );
}

#[test]
fn codes_are_listed_for_a_path() {
    let log = "10.0.0.1 - - [12/Jun/2025:22:14:51 +0000] \"GET /cart HTTP/1.1\" 200 12\n10.0.0.1 - - [12/Jun/2025:22:14:52 +0000] \"GET /cart HTTP/1.1\" 503 12\n10.0.0.1 - - [12/Jun/2025:22:14:53 +0000] \"GET /login HTTP/1.1\" 404 12\n";
    let documents = [("access.log", log)];
    first(
        "which status codes did /cart return?",
        &documents,
        &["200 (1 times)", "503 (1 times)"],
    );
    never("which status codes did /cart return?", &documents, "404");
    let json = r#"{"results":[{"http.url":"/cart","http.statusCode":200},{"http.url":"/cart","http.statusCode":409},{"http.url":"/x","http.statusCode":500}]}"#;
    first(
        "what http status codes do we have for /cart?",
        &[("spans.json", json)],
        &["200", "409"],
    );
    never(
        "what http status codes do we have for /cart?",
        &[("spans.json", json)],
        "500",
    );
}

#[test]
fn lines_are_shown_by_what_they_contain_and_when() {
    let log = "2025-06-10 09:00:00 ERROR queue lost\n2025-06-12 09:00:00 ERROR disk lost\n2025-06-12 10:00:00 INFO all well\n";
    let documents = [("app.log", log)];
    says(
        "show the errors since 2025-06-11",
        &documents,
        &["disk lost"],
    );
    never("show the errors since 2025-06-11", &documents, "queue lost");
    says(
        "show logs that contain \"all well\"",
        &documents,
        &["all well"],
    );
    never(
        "show logs that contain \"all well\"",
        &documents,
        "disk lost",
    );
    let diagnosis = ask("show logs that contain \"meteor\"", &documents);
    assert!(
        diagnosis.findings.is_empty() && diagnosis.notices[0].contains("meteor"),
        "{diagnosis:?}"
    );
}

#[test]
fn whether_something_was_there_is_answered_either_way() {
    let documents = [("switch.log", "link up\nPeer 10.0.0.9 gone\nlink up\n")];
    first(
        "was there any 'Peer 10.0.0.9 gone' message?",
        &documents,
        &["Yes"],
    );
    let diagnosis = ask("was there any 'fire' message?", &documents);
    assert!(
        diagnosis.findings.is_empty() && diagnosis.notices[0].contains("fire"),
        "{diagnosis:?}"
    );
}

#[test]
fn brokers_and_clusters_in_json_are_read() {
    let json = "{\n  \"cluster\": \"events\",\n  \"nodes\": [\n    {\"name\": \"mq-0\", \"running\": true, \"disk_free_alarm\": true},\n    {\"name\": \"mq-1\", \"running\": true, \"disk_free_alarm\": false}\n  ]\n}";
    says("is mq healthy?", &[("status.json", json)], &["alarm"]);
    let lag = "GROUP     TOPIC    PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG     CONSUMER-ID\nbilling   orders   0          100             880100          880000  c-1\n";
    first(
        "why are orders late?",
        &[("kafka-consumer-groups --describe", lag)],
        &["880000", "orders"],
    );
}

#[test]
fn a_service_that_selects_nothing_is_found() {
    let service = "Name:              web\nNamespace:         shop\nSelector:          app=web-frontend\nType:              ClusterIP\nPort:              http  80/TCP\nTargetPort:        8080/TCP\nEndpoints:         <none>\nEvents:            <none>\n";
    let pods = "NAME    READY   STATUS    RESTARTS   AGE   LABELS\nweb-1   1/1     Running   0          4d    app=web\n";
    let documents = [
        ("kubectl describe service web -n shop", service),
        ("kubectl get pods -n shop --show-labels", pods),
    ];
    says(
        "why can nobody reach the web service?",
        &documents,
        &["app=web-frontend", "no pod"],
    );
    let policy = "Name:         locked\nNamespace:    shop\nSpec:\n  PodSelector:     <none> (Allowing the specific traffic to all pods in this namespace)\n  Not affecting ingress traffic\n  Allowing egress traffic:\n    <none> (Selected pods are isolated for egress connectivity)\n  Policy Types: Egress\n";
    says(
        "why can pod client not resolve names?",
        &[("kubectl describe networkpolicy -n shop", policy)],
        &["network policy `locked`"],
    );
}

#[test]
fn lines_within_json_are_read_as_lines() {
    let loki = "{\"status\":\"success\",\"data\":{\"resultType\":\"streams\",\"result\":[{\"stream\":{\"app\":\"pay\"},\"values\":[\n[\"1749766491000000000\",\"level=info msg=\\\"start pay\\\"\"],\n[\"1749766492000000000\",\"level=error msg=\\\"dial tcp 10.0.0.5:6379: connect: connection refused\\\"\"]]}]}}";
    first(
        "what is wrong with pay?",
        &[("loki.json", loki)],
        &["refused"],
    );
}

#[test]
fn the_greatest_is_found_in_tables_and_metrics() {
    let top = "NAME   CPU(cores)   MEMORY(bytes)\na-1    3m           84Mi\nb-2    100m         1Gi\nc-3    29m          553Mi\n";
    first(
        "Which pod uses the most memory?",
        &[("kubectl top pods", top)],
        &["`b-2`", "1Gi"],
    );
    first(
        "Which pod uses the least cpu?",
        &[("kubectl top pods", top)],
        &["`a-1`", "3m"],
    );
    let vector = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"pod":"a-1"},"value":[1756099500,"0.12"]},{"metric":{"pod":"b-2"},"value":[1756099500,"1.92"]}]}}"#;
    first(
        "Which pod has the highest cpu usage?",
        &[("query.json", vector)],
        &["`b-2`", "1.92"],
    );
}

#[test]
fn what_is_named_and_not_there_is_found() {
    let ingress = "Name:             shop\nNamespace:        app\nAddress:\nIngress Class:    traefik-x\nRules:\n  Host  Path  Backends\nEvents:           <none>\n";
    let classes = "NAME    CONTROLLER             PARAMETERS   AGE\nnginx   k8s.io/ingress-nginx   <none>       10d\n";
    let documents = [
        ("kubectl describe ingress shop -n app", ingress),
        ("kubectl get ingressclass", classes),
    ];
    first(
        "why does the shop ingress not work?",
        &documents,
        &["`traefik-x`", "does not exist"],
    );
    let json = r#"{
  "DBInstances": [
    {"DBInstanceIdentifier": "orders-db", "DBInstanceStatus": "storage-full"},
    {"DBInstanceIdentifier": "users-db", "DBInstanceStatus": "available"}
  ]
}"#;
    first(
        "what is wrong with orders-db?",
        &[("instances.json", json)],
        &["`orders-db`", "storage-full"],
    );
}

#[test]
fn parts_of_an_object_are_told_by_the_name_of_the_object() {
    let json = r#"{"kind":"Pod","metadata":{"name":"mail-7","namespace":"shop"},"status":{"phase":"Running","containerStatuses":[{"name":"app","ready":false,"restartCount":9,"lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled"}}}]}}"#;
    first(
        "what is wrong with mail-7?",
        &[("pod.json", json)],
        &["`mail-7`", "OOM killed"],
    );
}

#[test]
fn nothing_is_invented() {
    for text in [
        "",
        "hello\n",
        "NAME   READY   STATUS    AGE\nweb-1   1/1   Running   4d\n",
        "2025-01-01 10:00:00 INFO all is well\n",
    ] {
        let diagnosis = ask("what is wrong?", &[("x.txt", text)]);
        assert!(diagnosis.advice.is_empty(), "{text}: {diagnosis:?}");
    }
}
