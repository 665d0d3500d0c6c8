//! The attribute `#[signals(..)]` of a field, its checks, and the messages of `derive(Signals)`.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::meta::ParseNestedMeta;

use crate::errors::Errors;
use crate::fields::{self, Marks, Shape};

pub(super) type Signals = fields::Struct<SignalMarks>;
pub(super) type Field = fields::Field<SignalMarks>;

/// The entries of `#[signals(..)]`, each with its tokens.
#[derive(Default)]
pub(super) struct SignalMarks {
    pub(super) local: Option<TokenStream>,
    pub(super) nested: Option<TokenStream>,
}

impl Field {
    pub(super) fn is_local(&self) -> bool {
        self.marks.local.is_some()
    }

    pub(super) fn is_nested(&self) -> bool {
        self.marks.nested.is_some()
    }

    /// Whether the page sends the signal.
    pub(super) fn is_sent(&self) -> bool {
        !self.is_skipped && !self.is_local()
    }
}

impl Marks for SignalMarks {
    const ATTRIBUTE: &'static str = "signals";
    const MODULE: &'static str = "signals";
    const NOUN: &'static str = "signal";
    const ENTRIES: &'static [&'static str] = &["local", "nested"];
    const EXPECTED: &'static str =
        "a field takes #[signals(local)], #[signals(nested)] and #[signals(fn = \"..\")]";
    const IGNORED: &'static [&'static str] = &[];
    const NO_GENERICS: Option<&'static str> = None;

    fn misfit(shape: Shape) -> &'static str {
        match shape {
            Shape::Unnamed => "a signal has a name: `Signals` is derived for a struct with named fields",
            Shape::Unit => {
                "a struct without fields has no signals: `Signals` is derived for one with named fields"
            }
            Shape::Enum => {
                "an enum is the value of one signal, which serde writes and reads: `Signals` is derived for the struct whose field it is"
            }
            Shape::Union => {
                "a union does not say which of its fields it holds: `Signals` is derived for a struct with named fields"
            }
        }
    }

    fn take(&mut self, key: &str, meta: &ParseNestedMeta<'_>) -> syn::Result<bool> {
        match key {
            "local" => self.local = Some(meta.path.to_token_stream()),
            "nested" => self.nested = Some(meta.path.to_token_stream()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn refusal(key: &str) -> String {
        match key {
            "flatten" => "signals are not flattened: mark the field #[signals(nested)], and its signals are called `field.name`".to_owned(),
            "with" | "serialize_with" | "deserialize_with" => format!(
                "a signal is written and read by its type alone: give the field a type of its own, whose serde does what `{key}` did"
            ),
            "skip_serializing" | "skip_deserializing" | "skip_serializing_if" => format!(
                "a signal is both written and read: `{key}` would do half of it; `skip` leaves the field out, #[signals(local)] keeps it in the page"
            ),
            "alias" => "a signal has one name in the page: change it with `rename = \"..\"`".to_owned(),
            "rename" | "rename_all" => {
                format!("a signal has one name in the page, written and read: write `{key} = \"..\"`")
            }
            "deny_unknown_fields" => {
                "a page may have signals of others, which are skipped: take `deny_unknown_fields` off".to_owned()
            }
            "tag" | "content" | "untagged" | "transparent" | "from" | "try_from" | "into" | "remote" => format!(
                "`{key}` makes another value of a struct: a page's signals are its fields, one by one"
            ),
            _ => format!("`{key}` has no meaning for signals: of serde, `rename`, `rename_all`, `default` and `skip` have one"),
        }
    }

    fn rename(&self, name: String) -> String {
        if self.local.is_some() && !name.starts_with('_') { format!("_{name}") } else { name }
    }

    fn doc(&self, name: &str) -> String {
        let about = if self.nested.is_some() { "The signals of" } else { "The signal" };
        format!(" {about} `{name}`.")
    }

    fn check(field: &Field, errors: &mut Errors) {
        if field.is_skipped {
            let function = field.written_function.as_ref().map(ToTokens::to_token_stream);
            let marks = &field.marks;
            if let Some(mark) = marks.local.as_ref().or(marks.nested.as_ref()).or(function.as_ref()) {
                errors
                    .at(mark, "a field that serde skips is not a signal; take one of the two attributes off");
            }
            return;
        }
        check_name(field, errors);
    }
}

fn check_name(field: &Field, errors: &mut Errors) {
    let name = field.name.as_str();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let problem = if !name.bytes().all(is_plain)
        || !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    {
        format!(
            "`{name}` cannot be the name of a signal: it begins with a letter, and letters, digits and `_` follow; rename it \
             with #[serde(rename = \"..\")]"
        )
    } else if name.contains("__") {
        format!(
            "`{name}` cannot be the name of a signal: Datastar reads `__` as the beginning of a modifier; rename it with \
             #[serde(rename = \"..\")]"
        )
    } else if name.starts_with('_') && !field.is_local() {
        format!(
            "a page never sends a signal whose name begins with `_`: mark the field #[signals(local)], or rename `{name}`"
        )
    } else {
        return;
    };
    errors.at(&field.named_at, problem);
}
