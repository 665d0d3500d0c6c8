//! What is answered when something goes wrong, and what is logged of it.

use std::fmt;

use stario::prelude::*;
use stario::{Error, ErrorResponse, error_response};

use crate::app;

stario::app!(local);

/// What is logged is told apart by these texts.
const SECRET: &str = "the password is 1234";

fn get(app: stario::App, path: &str) -> (u16, String) {
    let res = TestClient::new(app).get(path).send();
    assert_eq!(res.header("x-request-id").len(), 32, "{path}");
    (res.status().as_u16(), res.text().to_owned())
}

fn check(path: &str, status: u16, text: &str) {
    assert_eq!(get(local::new(), path), (status, text.to_owned()), "{path}");
}

#[derive(Debug, thiserror::Error)]
enum ShopError {
    #[error("sold out")]
    SoldOut,
    #[error("the warehouse does not answer")]
    Warehouse(#[from] std::io::Error),
    #[error("this is a page")]
    Page,
}

#[error_response]
impl ErrorResponse for ShopError {
    fn status(&self) -> StatusCode {
        match self {
            ShopError::SoldOut => StatusCode::CONFLICT,
            _ => StatusCode::BAD_GATEWAY,
        }
    }

    fn response(&self, request: &http::request::Parts) -> Option<Response> {
        let page = html! { <p>{request.uri.path()}</p> };
        matches!(self, ShopError::Page).then(|| (StatusCode::IM_A_TEAPOT, page).into_response())
    }
}

fn shop_error(which: &str) -> ShopError {
    match which {
        "sold-out" => ShopError::SoldOut,
        "warehouse" => std::io::Error::other(SECRET).into(),
        _ => ShopError::Page,
    }
}

#[app::query("/plain/{which}", app = local)]
async fn plain(which: PathParam<String>) -> Result<Html, ShopError> {
    Err(shop_error(&which))
}

#[app::query("/through/{which}", app = local)]
async fn through(which: PathParam<String>) -> stario::Result<Html> {
    Err(shop_error(&which))?
}

/// It fails as the path says.
struct Order;

#[dependency]
fn order(which: PathParam<String>) -> Result<Order, ShopError> {
    Err(shop_error(&which))
}

#[app::query("/provider/{which}", app = local)]
async fn provided(which: PathParam<String>, _order: &Order) -> String {
    which.0
}

#[test]
fn an_error_answers_by_its_type_wherever_it_comes_from() {
    for way in ["plain", "through", "provider"] {
        check(&format!("/{way}/sold-out"), 409, "sold out");
        check(&format!("/{way}/warehouse"), 502, "Bad Gateway");
        check(&format!("/{way}/page"), 418, &format!("<p>/{way}/page</p>"));
    }
}

#[test]
fn a_handler_of_the_app_comes_before_the_types_own_answer() {
    let app = || {
        local::new().on_error(|error: &ShopError, request| {
            (StatusCode::GONE, format!("{error} at {}", request.uri.path()))
        })
    };
    for way in ["plain", "through", "provider"] {
        let path = format!("/{way}/sold-out");
        assert_eq!(get(app(), &path), (410, format!("sold out at {path}")));
    }
}

#[app::query("/anyhow", app = local)]
async fn with_anyhow() -> Result<Html, anyhow::Error> {
    Err(anyhow::anyhow!(SECRET).context("more"))
}

#[app::query("/anyhow-through", app = local)]
async fn through_anyhow() -> stario::Result<Html> {
    Err(anyhow::anyhow!(SECRET))?
}

#[app::query("/std", app = local)]
async fn with_std() -> Result<Html, std::num::ParseIntError> {
    Err("x".parse::<u8>().unwrap_err())
}

#[app::query("/boxed", app = local)]
async fn with_box() -> Result<Html, Box<dyn std::error::Error + Send + Sync>> {
    Err(SECRET.into())
}

#[app::query("/text", app = local)]
async fn with_text() -> Result<Html, String> {
    Err(SECRET.to_owned())
}

#[app::query("/answer", app = local)]
async fn with_answer() -> stario::Result<Html> {
    Err(Error::new(StatusCode::NOT_FOUND, "no such <thing>"))
}

#[app::query("/rejection", app = local)]
async fn with_rejection() -> stario::Result<Html> {
    Err(stario::Rejection::missing("header", "x-num", "a number"))?
}

#[app::query("/list", app = local)]
async fn list(page: QueryParam<u8>) -> String {
    page.to_string()
}

#[app::query("/panic", app = local)]
async fn panics() -> Html {
    panic!("{SECRET}")
}

struct Unmakeable;

#[dependency]
fn unmakeable() -> Unmakeable {
    panic!("{SECRET}")
}

#[app::query("/panicking-provider", app = local)]
async fn with_panicking_provider(_value: &Unmakeable) {}

#[test]
fn every_other_error_and_a_panic_are_500_without_detail() {
    for path in ["anyhow", "anyhow-through", "std", "boxed", "text", "panic", "panicking-provider"] {
        check(&format!("/{path}"), 500, "Internal Server Error");
    }
}

#[test]
fn errors_with_words_of_their_own_are_answered_in_them() {
    check("/answer", 404, "no such <thing>");
    check("/rejection", 400, "missing header `x-num`: expected a number");
}

#[test]
fn a_refusal_keeps_its_details_through_a_handler() {
    let res = TestClient::new(local::new()).get("/rejection").header("accept", "application/json").send();
    assert_eq!(res.json::<serde_json::Value>()["parameter"], "x-num");
}

fn with_pages() -> stario::App {
    let page = |message: &str, request: &http::request::Parts| {
        html! { <h1>{message}</h1><p>{request.method.as_str()}</p> }
    };
    [400, 404, 405, 500].into_iter().fold(local::new(), |app, status| app.on_status(status, page))
}

#[test]
fn a_page_for_a_status_answers_whatever_comes_to_it() {
    let check = |path: &str, status: u16, title: &str| {
        let page = format!("<h1>{title}</h1><p>GET</p>");
        assert_eq!(get(with_pages(), path), (status, page), "{path}");
    };
    check("/nowhere", 404, "Not Found");
    check("/answer", 404, "no such &lt;thing&gt;");
    check("/list", 400, "missing query parameter `page`: expected a whole number from 0 to 255");
    for path in ["anyhow", "panic", "panicking-provider"] {
        check(&format!("/{path}"), 500, "Internal Server Error");
    }
    // There is none for 409, and a type's own response is nobody else's.
    assert_eq!(get(with_pages(), "/plain/sold-out"), (409, "sold out".into()));
    assert_eq!(get(with_pages(), "/plain/page").0, 418);
}

#[test]
fn a_page_for_405_keeps_the_methods() {
    let res = TestClient::new(with_pages()).post("/list").send();
    assert_eq!((res.status().as_u16(), res.text()), (405, "<h1>Method Not Allowed</h1><p>POST</p>"));
    assert!(res.header("allow").starts_with("GET, HEAD"), "{}", res.header("allow"));
    assert_eq!(res.header("content-type"), "text/html; charset=utf-8");
}

#[test]
fn refusals_have_a_handler_of_their_own_before_the_page() {
    let app = with_pages().on_rejection(|rejection, _| (rejection.status(), "refused"));
    assert_eq!(get(app, "/list"), (400, "refused".into()));
}

#[test]
fn a_page_can_choose_another_status() {
    let app = local::new().on_status(404, |_, _| (StatusCode::GONE, "gone"));
    assert_eq!(get(app, "/nowhere"), (410, "gone".into()));
}

#[test]
fn a_panic_in_an_error_handler_is_500() {
    let panics = |_: &str, _: &http::request::Parts| -> Html { panic!("{SECRET}") };
    let plain = (500, "Internal Server Error".to_owned());
    assert_eq!(get(local::new().on_status(404, panics).on_status(500, panics), "/nowhere"), plain);
    assert_eq!(get(local::new().on_status(500, panics), "/panic"), plain);
    let app = local::new().on_error(|_: &ShopError, _| -> Html { panic!("{SECRET}") });
    assert_eq!(get(app, "/plain/sold-out"), plain);
    let app = local::new().on_rejection(|_, _| -> Html { panic!("{SECRET}") });
    assert_eq!(get(app, "/list"), plain);
}

#[test]
fn what_cannot_be_meant_keeps_the_app_from_starting() {
    let page = |message: &str, _: &http::request::Parts| message.to_owned();
    let twice = |_: &fmt::Error, _: &http::request::Parts| "";
    let app = local::new().on_status(404, page).on_status(404, page).on_status(42, page);
    let problems = app.on_error(twice).on_error(twice).check().unwrap_err().to_string();
    assert_eq!(
        problems,
        "the app cannot start:\n  \
         status 404 has two handlers; leave one `on_status`\n  \
         `on_status` is for a status code from 100 to 999\n  \
         errors of type `core::fmt::Error` have two handlers; leave one `on_error`"
    );
}
