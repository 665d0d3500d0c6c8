//! The signals of one request: their JSON and where in it each of them stands. Nothing is made of a signal until a parameter
//! asks for it.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::content_type::MediaType;
use super::json_bounds::{self, DEPTH_LIMIT, Excess};
use super::{json_body, off_worker, urlencoded};
use crate::error::Rejection;
use crate::scope::Scope;

/// The JSON object of all signals.
pub(super) struct SignalsJson {
    json: Bytes,
    members: SignalMembers,
}

/// The names and values of an object.
#[derive(Default)]
struct SignalMembers {
    names: String,
    /// The bytes of each name in `names`, and of its value in the object's JSON.
    places: Vec<(Range<usize>, Range<usize>)>,
}

impl SignalsJson {
    /// Reads the signals of a request. There is none if the request has no such part.
    pub(super) async fn read(scope: &Scope) -> Result<Self, Rejection> {
        let (limit, values) = (scope.signals_limit(), scope.values_limit());
        if matches!(*scope.method(), Method::GET | Method::HEAD | Method::DELETE) {
            let uri = scope.uri().clone();
            return off_worker::parse(uri.query().map_or(0, str::len), move || {
                let query = uri.query().unwrap_or_default();
                match urlencoded::values(query, "datastar").last() {
                    Some(Ok(json)) if json.len() > limit => Err(too_large(limit)),
                    Some(Ok(json)) => Self::index(&json.into_owned().into(), values),
                    Some(Err(_)) => Err(Rejection::bad_request("signals are not valid text")),
                    None => Ok(Self::none()),
                }
            })
            .await;
        }
        // A request without a body needs no content type.
        let is_json = match MediaType::of(scope.headers()) {
            Some(content_type) => content_type.is_json(),
            None => !scope.headers().contains_key(http::header::CONTENT_TYPE),
        };
        if !is_json {
            return Err(Rejection::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "signals are sent as `application/json`",
            ));
        }
        let body = scope.read_body_within(limit, too_large).await?;
        if body.is_empty() {
            return Ok(Self::none());
        }
        off_worker::parse(body.len(), move || Self::index(&body, values)).await
    }

    fn none() -> Self {
        Self { json: Bytes::from_static(b"{}"), members: SignalMembers::default() }
    }

    /// Finds the signals in JSON of so many names and values at most.
    fn index(json: &Bytes, limit: usize) -> Result<Self, Rejection> {
        let json = json.slice_ref(json_body::without_mark(json));
        json_bounds::count(&json, limit).map_err(|excess| match excess {
            Excess::Values | Excess::Objects => {
                Rejection::too_much(format!("the signals have {}", excess.too_many(limit)))
            }
            Excess::Depth => Rejection::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("the signals are nested more than {DEPTH_LIMIT} levels deep"),
            ),
        })?;
        let mut members = SignalMembers::default();
        let mut deserializer = serde_json::Deserializer::from_slice(&json);
        let visitor = Indexer { json: &json, members: &mut members };
        let read = deserializer.deserialize_map(visitor).and_then(|()| deserializer.end());
        match read {
            Ok(()) => Ok(Self { json, members }),
            Err(error) if error.is_data() => Err(Rejection::bad_request("signals are a JSON object")),
            Err(error) => Err(not_json(&error)),
        }
    }

    /// The JSON of all signals.
    pub(super) fn json(&self) -> &[u8] {
        &self.json
    }

    /// The JSON of one signal, and the last if several have this name.
    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        let SignalMembers { names, places } = &self.members;
        let is_it = |place: &&(Range<usize>, _)| names.get(place.0.clone()) == Some(name);
        let (_, value) = places.iter().rev().find(is_it)?;
        self.json.get(value.clone())
    }
}

fn too_large(limit: usize) -> Rejection {
    Rejection::too_much(format!("the signals are larger than {limit} bytes"))
}

/// Refuses text that is not JSON. The parser's message names characters of JSON's syntax, never the client's.
pub(super) fn not_json(error: &serde_json::Error) -> Rejection {
    Rejection::bad_request(format!("signals are not valid JSON: {error}"))
}

/// Notes where the members of an object stand.
struct Indexer<'j, 'm> {
    json: &'j [u8],
    members: &'m mut SignalMembers,
}

impl<'j> Visitor<'j> for Indexer<'j, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut object: A) -> Result<(), A::Error> {
        let Self { json, members: SignalMembers { names, places } } = self;
        while let Some(name) = object.next_key_seed(NameSeed(names))? {
            let value = object.next_value::<&RawValue>()?.get();
            let begin = value.as_ptr().addr() - json.as_ptr().addr();
            places.push((name, begin..begin + value.len()));
        }
        Ok(())
    }
}

/// Appends a name to the others.
struct NameSeed<'n>(&'n mut String);

impl<'j> DeserializeSeed<'j> for NameSeed<'_> {
    type Value = Range<usize>;

    fn deserialize<D: Deserializer<'j>>(self, deserializer: D) -> Result<Range<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_> {
    type Value = Range<usize>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Range<usize>, E> {
        let begin = self.0.len();
        self.0.push_str(name);
        Ok(begin..self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_found_by_name_and_the_last_of_a_name_counts() {
        let json = " {\"a\" : [1, {\"b\": 2}] ,\"b\":\"}\",\"\\u00e9\":null,\"b\": -1 } ";
        let signals = SignalsJson::index(&json.into(), 100).unwrap();
        let get = |name| signals.get(name).map(|json| std::str::from_utf8(json).unwrap());
        assert_eq!(get("a"), Some("[1, {\"b\": 2}]"));
        assert_eq!(get("b"), Some("-1"));
        assert_eq!(get("é"), Some("null"));
        assert_eq!(get("ab"), None);
        assert_eq!(SignalsJson::none().get(""), None);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let message = |json: &'static str| match SignalsJson::index(&json.into(), 100) {
            Ok(_) => String::new(),
            Err(rejection) => rejection.message().to_owned(),
        };
        for json in ["[]", "1", "null", "\"{}\"", "true"] {
            assert_eq!(message(json), "signals are a JSON object", "{json}");
        }
        for json in
            ["", "{", "{\"a\"}", "{\"a\":}", "{\"a\":[}", "{\"a\":1}}", "{\"a\":nul}", "{\"a\":\"\u{1}\"}"]
        {
            assert!(message(json).starts_with("signals are not valid JSON: "), "{json}");
        }
    }
}
