//! Values for signals, on their way to the page.

use serde::ser::{Error, Serialize, Serializer};
use serde_json::{Map, Value};

use super::by_fields::{ByFields, PageSignals};
use super::expr::Operand;
use super::reference::{NestedSignals, SignalRef};

/// New values for some signals of a page: a patch, which a stream yields.
///
/// It serializes to the object that Datastar merges with its signals, so it stands wherever signals do:
/// `event::signals(patch).only_if_missing()`.
///
/// ```
/// use stario_html::SignalRef;
///
/// let (page, note) = (SignalRef::<u32>::named("list.page"), SignalRef::<String>::named("list.note"));
/// let patch = page.is(2).and(note.delete());
/// assert_eq!(serde_json::to_string(&patch).unwrap(), r#"{"list":{"note":null,"page":2}}"#);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a patch changes nothing until it is yielded"]
pub struct SignalPatch(Result<Map<String, Value>, String>);

impl SignalPatch {
    /// All signals of a struct, except for local ones: what is read of those is a default, and would overwrite what the
    /// page has. So it is what a page sends, too.
    pub fn of<T: PageSignals>(signals: &T) -> Self {
        match serde_json::to_value(ByFields::sent(signals)) {
            Ok(Value::Object(values)) => Self(Ok(values)),
            Ok(_) => Self(Ok(Map::new())),
            Err(error) => Self(Err(error.to_string())),
        }
    }

    /// One value under its full name.
    pub(super) fn at(name: &str, value: &(impl Serialize + ?Sized)) -> Self {
        let value = match serde_json::to_value(value) {
            Ok(value) => value,
            Err(error) => return Self(Err(error.to_string())),
        };
        let mut names = name.rsplit('.');
        let last = names.next().unwrap_or_default();
        let innermost = Map::from_iter([(last.to_owned(), value)]);
        Self(Ok(
            names.fold(innermost, |inner, name| Map::from_iter([(name.to_owned(), Value::Object(inner))]))
        ))
    }

    /// Sets the signals of `other` as well. Of a signal that is in both, `other` decides.
    pub fn and(self, other: SignalPatch) -> Self {
        Self(self.0.and_then(|mut values| {
            merge(&mut values, other.0?);
            Ok(values)
        }))
    }
}

fn merge(values: &mut Map<String, Value>, other: Map<String, Value>) {
    for (name, value) in other {
        match (values.get_mut(&name), value) {
            (Some(Value::Object(inner)), Value::Object(other)) => merge(inner, other),
            (_, value) => drop(values.insert(name, value)),
        }
    }
}

impl<T> SignalRef<T> {
    /// Sets the signal from the server: a patch, to be yielded.
    ///
    /// `event::signals(Search::page().is(2)).only_if_missing()` gives it options.
    #[allow(clippy::needless_pass_by_value)] // As `set` does.
    pub fn is<V: Serialize + Operand<T>>(&self, value: V) -> SignalPatch {
        SignalPatch::at(self.name(), &value)
    }

    /// Removes the signal from the page, from the server: a patch, to be yielded.
    pub fn delete(&self) -> SignalPatch {
        SignalPatch::at(self.name(), &())
    }
}

impl<T> NestedSignals<T> {
    /// Removes all signals of the struct from the page, from the server.
    pub fn delete(&self) -> SignalPatch {
        SignalPatch::at(self.name(), &())
    }
}

impl<T: PageSignals> NestedSignals<T> {
    /// Sets all signals of the struct from the server, except for local ones: a patch, to be yielded.
    pub fn is(&self, value: &T) -> SignalPatch {
        SignalPatch::at(self.name(), &ByFields::sent(value))
    }
}

impl Serialize for SignalPatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Ok(values) => values.serialize(serializer),
            Err(problem) => Err(S::Error::custom(problem)),
        }
    }
}
