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

/// The block begins far above other items.
struct More<T>(T);

impl<T> More<T>
where
    T: Copy,
{
    const A: u8 = 0;

    fn other() -> u8 {
        Self::A
    }

    #[app::command("/", method = PUT)]
    async fn put(page: QueryParam<u32>) -> String {
        page.to_string()
    }

    #[handler]
    async fn without_a_path() {}

    #[dependency]
    fn provided() -> Pages {
        Pages
    }

    #[component]
    fn Card() -> Html {
        html! { <p></p> }
    }
}

mod inner {
    use crate::app;

    // These are none.
    #[app::query("/inner")]
    pub(crate) async fn home() {}
}

fn main() {
    let _ = inner::home::url();
    let _ = More::<u8>::other();
}
