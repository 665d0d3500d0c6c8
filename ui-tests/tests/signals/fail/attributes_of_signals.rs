use stario::prelude::*;

stario::app!();

#[derive(Signals)]
#[signals(local)]
struct OnStruct {
    a: u32,
}

#[derive(Signals)]
#[signals(prefix = "x")]
struct Unknown {
    a: u32,
}

#[derive(Signals)]
struct OnFields {
    #[signals(lokal)]
    misspelt: u32,
    #[signals(name = "x")]
    named: u32,
    #[signals(fn = "is new")]
    function: u32,
    #[signals(fn = new)]
    unquoted: u32,
    #[serde(skip)]
    #[signals(local)]
    skipped: u32,
}

fn main() {}
