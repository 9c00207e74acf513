//! The customers of the shop: they look around, and some of them order. They go through the same
//! routes as anybody else.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use tower::ServiceExt;

use crate::clock::now_ms;
use crate::shop::Shop;
use crate::stock::{FRAGILE, PRODUCTS};
use crate::{http, words};

/// Customers a second, over the day.
const VISITS_PER_SEC: f64 = 3.0;
/// The share of them that orders something.
pub(crate) const BUYERS: f64 = 0.6;
/// The share of orders that are for the product whose price can go missing.
pub(crate) const FRAGILE_SHARE: f64 = 0.15;

/// Customers a second at a time of the day: most in the afternoon, fewest at night.
pub(crate) fn visits_per_sec(at_ms: i64) -> f64 {
    let hour = at_ms.rem_euclid(86_400_000) as f64 / 3_600_000.0;
    let phase = (hour - 9.0) / 24.0 * std::f64::consts::TAU;
    VISITS_PER_SEC * (1.0 + 0.25 * phase.sin())
}

/// Customers come until the shop ends.
pub(crate) async fn come(shop: Arc<Shop>) {
    loop {
        let gap = shop.random.lock().gap_secs(visits_per_sec(now_ms()));
        tokio::time::sleep(Duration::from_secs_f64(gap.min(10.0))).await;
        shop.run(visit(shop.clone()));
    }
}

/// A customer and what he wants: product and quantity, if he orders.
pub(crate) fn wish(random: &mut crate::random::Random) -> (u64, Option<(u64, u64)>) {
    let customer = 1000 + random.below(9000);
    let wanted = random.happens(BUYERS).then(|| {
        let product = if random.happens(FRAGILE_SHARE) {
            FRAGILE
        } else {
            1 + random.below(PRODUCTS)
        };
        (product, 1 + random.below(3))
    });
    (customer, wanted)
}

async fn visit(shop: Arc<Shop>) {
    let (customer, wanted) = wish(&mut shop.random.lock());
    shop.say(&words::session(customer));
    ask(&shop, Request::get("/products").body(Body::empty())).await;
    if let Some((product, quantity)) = wanted {
        let order = serde_json::json!({
            "customer": customer,
            "product": product,
            "quantity": quantity,
        });
        let request = Request::post("/orders").header(header::CONTENT_TYPE, "application/json");
        ask(&shop, request.body(Body::from(order.to_string()))).await;
    }
}

async fn ask(shop: &Arc<Shop>, request: Result<Request<Body>, axum::http::Error>) {
    if let Ok(request) = request {
        // The answer is the shop's to log; this customer never complains.
        let _answer = http::router(shop.clone()).oneshot(request).await;
    }
}
