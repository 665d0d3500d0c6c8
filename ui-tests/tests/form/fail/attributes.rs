use stario::prelude::*;

stario::app!();

#[derive(Form)]
#[form(nested)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct OnStruct {
    a: u32,
}

#[derive(Form)]
#[form(other)]
struct Unknown {
    a: u32,
}

#[derive(Form)]
struct OnFields {
    #[form(max = 3)]
    unknown: u32,
    #[form(max_size = 3)]
    size: u32,
    #[form(accept = "image/*")]
    accept: u32,
    #[form(file, secret)]
    file: stario::UploadedFile,
    #[form(nested, secret)]
    nested: Inner,
    #[form(secret)]
    #[serde(skip)]
    skipped: u32,
    #[serde(flatten)]
    flattened: u32,
    #[serde(with = "module")]
    with: u32,
    #[serde(alias = "other")]
    alias: u32,
    #[serde(borrow)]
    borrowed: u32,
}

#[derive(Form)]
struct Inner {
    a: u32,
}

fn main() {
    _ = html! { <input data-bind={OnFields::unknown()}><input data-bind={OnStruct::a()}> };
}
