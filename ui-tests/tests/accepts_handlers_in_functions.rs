//! Handlers in functions, and no prelude of the language to lean on: the expansion names everything by its path.

#![allow(dead_code)]

struct Option;
struct Result;
struct Vec;
struct Box;
struct String;

stario::app!();

#[test]
fn a_handler_in_a_function_answers() {
    #[app::query("/inside")]
    async fn inside(id: stario::QueryParam<u8>) -> u8 {
        id.0
    }

    let client = stario::testing::TestClient::new(app::new());
    assert_eq!(client.get("/inside?id=3").send().text(), "3");
    assert_eq!(inside::url().id(7).as_str(), "/inside?id=7");
}
