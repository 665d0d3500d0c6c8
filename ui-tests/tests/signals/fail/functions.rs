use stario::prelude::*;

stario::app!();

#[derive(Signals)]
struct Functions {
    new: bool,
    default: u32,
    clone: u32,
    #[signals(fn = "title")]
    first: u32,
    title: String,
}

fn main() {
    _ = html! { <input data-bind={Functions::title()}> };
}
