use stario::prelude::*;

stario::app!();

struct Pages;

impl Pages {
    #[app::query("/self")]
    async fn with_self(&self, page: QueryParam<u32>) -> String {
        page.to_string()
    }

    #[app::query("/")]
    async fn home() -> Html {
        html! { <p></p> }
    }
}

fn main() {}
