use stario::prelude::*;

stario::app!();

#[derive(Signals)]
struct Names {
    _private: u32,
    two__parts: u32,
    größe: u32,
    #[serde(rename = "a.b")]
    dotted: u32,
    #[serde(rename = "data-x")]
    dashed: u32,
    #[serde(rename = "7up")]
    digit: u32,
    #[serde(rename = "same")]
    first: u32,
    #[serde(rename = "same")]
    second: u32,
    #[signals(local)]
    _fine: u32,
}

fn main() {
    _ = html! { <input data-bind={Names::first()}> };
}
