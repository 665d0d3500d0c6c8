//! Headers and cookies.

use stario::SetCookie;
use stario::cookie::{Cookie, SameSite};
use stario::prelude::*;

use super::{Server, local};
use crate::app;

#[app::query("/headers", app = local)]
async fn headers(w: Writer) -> Result {
    w.set_header("X-Custom", "old")?.set_header("x-custom", "val")?;
    w.add_header("X-Multi", "one")?.add_header("X-Multi", "two")?;
    w.set_header("content-type", "text/csv")?;
    Ok(w.text("a,b")?)
}

#[app::query("/header-bytes", app = local)]
async fn header_bytes(w: Writer) -> Result {
    w.set_header(&b"X-Bytes"[..], &b"caf\xe9"[..])?
        .add_header(String::from("X-Text"), String::from("text"))?;
    w.add_header(b"X-Literal", "one")?.add_header("X-Literal", b"caf\xe9")?.set_header(b"X-Both", b"two")?;
    w.add_header(http::header::ETAG, http::HeaderValue::from_static("\"1\""))?.add_header("x-number", 7)?;
    Ok(w.empty()?)
}

#[app::query("/bad-headers", app = local)]
async fn bad_headers(w: Writer) -> Result {
    let mut refused = Vec::new();
    for (name, value) in
        [("x y", "1"), ("", "1"), ("x\r\ny", "1"), ("x", "1\r\nset-cookie: a=b"), ("x", "\0")]
    {
        refused.push(w.set_header(name, value).is_err());
    }
    Ok(w.json(&refused)?)
}

#[app::query("/cookies", app = local)]
async fn cookies(w: Writer) -> Result {
    w.cookie(SetCookie::new("session", "token").secure(true))?;
    w.cookie(Cookie::new("theme", "dark"))?;
    w.cookie(SetCookie::new("open", "1").http_only(false).path("/a").same_site(SameSite::None))?;
    Ok(w.text("")?)
}

#[app::query("/delete-cookies", app = local)]
async fn delete_cookies(w: Writer) -> Result {
    w.delete_cookie("session")?.cookie(SetCookie::removal("open").path("/a").domain("example.com"))?;
    w.patch(1).await?;
    Ok(())
}

#[app::query("/bad-cookies", app = local)]
async fn bad_cookies(w: Writer) -> Result {
    let mut refused = Vec::new();
    for (name, value) in [("a b", "1"), ("", "1"), ("a", "1;2"), ("a", "1\r\n2"), ("a", "é"), ("a=b", "1")] {
        refused.push(w.cookie(SetCookie::new(name, value)).is_err());
    }
    refused.push(w.cookie(SetCookie::new("a", "b").path("/; Domain=evil")).is_err());
    Ok(w.json(&refused)?)
}

#[app::query("/late-header", app = local)]
async fn late_header(w: Writer) -> Result {
    w.write_headers(StatusCode::OK)?;
    let header = w.set_header("x-late", "1").unwrap_err().to_string();
    let cookie = w.delete_cookie("late").unwrap_err().to_string();
    w.write(format!("{header}\n{cookie}")).await?;
    Ok(())
}

#[tokio::test]
async fn cookie_sets_a_cookie() {
    let server = Server::start().await;
    let answer = server.answer("GET /cookies HTTP/1.1").await;
    assert_eq!(
        answer.all("set-cookie"),
        [
            "session=token; HttpOnly; SameSite=Lax; Secure; Path=/",
            "theme=dark",
            "open=1; SameSite=None; Secure; Path=/a",
        ]
    );
    let answer = server.answer("GET /bad-cookies HTTP/1.1").await;
    assert_eq!(answer.text(), "[true,true,true,true,true,true,true]");
    server.stop().await;
}

#[tokio::test]
async fn delete_cookie_takes_it_off_the_browser() {
    let server = Server::start().await;
    let answer = server.answer("GET /delete-cookies HTTP/1.1").await;
    let [session, open] = answer.all("set-cookie")[..] else { panic!("{answer:?}") };
    assert!(
        session.starts_with("session=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0; Expires="),
        "{session}"
    );
    assert!(
        open.starts_with("open=; HttpOnly; SameSite=Lax; Path=/a; Domain=example.com; Max-Age=0;"),
        "{open}"
    );
    server.stop().await;
}

#[tokio::test]
async fn set_replaces_and_add_appends() {
    let server = Server::start().await;
    let answer = server.answer("GET /headers HTTP/1.1").await;
    assert_eq!(answer.all("x-custom"), ["val"]);
    assert_eq!(answer.all("x-multi"), ["one", "two"]);
    assert_eq!(answer.all("content-type"), ["text/csv"]);
    server.stop().await;
}

#[tokio::test]
async fn headers_are_set_before_a_response_method_or_are_an_error() {
    let server = Server::start().await;
    let answer = server.answer("GET /late-header HTTP/1.1").await;
    let sent = "the status and the headers of this response are sent already";
    assert_eq!(answer.text(), format!("{sent}\n{sent}"));
    assert_eq!(answer.all("x-late"), [""; 0]);
    server.stop().await;
}

#[tokio::test]
async fn header_names_and_values_are_text_or_bytes() {
    let server = Server::start().await;
    let mut client = server.ask("GET /header-bytes HTTP/1.1\r\nconnection: close").await;
    let answer = client.rest().await;
    let contains = |text: &[u8]| answer.windows(text.len()).any(|window| window == text);
    assert!(contains(b"\r\nx-bytes: caf\xe9\r\n"));
    assert!(contains(b"\r\nx-text: text\r\n"));
    assert!(contains(b"\r\nx-literal: one\r\nx-literal: caf\xe9\r\nx-both: two\r\n"));
    assert!(contains(b"\r\netag: \"1\"\r\n"));
    assert!(contains(b"\r\nx-number: 7\r\n"));
    let answer = server.answer("GET /bad-headers HTTP/1.1").await;
    assert_eq!(answer.text(), "[true,true,true,true,true]");
    server.stop().await;
}

#[tokio::test]
async fn header_names_are_sent_in_lower_case() {
    let server = Server::start().await;
    let mut client = server.ask("GET /headers HTTP/1.1\r\nconnection: close").await;
    let head = String::from_utf8(client.rest().await).unwrap();
    assert!(head.contains("\r\nx-custom: val\r\nx-multi: one\r\nx-multi: two\r\n"), "{head}");
    server.stop().await;
}
