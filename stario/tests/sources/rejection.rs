//! The answers to refusals: plain text, problem details, or the app's own.

use stario::prelude::*;
use stario::{FromRequest, Parameter, Rejection, Scope};

use super::{JSON, app, complete, get, post};

/// A source of the app's own, built on others.
struct Token(String);

impl FromRequest for Token {
    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        let header: Header<String> = Header::from_request(scope, parameter).await?;
        match header.strip_prefix("Bearer ") {
            Some(token) => Ok(Self(token.to_owned())),
            None => Err(Rejection::new(StatusCode::UNAUTHORIZED, "who are you?")),
        }
    }
}

#[app::query("/rejection/token")]
async fn token(authorization: Token) -> String {
    authorization.0
}

/// A refusal inside of a handler, by `?`.
#[app::query("/rejection/question-mark")]
async fn question_mark() -> stario::Result<()> {
    Err(Rejection::new(StatusCode::CONFLICT, "too late"))?
}

#[test]
fn sources_of_the_app_refuse_with_their_own_messages() {
    let ask = |authorization: &'static str| get("/rejection/token").header("authorization", authorization);
    super::check(ask("Bearer abc"), 200, "abc");
    super::check(ask("Basic abc"), 401, "who are you?");
    super::check(get("/rejection/token"), 400, "missing header `authorization`: expected text");
    super::check(get("/rejection/question-mark"), 409, "too late");
}

#[test]
fn clients_that_accept_json_get_problem_details() {
    let check = |path: &str, status: u16, expected: serde_json::Value| {
        for accept in [JSON, "application/problem+json", "text/html, application/json;q=0.9"] {
            let res = get(path).header("accept", accept).header("authorization", "x").send();
            assert_eq!(
                (res.status().as_u16(), res.header("content-type")),
                (status, "application/problem+json")
            );
            assert_eq!(res.json::<serde_json::Value>(), expected);
            assert_eq!(res.header("vary"), "accept");
        }
    };
    check(
        "/query/number?n=x",
        422,
        json!({
            "type": "about:blank",
            "title": "Unprocessable Entity",
            "status": 422,
            "detail": "invalid query parameter `n`: expected a whole number of 32 bits",
            "parameter": "n",
            "source": "query parameter",
        }),
    );
    check(
        "/rejection/token",
        401,
        json!({ "type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "who are you?" }),
    );
    let res = post("/json/user", JSON, r#"{"age":-1}"#).header("accept", JSON).send();
    let problem: serde_json::Value = res.json();
    assert_eq!((&problem["parameter"], &problem["source"]), (&json!("user"), &json!("body")));
    for accept in ["*/*", "text/html", "text/plain, application/json;q=0.1"] {
        let res = get("/query/number").header("accept", accept).send();
        assert_eq!(res.header("content-type"), "text/plain; charset=utf-8", "{accept}");
    }
}

#[test]
fn an_app_can_answer_refusals_itself() {
    let app = || {
        complete().on_rejection(|rejection, request| {
            let source = rejection.source().unwrap_or("nothing");
            let text = format!(
                "{} {} {source} {:?}: {rejection}",
                request.method,
                request.uri.path(),
                rejection.parameter()
            );
            let mut response = Response::new(text.into());
            *response.status_mut() = StatusCode::IM_A_TEAPOT;
            response
        })
    };
    let check = |app: stario::App, path: &str, status: u16, text: &str| {
        let res = TestClient::new(app).get(path).header("accept", JSON).send();
        assert_eq!((res.status().as_u16(), res.text()), (status, text));
    };
    let words = "GET /query/text query parameter Some(\"t\"): missing query parameter `t`: expected text";
    check(app(), "/query/text", 418, words);
    check(app(), "/query/text?t=a", 200, "\"a\"");
    check(app(), "/nowhere", 404, "Not Found");
    // The answers of a merged app do not replace its own.
    let merged = app().merge(crate::other::new().on_rejection(|_, _| StatusCode::IM_A_TEAPOT));
    check(merged, "/query/text", 418, words);
}

#[app::query("/of-the-other", app = crate::other)]
async fn of_the_other() {}
