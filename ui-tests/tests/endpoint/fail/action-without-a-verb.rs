use stario::prelude::*;

stario::app!();

#[app::command("/cache/{key}", method = PURGE)]
async fn purge(key: PathParam<String>) {
    drop(key);
}

#[app::command("/pages", method = "X-LOCK")]
async fn lock(page: QueryParam<u32>) {
    let _ = page;
}

fn main() {
    html! { <b data-on:click={purge::action("a")}>"Purge"</b> };
    let _ = lock::action().page(7);
    // Their URLs are there.
    let _ = (purge::url("a"), lock::url().page(7));
}
