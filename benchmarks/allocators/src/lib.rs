//! The app that is measured with each allocator.

use stario::prelude::*;

stario::app!();

const ROWS: usize = 100;

/// A page that is made of many small pieces.
#[app::query("/page/{name}")]
async fn page(name: PathParam<String>, tab: QueryParam<Option<String>>) -> Html {
    let rows: Vec<(usize, String)> = (0..ROWS).map(|row| (row, format!("row {row} of {}", *name))).collect();
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><title>{&*name}</title></head>
            <body>
                <h1>{&*name}</h1>
                <p>{tab.as_deref().unwrap_or("none")}</p>
                <ul>
                    for (number, text) in &rows {
                        <li class="row"><b>{number}</b>{text}</li>
                    }
                </ul>
            </body>
        </html>
    }
}

/// 2 MB.
#[app::query("/large")]
async fn large() -> String {
    "x".repeat(2 << 20)
}

/// Serves, and prints the address.
pub fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(app::new().listen("127.0.0.1:0").serve()).unwrap();
}
