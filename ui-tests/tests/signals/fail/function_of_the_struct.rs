use stario::prelude::*;

stario::app!();

#[derive(Signals)]
struct List {
    first: u32,
    /// With documentation.
    pub last: u32,
    pub(crate) next: u32,
}

impl List {
    fn first() -> Self {
        Self { first: 1, last: 1, next: 1 }
    }

    fn last() -> Self {
        Self::first()
    }

    fn next() -> &'static str {
        "next"
    }
}

impl Earlier {
    fn first() -> &'static str {
        "first"
    }
}

/// The function of the field is the second one.
#[derive(Signals)]
struct Earlier {
    first: u32,
}

/// What the macro's name says is right.
#[derive(Signals)]
struct Renamed {
    #[signals(fn = "first_signal")]
    first: u32,
}

impl Renamed {
    fn first() -> Self {
        Self { first: 1 }
    }
}

fn main() {
    _ = html! { <p data-signals={Renamed::first()} data-text={Renamed::first_signal()}></p> };
}
