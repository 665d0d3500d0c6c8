use stario::prelude::*;

stario::app!();

#[app::query("/a", method = DELETE)]
async fn query_that_deletes() {}

#[app::command("/b", method = GET)]
async fn command_that_reads() {}

#[app::command("/c", method = delete)]
async fn small_letters() {}

#[app::command("/d", method = "DE LETE")]
async fn no_word() {}

#[app::query("/e", method = HEAD)]
async fn answered_already() {}

#[app::command("/f", method = CONNECT)]
async fn not_ours() {}

#[app::command("/g", method)]
async fn no_method() {}

#[app::command("/h", method = PUT, method = PATCH)]
async fn two_methods() {}

#[app::query("/i", headers)]
async fn no_headers() {}

#[app::query("/j", headers())]
async fn empty_headers() {}

#[app::query("/k", headers("X-Mode"))]
async fn header_without_value() {}

#[app::query("/l", headers("X Mode" = "a", "x-mode" = "a", "X-Mode" = " b"))]
async fn bad_headers() {}

#[app::query("/m", body_limit = )]
async fn no_limit() {}

#[app::query("/n" method = QUERY)]
async fn no_comma() {}

#[app::query("/o", method = GET)]
async fn body_in_get(body: RawBody<String>) -> String {
    body.0
}

#[app::command("/p", method = PUT)]
async fn signals_and_body(name: Signal<String>, body: RawBody<String>) -> String {
    name.0 + &body.0
}

fn main() {}
