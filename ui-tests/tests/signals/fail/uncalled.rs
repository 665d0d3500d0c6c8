use stario::prelude::*;

stario::app!();

#[derive(Signals)]
struct Search {
    page: u32,
}

mod pages {
    pub struct Titles;

    impl Titles {
        pub const FIRST: &'static str = "first";

        pub fn home() -> &'static str {
            "Home"
        }
    }
}

fn main() {
    _ = html! { <p data-text={Search::page}></p> };
    _ = html! { <p>{Search::page} {pages::Titles::home}</p> };
    _ = html! { <p title={"Page: ", pages::Titles::home} data-on:click={"go(", Search::page, ")"}></p> };
    // These are values.
    _ = html! { <p title={pages::Titles::FIRST}>{pages::Titles::home()}</p> };
}
