//! The routes of the shop. There is no page.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::orders::{self, Refusal};
use crate::shop::Shop;
use crate::stock;
use crate::words::{self, Order};

/// How long the web part waits for an order.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long an answer takes from the orders to the web part.
const HOP: Duration = Duration::from_millis(3);

/// All routes.
pub(crate) fn router(shop: Arc<Shop>) -> Router {
    Router::new()
        .route("/", get(about))
        .route("/products", get(products))
        .route("/orders", post(place_order))
        .route("/metrics", get(metrics))
        .route("/faults", get(faults))
        .route("/faults/{name}", post(switch))
        .route("/open", post(open))
        .with_state(shop)
}

async fn about() -> Json<Value> {
    Json(json!({
        "GET /products": "what is sold",
        "POST /orders": {"customer": 1, "product": 12, "quantity": 1},
        "GET /metrics": "for Prometheus",
        "GET /faults": "which faults were on when",
        "POST /faults/{name}": "on, or off",
    }))
}

async fn products(State(shop): State<Arc<Shop>>) -> Json<Value> {
    let begun = Instant::now();
    let usual = shop.random.lock().around(0.012);
    tokio::time::sleep(Duration::from_secs_f64(usual)).await;
    let is_missing = shop.faults.is_on(Fault::MissingPrice);
    let all = shop.stock.all().into_iter().map(|(product, left)| {
        let price = (product != stock::FRAGILE || !is_missing).then(|| stock::price(product));
        json!({"id": product, "price_cents": price, "left": left})
    });
    let all: Vec<Value> = all.collect();
    answered(&shop, ("GET", "/products"), (200, "OK"), begun);
    Json(json!({ "items": all }))
}

/// An order as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewOrder {
    #[serde(default)]
    customer: u64,
    product: u64,
    #[serde(default = "one")]
    quantity: u64,
}

const fn one() -> u64 {
    1
}

async fn place_order(State(shop): State<Arc<Shop>>, Json(new): Json<NewOrder>) -> Response {
    let begun = Instant::now();
    if !(1..=100).contains(&new.quantity) {
        let problem = json!({"error": "expected a `quantity` from 1 to 100"});
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(problem)).into_response();
    }
    let order = Order {
        id: shop.next_order(),
        customer: new.customer,
        product: new.product,
        quantity: new.quantity,
    };
    // The order goes on when the web part has lost its patience.
    let worker = shop.clone();
    let working = shop
        .tasks
        .spawn(async move { orders::work(&worker, order).await });
    let (answer, body) = match tokio::time::timeout(PATIENCE, working).await {
        Ok(Ok(Ok(cents))) => ((201, "Created"), json!({"order": order.id, "cents": cents})),
        Ok(Ok(Err(refusal))) => (refusal.answer(), json!({"error": why(refusal)})),
        Ok(Err(_)) => (
            (500, "Internal Server Error"),
            json!({"error": "the order broke off"}),
        ),
        Err(_) => (
            (504, "Gateway Timeout"),
            json!({"error": "the order takes too long"}),
        ),
    };
    tokio::time::sleep(HOP).await;
    answered(&shop, ("POST", "/orders"), answer, begun);
    let status = StatusCode::from_u16(answer.0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(body)).into_response()
}

const fn why(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NoSuchProduct => "there is no such product",
        Refusal::NoPrice => "the product has no price",
        Refusal::QueueFull => "too many orders wait",
        Refusal::Unpaid => "the payment provider does not answer",
        Refusal::Unwritten => "the order cannot be written down",
    }
}

/// Logs and measures an answer.
fn answered(shop: &Shop, (method, route): (&str, &str), answer: (u16, &str), begun: Instant) {
    let took = begun.elapsed();
    shop.say(&words::request(
        method,
        route,
        answer,
        took.as_millis() as u64,
    ));
    shop.measure(|readings, _| {
        readings.requests.add(took.as_secs_f64());
        if answer.0 < 500 {
            readings.requests_ok += 1.0;
        } else {
            readings.requests_failed += 1.0;
        }
    });
}

async fn metrics(State(shop): State<Arc<Shop>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, shop.page()).into_response()
}

async fn faults(State(shop): State<Arc<Shop>>) -> Json<Value> {
    Json(json!({ "faults": shop.faults.states() }))
}

async fn switch(State(shop): State<Arc<Shop>>, Path(name): Path<String>, body: String) -> Response {
    let Some(fault) = Fault::from_name(&name) else {
        let names = Fault::ALL.map(Fault::name);
        let problem = json!({"error": format!("no fault `{name}`"), "faults": names});
        return (StatusCode::NOT_FOUND, Json(problem)).into_response();
    };
    let on = match body.trim() {
        "on" => true,
        "off" => false,
        _ => {
            let problem = json!({"error": "expected the body `on` or `off`"});
            return (StatusCode::UNPROCESSABLE_ENTITY, Json(problem)).into_response();
        }
    };
    shop.faults.switch(fault, on);
    Json(json!({ "faults": shop.faults.states() })).into_response()
}

async fn open(State(shop): State<Arc<Shop>>) -> StatusCode {
    shop.open_doors();
    StatusCode::NO_CONTENT
}
