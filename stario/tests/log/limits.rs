//! What the log says of responses that are kept from shared caches, and of clients that cannot be counted.

use http::Request;
use stario::prelude::*;
use stario::{Body, SetCookie};
use tower::ServiceExt as _;

use crate::app;
use crate::support::records::{Fields, listen};

stario::app!(local);

#[app::query("/limits/cookie", app = local, cache = "public, max-age=60")]
async fn cookie() -> (SetCookie, &'static str) {
    (SetCookie::new("a", "b"), "cookie")
}

#[app::query("/limits/counted", app = local, rate_limit = "1/day")]
async fn counted() {}

/// The warnings of the requests that `send` makes, as far as they contain `text`.
async fn warnings(text: &str, send: impl Future<Output = ()>) -> Vec<Fields> {
    let mut records = listen();
    send.await;
    let found = std::iter::from_fn(|| records.try_recv().ok());
    found.filter(|record| record["level"] == "WARN" && record["message"].contains(text)).collect()
}

#[tokio::test]
async fn a_response_that_is_made_private_is_logged() {
    let client = TestClient::new(local::new());
    let warnings = warnings("not for shared caches", async {
        assert_eq!(client.get("/limits/cookie").await.header("cache-control"), "private, max-age=60");
    });
    let [warning] = &warnings.await[..] else { panic!("one warning") };
    assert_eq!(warning["message"], "a response is not for shared caches: it sets a cookie");
    assert_eq!(warning["handler"], "log::limits::cookie");
    assert_eq!((&*warning["cache"], &*warning["sent"]), ("public, max-age=60", "private, max-age=60"));
}

#[tokio::test]
async fn a_client_without_an_address_is_not_counted_and_that_is_logged_once() {
    let service = local::new().into_service().unwrap();
    let warnings = warnings("a rate limit by the client does not count", async {
        for _ in 0..3 {
            let request = Request::get("/limits/counted").body(Body::empty()).unwrap();
            assert_eq!(service.clone().oneshot(request).await.unwrap().status(), 204);
        }
    });
    assert_eq!(warnings.await.len(), 1);
}
