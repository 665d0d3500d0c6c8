//! A program that holds its files: it shows what it answers for them.

use stario::prelude::*;

stario::app!();
stario::assets!("static");

#[app::query("/")]
async fn page() -> Html {
    html! { <link rel="stylesheet" href={asset!("app.css")}> }
}

fn main() {
    let client = TestClient::new(app::new());
    println!("{}", client.get("/").send().text());
    for asset in [asset!("app.css"), asset!("dot.svg")] {
        let file = client.get(asset.url()).send();
        print!("{} {}\n{}", file.status(), file.header("content-type"), file.text());
    }
}
