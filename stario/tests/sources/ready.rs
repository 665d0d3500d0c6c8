//! Sources that wait for nothing: a handler that takes only such sources reads them one behind the other, without a future for all.

use std::collections::BTreeMap;

use http::request::Parts;
use http::{HeaderMap, Method, Uri, Version};
use stario::prelude::*;
use stario::{AppHandle, ClientAddress, MatchedPath, RequestId};

use super::{app, check, get, shown};

/// Takes each of them. A source that would wait is an answer 500 here.
#[app::query("/ready/all/{id}")]
#[allow(clippy::too_many_arguments)]
async fn all(
    id: PathParam<u32>,
    number: QueryParam<u32>,
    numbers: QueryParams<u32>,
    query: Query<BTreeMap<String, String>>,
    header: Header<Option<String>>,
    headers: Headers<String>,
    cookie: Cookie<Option<String>>,
    state: State<&'static str>,
    log: Logger,
    handle: AppHandle,
    path: MatchedPath,
    address: ClientAddress,
    request_id: RequestId,
    method: Method,
    uri: Uri,
    version: Version,
    fields: HeaderMap,
    parts: Parts,
) -> Response {
    drop((header, headers, cookie, log, handle, path, address, request_id, version, fields));
    let (method, uri) = (method == parts.method, uri == parts.uri);
    shown(&(*id, *number, numbers.0, query.0.len(), *state, method, uri))
}

#[app::query("/ready/path-first/{id}")]
async fn path_first(id: PathParam<u32>, n: QueryParam<u32>) -> Response {
    shown(&(*id, *n))
}

#[app::query("/ready/query-first/{id}")]
async fn query_first(n: QueryParam<u32>, id: PathParam<u32>) -> Response {
    shown(&(*id, *n))
}

#[test]
fn a_handler_may_take_all_sources_that_wait_for_nothing() {
    check(get("/ready/all/7?number=1&numbers=2&numbers=3"), 200, "(7, 1, [2, 3], 2, \"here\", true, true)");
}

#[test]
fn the_first_parameter_that_refuses_decides_the_answer() {
    let path = "invalid path parameter `id`: expected a whole number of 32 bits, not negative";
    let query = "invalid query parameter `n`: expected a whole number of 32 bits, not negative";
    check(get("/ready/path-first/x?n=y"), 422, path);
    check(get("/ready/query-first/x?n=y"), 422, query);
    check(get("/ready/path-first/1?n=y"), 422, query);
    check(get("/ready/query-first/x?n=2"), 422, path);
    check(get("/ready/query-first/1?n=2"), 200, "(1, 2)");
}
