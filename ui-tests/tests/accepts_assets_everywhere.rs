//! `asset!` in every module and in every place of a URL, with nothing to warn of.

#![deny(warnings)]
#![forbid(unsafe_code)]

use stario::prelude::*;

stario::app!();
stario::app!(admin);
stario::assets!("tests/assets/static", at = "/admin/files", app = admin,);

#[app::query("/", app = admin)]
async fn page() -> Html {
    html! { <link rel="stylesheet" href={asset!("app.css",)}> {inner::logo()} }
}

mod inner {
    use stario::prelude::*;

    pub(crate) fn logo() -> Html {
        html! { <img src={asset!("img/logo.svg")} alt="Logo"> }
    }
}

#[test]
fn the_page_links_its_assets() {
    let client = TestClient::new(admin::new());
    let page = client.get("/").send();
    assert!(page.text().contains("src=\"/admin/files/img/logo-"), "{}", page.text());
    assert_eq!(client.get(asset!("app.css").url()).send().text(), "body { margin: 0 }\n");
}
