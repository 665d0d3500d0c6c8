use stario::prelude::*;

stario::app!();

#[derive(Signals)]
enum Sort {
    Newest,
}

#[derive(Signals)]
struct Pair(u32, u32);

#[derive(Signals)]
struct Nothing;

#[derive(Signals)]
union Bits {
    whole: u32,
    real: f32,
}

fn main() {
    _ = html! { <p data-signals={Sort::Newest}/><p data-signals={Pair(1, 2)}/><p data-signals={Nothing}/> };
}
