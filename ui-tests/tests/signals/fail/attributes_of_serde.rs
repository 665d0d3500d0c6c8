use stario::prelude::*;

stario::app!();

#[derive(Signals)]
#[serde(tag = "kind")]
struct Tagged {
    a: u32,
}

#[derive(Signals)]
#[serde(untagged, deny_unknown_fields, rename_all(serialize = "camelCase"))]
struct OnStruct {
    a: u32,
}

#[derive(Signals)]
#[serde(rename_all = "kebab-case", rename = "fine", bound = "")]
struct Kebab {
    a: u32,
}

#[derive(Signals)]
#[serde(rename_all = "camel_case")]
struct UnknownRule {
    a: u32,
}

#[derive(Signals)]
struct OnFields {
    #[serde(flatten)]
    flattened: u32,
    #[serde(with = "module")]
    with: u32,
    #[serde(serialize_with = "function")]
    written: u32,
    #[serde(deserialize_with = "function")]
    read: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    optional: Option<u32>,
    #[serde(skip_deserializing)]
    half: u32,
    #[serde(alias = "other")]
    alias: u32,
    #[serde(rename(serialize = "a", deserialize = "b"))]
    renamed: u32,
    #[serde(borrow)]
    borrowed: u32,
}

fn main() {
    _ = html! { <input data-bind={OnFields::optional()}><input data-bind={Kebab::a()}> };
}
