//! Requests of arbitrary bytes: none makes the app panic or answer with a 5xx, and no refusal repeats what was
//! sent. `PROPTEST_CASES=100000 cargo test --release --test sources properties` runs for longer.

use proptest::prelude::*;
use stario::ProxyHeader;
use stario::testing::{TestClient, TestRequest};

use super::{FORM, JSON, MULTIPART, client, complete, post};

/// A text that no message of the app contains.
const MARK: &str = "<\u{1f980}>";

/// Sends `request` and checks that its answer is no server error and does not repeat what was sent.
fn answered(request: TestRequest) -> Result<(), TestCaseError> {
    let res = request.send();
    prop_assert!(!res.status().is_server_error(), "{}: {}", res.status(), res.text());
    prop_assert!(!res.status().is_client_error() || !res.text().contains(MARK), "{}", res.text());
    Ok(())
}

/// Makes variants of `valid` by changing, removing and inserting bytes.
fn mutated(valid: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let inserts = prop_oneof![
        Just(MARK.as_bytes().to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"--".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"%".to_vec()),
        Just(b"{".to_vec()),
        proptest::collection::vec(any::<u8>(), 1..4),
    ];
    let edit = (any::<prop::sample::Index>(), 0..4_usize, inserts);
    proptest::collection::vec(edit, 0..6).prop_map(move |edits| {
        let mut bytes = valid.to_vec();
        for (at, removed, insert) in edits {
            let at = at.index(bytes.len() + 1);
            let end = (at + removed).min(bytes.len());
            bytes.splice(at..end, insert);
        }
        bytes
    })
}

fn bytes(valid: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![proptest::collection::vec(any::<u8>(), 0..300), mutated(valid)]
}

/// The bytes as a request's target may contain them. All others are escaped.
fn as_query(bytes: &[u8]) -> String {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"=&%+[].-_~;,:!$'()*/?@".contains(&byte);
    bytes
        .iter()
        .map(|byte| if is_allowed(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The bytes as a header's value may hold them.
fn as_header(bytes: Vec<u8>) -> Vec<u8> {
    bytes.into_iter().filter(|byte| *byte >= 0x20 && *byte != 0x7f).collect()
}

fn behind_proxies(header: ProxyHeader) -> TestClient {
    TestClient::new(complete().trust_proxies(header, ["127.0.0.1", "10.0.0.0/8"]))
}

/// Sends the body to every path.
fn bodies_answered(content_type: &str, paths: &[&str], body: &[u8]) -> Result<(), TestCaseError> {
    paths.iter().try_for_each(|path| answered(post(path, content_type, body)))
}

proptest! {
    #[test]
    fn queries(bytes in bytes(
        b"n=5&t=a+b%20c&id=1&id=2&page-size=5&sort=new&tag=a&range=1&range=2&page=&kind=circle&radius=1.5&key=7",
    )) {
        let query = as_query(&bytes);
        let paths = [
            "number", "text", "option", "default", "all", "all-named", "whole", "strict", "map", "list", "pairs", "flat",
            "key",
        ];
        for path in paths {
            answered(client().get(format!("/query/{path}?{query}")))?;
        }
    }

    #[test]
    fn paths(bytes in bytes(b"a%20b%C3%A9")) {
        let segment = as_query(&bytes).replace(['/', '?'], "");
        for path in ["/path/number", "/path/text"] {
            answered(client().get(format!("{path}/{segment}")))?;
        }
    }

    #[test]
    fn headers(bytes in bytes(b"5")) {
        let value = as_header(bytes);
        for path in ["/header/one", "/header/option", "/header/all"] {
            answered(client().get(path).header("x-num", &value[..]))?;
        }
        answered(client().get("/header/option").header("x-text", &value[..]))?;
        answered(client().get("/query/number").header("accept", &value[..]))?;
        bodies_of_any_type(&value)?;
    }

    #[test]
    fn cookies(bytes in bytes(b"a=b; sid=\"abc\"; n=5; __Host-n=7; sid=second")) {
        let value = as_header(bytes);
        for path in ["/cookie/text", "/cookie/number", "/cookie/option"] {
            answered(client().get(path).header("cookie", &value[..]))?;
        }
    }

    #[test]
    fn json(body in bytes(br#"{"name":"Ada","age":36,"tags":[{"id":1},{"id":-2}]}"#)) {
        let paths = ["user", "list", "map", "option", "default", "or-form"].map(|path| format!("/json/{path}"));
        bodies_answered(JSON, &paths.each_ref().map(String::as_str), &body)?;
    }

    #[test]
    fn forms(body in bytes(b"name=Ada+L.&amount=3&extra=on&extra=off&%C3%A9=&beds=2&breakfast=&nights=1&id=1")) {
        let paths = ["/form/order", "/form/pairs", "/form/url", "/form/booking", "/form/list", "/json/or-form"];
        bodies_answered(FORM, &paths, &body)?;
    }

    #[test]
    fn multiparts(body in bytes(
        b"--x\r\nContent-Disposition: form-data; name=\"doc\"; filename=\"a.txt\"\r\n\
          Content-Type: text/plain\r\n\r\nhi\r\n--x\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n--x--\r\n",
    )) {
        bodies_answered(MULTIPART, &["/multipart", "/multipart/skip", "/upload/one", "/upload/two", "/form/one"], &body)?;
    }

    #[test]
    fn signals(body in bytes(
        br#"{"n":"5","user":{"name":"Ada"},"file":{"name":"a/b","contents":"aGk=","mime":null},"files":[],"ids":["1",""],
            "form":{"name":"","amount":"","rows":[{"price":"1.5","size":""}]},"size":"small","ok":"on"}"#,
    )) {
        let paths = ["command", "whole", "file", "files", "form", "inputs"].map(|path| format!("/signals/{path}"));
        bodies_answered(JSON, &paths.each_ref().map(String::as_str), &body)?;
        let query = as_query(&body).replace('&', "%26").replace('+', "%2B");
        for path in ["/signals/query", "/signals/whole-query"] {
            answered(client().get(format!("{path}?datastar={query}")))?;
        }
    }

    #[test]
    fn proxies(bytes in bytes(b"for=203.0.113.7, for=\"[2001:db8::1]:80\";by=x, 10.0.0.1")) {
        thread_local! {
            static CLIENTS: [(&'static str, TestClient); 2] = [
                ("forwarded", behind_proxies(ProxyHeader::Forwarded)),
                ("x-forwarded-for", behind_proxies(ProxyHeader::XForwardedFor)),
            ];
        }
        let value = as_header(bytes);
        for (name, client) in CLIENTS.with(Clone::clone) {
            answered(client.get("/head/address").header(name, &value[..]))?;
        }
    }
}

/// Sends a body of an unknown content type.
fn bodies_of_any_type(content_type: &[u8]) -> Result<(), TestCaseError> {
    for path in [
        "/json/user",
        "/form/order",
        "/json/or-form",
        "/multipart",
        "/upload/one",
        "/raw/text",
        "/signals/whole",
    ] {
        answered(client().post(path).header("content-type", content_type).body("{}"))?;
    }
    Ok(())
}
