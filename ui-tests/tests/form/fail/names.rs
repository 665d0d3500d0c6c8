use stario::prelude::*;

stario::app!();

#[derive(Form)]
struct Names {
    #[serde(rename = "e-mail")]
    mail: String,
    #[serde(rename = "7")]
    seven: String,
    _hidden: String,
    a__b: String,
    #[serde(rename = "twice")]
    once: String,
    twice: String,
    new: String,
    #[form(fn = "once")]
    other: String,
    #[form(fn = "a b")]
    words: String,
}

fn main() {}
