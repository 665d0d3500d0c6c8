//! What only a connection shows: the client's address, and that a body which is refused is not requested.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::complete;

/// Sends `request`, which must ask to close the connection, and returns all that the server answers.
async fn answer_to(request: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(complete().serve_on(listener, async { drop(stopped.await) }));
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    drop(stop);
    server.await.unwrap().unwrap();
    answer
}

fn post(path: &str, headers: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n{body}")
}

#[tokio::test]
async fn a_body_whose_length_is_over_the_limit_is_not_requested() {
    let headers = "content-length: 1048577\r\nexpect: 100-continue\r\n";
    for path in ["/raw/bytes", "/raw/stream"] {
        let answer = answer_to(&post(path, headers, "")).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.ends_with("\r\n\r\nthe request's body is larger than 1048576 bytes"), "{answer}");
    }
    // A body is not requested either if an earlier parameter is refused.
    let answer = answer_to(&post("/raw/late?n=x", "content-length: 5\r\nexpect: 100-continue\r\n", "")).await;
    assert!(answer.starts_with("HTTP/1.1 422 "), "{answer}");
}

#[tokio::test]
async fn a_body_in_chunks_is_read_to_its_end() {
    let chunked = "transfer-encoding: chunked\r\ncontent-type: text/plain\r\n";
    let answer = answer_to(&post("/raw/text", chunked, "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n\"abcd\""), "{answer}");
    let empty = answer_to(&post("/json/option", "content-length: 0\r\n", "")).await;
    assert!(empty.starts_with("HTTP/1.1 200 ") && empty.ends_with("\r\n\r\nNone"), "{empty}");
}

#[tokio::test]
async fn the_clients_address_is_that_of_the_connection() {
    let answer = answer_to("GET /head/address HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.ends_with("\r\n\r\n127.0.0.1"), "{answer}");
    assert!(answer.contains("\r\nx-request-id: "), "{answer}");
}
