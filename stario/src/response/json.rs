//! `Json`: a value as a JSON body; and JSON values and maps without it, which are text of a page.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::{Map, Value};
use stario_html::Render;

use super::{HTML, IntoResponse, JSON, Response, WholeResponse, failure, with_type};

/// A JSON body, `content-type: application/json`.
///
/// A value that cannot be written as JSON (a map with keys that are not text, say) answers 500.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/search")]
/// async fn search(#[default(1)] page: QueryParam<u32>) -> Json<serde_json::Value> {
///     Json(json!({ "status": "success", "page": *page }))
/// }
///
/// # fn main() {
/// let res = TestClient::new(app::new()).get("/search?page=2").send();
/// assert_eq!(res.header("content-type"), "application/json");
/// assert_eq!(res.text(), r#"{"page":2,"status":"success"}"#);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        self.into_whole().into_response()
    }

    fn into_whole(self) -> WholeResponse {
        match serde_json::to_vec(&self.0) {
            Ok(json) => WholeResponse::Content(&JSON, json.into()),
            Err(error) => failure(error.into()).into(),
        }
    }
}

/// The text of the JSON as HTML, escaped. [`Json`] sends JSON.
impl IntoResponse for Value {
    fn into_response(self) -> Response {
        shown(&self)
    }
}

/// As `serde_json::Value`.
impl IntoResponse for Map<String, Value> {
    fn into_response(self) -> Response {
        shown(&self)
    }
}

/// As `serde_json::Value`.
impl<K: Serialize, V: Serialize> IntoResponse for BTreeMap<K, V> {
    fn into_response(self) -> Response {
        shown(&self)
    }
}

/// As `serde_json::Value`.
impl<K: Serialize, V: Serialize, H> IntoResponse for HashMap<K, V, H> {
    fn into_response(self) -> Response {
        shown(&self)
    }
}

fn shown(value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(json) => with_type(HTML.clone(), json.into_html()),
        Err(error) => failure(error.into()),
    }
}
