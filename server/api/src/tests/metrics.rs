//! Series, charts, anomalies, forecasts, and Prometheus' own API over them.

use axum::http::StatusCode;
use tocsin_domain::metric::Verdict;

use super::Server;
use super::fakes::{lock, metrics};

fn server() -> Server {
    let server = Server::new();
    let series = [("cpu", "web-1"), ("cpu", "web-2"), ("load", "web-1")];
    let all = series.map(|(name, host)| metrics::series(name, host));
    let anomalies = [metrics::anomaly(&all[0], 5), metrics::anomaly(&all[1], 50)];
    lock(&server.fakes.anomalies).extend(anomalies);
    lock(&server.fakes.predictions).extend([
        metrics::prediction(&all[0], true),
        metrics::prediction(&all[1], false),
    ]);
    lock(&server.fakes.series).extend(all);
    server
}

async fn id_of(server: &Server, selector: &str) -> String {
    let found = server
        .json(&format!("/api/v1/metrics/series?match={selector}"))
        .await;
    found["items"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn series_are_found_by_words_and_selectors_page_by_page() {
    let server = server();
    let first = server.json("/api/v1/metrics/series?q=WEB-1&limit=1").await;
    assert_eq!(first["total"], 2);
    assert_eq!(first["items"][0]["name"], "cpu");
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/metrics/series?q=WEB-1&limit=1&cursor={cursor}");
    let second = server.json(&path).await;
    assert_eq!(second["items"][0]["name"], "load");
    assert!(second["next_cursor"].is_null());
    let wrong = server.get("/api/v1/metrics/series?match=cpu%7B").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert_eq!(wrong.json()["errors"][0]["field"], "match");
}

#[tokio::test]
async fn a_chart_has_columns_of_equal_length_and_a_band() {
    let server = server();
    let id = id_of(&server, "cpu").await;
    let chart = server
        .json(&format!("/api/v1/metrics/query?series={id}"))
        .await;
    let item = &chart["items"][0];
    let lengths = ["at", "value", "yhat", "yhat_lower", "yhat_upper"];
    let lengths = lengths.map(|column| item[column].as_array().unwrap().len());
    assert_eq!(lengths, [61; 5]);
    assert!(item["yhat"][0].is_null() && item["yhat_upper"][1] == 2.0);
    let answer = server
        .json("/api/v1/metrics/query?q=sum(cpu)&points=61")
        .await;
    assert_eq!(answer["items"][0]["value"][60], 120.0);
    let neither = server.get("/api/v1/metrics/query").await;
    assert_eq!(neither.status, StatusCode::BAD_REQUEST);
    let unknown = server
        .get("/api/v1/metrics/query?series=00000000000000ff")
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn anomalies_are_listed_and_feedback_is_kept_and_heard() {
    let server = server();
    let page = server.json("/api/v1/metrics/anomalies?limit=1").await;
    let newest = &page["items"][0];
    assert_eq!(newest["labels"]["host"], "web-1");
    assert!(
        newest["yhat_upper"].is_null(),
        "infinity is no number of JSON"
    );
    let cursor = page["next_cursor"].as_str().unwrap();
    let older = server
        .json(&format!("/api/v1/metrics/anomalies?cursor={cursor}"))
        .await;
    assert_eq!(older["items"][0]["labels"]["host"], "web-2");

    let id = newest["id"].as_str().unwrap();
    let path = format!("/api/v1/metrics/anomalies/{id}/feedback");
    let json = [("content-type", "application/json")];
    let said = server
        .post(&path, &json, r#"{"verdict":"not_anomaly"}"#)
        .await;
    assert_eq!(said.status, StatusCode::ACCEPTED, "{}", said.text());
    let heard = lock(&server.fakes.feedback).clone();
    assert_eq!(heard[0].verdict, Verdict::NotAnomaly);
    let kept = server
        .json(&format!("/api/v1/metrics/anomalies/{id}"))
        .await;
    assert_eq!(kept["feedback"], "not_anomaly");
    let odd = server.post(&path, &json, r#"{"verdict":"perhaps"}"#).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);

    let id = id_of(&server, "load").await;
    let path = format!("/api/v1/metrics/series/{id}/feedback");
    let said = server
        .post(&path, &json, r#"{"verdict":"missed","at":"now-10m"}"#)
        .await;
    assert_eq!(said.status, StatusCode::ACCEPTED);
    assert_eq!(lock(&server.fakes.feedback)[1].verdict, Verdict::Missed);
}

#[tokio::test]
async fn forecasts_and_scorecards_are_shown() {
    let server = server();
    let raised = server.json("/api/v1/metrics/forecasts?raised=true").await;
    assert_eq!(raised["items"].as_array().unwrap().len(), 1);
    let item = &raised["items"][0];
    assert_eq!(item["probability"], 0.93);
    assert!(item["crosses_at"].is_string() && item["crosses_to"].is_null());
    let id = id_of(&server, "cpu").await;
    let curve = server
        .json(&format!("/api/v1/metrics/series/{id}/forecast?horizon=6h"))
        .await;
    assert_eq!(curve["model"], "theta");
    assert_eq!(curve["upper_95"][0], 63.0);
    assert!(curve["back_test"]["mase"].is_null());
    let wrong = server
        .get(&format!(
            "/api/v1/metrics/series/{id}/forecast?horizon=soon"
        ))
        .await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let cards = server.json("/api/v1/metrics/forecasts/scorecard").await;
    assert_eq!(cards["total"]["outcomes"]["hit"], 9);
    assert_eq!(cards["total"]["coverage_80"], 0.8);
}

#[tokio::test]
async fn prometheus_clients_get_prometheus_answers() {
    let server = server();
    let instant = server
        .json("/api/v1/query?query=cpu%7Bhost%3D%22web-1%22%7D")
        .await;
    assert_eq!(instant["data"]["resultType"], "vector");
    assert_eq!(instant["data"]["result"][0]["value"][1], "60");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = "query=sum(cpu)&start=1799998800&end=1800000000&step=60";
    let range = server.post("/api/v1/query_range", &form, body).await;
    assert_eq!(range.status, StatusCode::OK, "{}", range.text());
    assert_eq!(
        range.json()["data"]["result"][0]["values"]
            .as_array()
            .unwrap()
            .len(),
        21
    );
    let names = server.json("/api/v1/labels").await;
    assert_eq!(names["data"], serde_json::json!(["__name__", "host"]));
    let values = server.json("/api/v1/label/host/values?match[]=load").await;
    assert_eq!(values["data"], serde_json::json!(["web-1"]));
    let series = server.json("/api/v1/series?match[]=cpu&match[]=load").await;
    assert_eq!(series["data"].as_array().unwrap().len(), 3);
    let kinds = server.json("/api/v1/metadata").await;
    assert_eq!(kinds["data"]["cpu"][0]["type"], "gauge");

    let wrong = server.get("/api/v1/query?query=sum(").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert_eq!(wrong.json()["errorType"], "bad_data");
    let outside = server
        .get("/api/v1/query?query=first_over_time(cpu%5B5m%5D)")
        .await;
    assert!(
        outside.text().contains("outside the subset")
            || outside.text().contains("unknown function"),
        "{}",
        outside.text()
    );
    let fine = server
        .get("/api/v1/query_range?query=cpu&start=0&end=1800000000&step=1")
        .await;
    assert!(fine.text().contains("11000 points"), "{}", fine.text());
}
