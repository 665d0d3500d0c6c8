//! Files with hashes in a browser: style sheets that name others and images, and modules that import each other, below a
//! prefix and under a content security policy.

use browser_tests::{Browsers, wait_until};
use serde_json::json;
use stario::prelude::*;
use stario::{Nonce, SecurityHeaders};
use tokio::net::TcpListener;

stario::app!();
stario::app!(site);
stario::assets!("tests/assets/static");

#[app::query("/")]
async fn page(nonce: Nonce) -> Html {
    let script = asset!("js/app.js");
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <title>"Files"</title>
                <link rel="stylesheet" href={asset!("css/app.css")} integrity={asset!("css/app.css").integrity()}>
                {assets::import_map().module("two", asset!("js/two.js")).nonce(nonce)}
                <script type="module" src={script} integrity={script.integrity()}></script>
            </head>
            <body>
                <h1>"Files"</h1>
                <p id="sum"></p>
            </body>
        </html>
    }
}

/// The paths of all that the page loaded.
const LOADED: &str = "performance.getEntriesByType('resource').map(entry => new URL(entry.name).pathname)\
    .filter(path => path !== '/favicon.ico').sort().join(' ')";

#[tokio::test]
async fn style_sheets_and_modules_load_each_other_by_their_hashes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let app = site::new().nest("/shop", app::new()).security_headers(SecurityHeaders::new());
    tokio::spawn(app.serve_on(listener, std::future::pending()));
    let browsers = Browsers::start().await;
    let page = browsers.open(&format!("http://{address}/shop")).await;

    wait_until(&page, "document.getElementById('sum').textContent === '6'", LOADED).await;
    let color = "getComputedStyle(document.querySelector('h1')).color";
    wait_until(&page, &format!("{color} === 'rgb(1, 2, 3)'"), color).await;
    wait_until(&page, &format!("({LOADED}).includes('dot')"), LOADED).await;

    let loaded = page.execute(&format!("return {LOADED}"), Vec::new()).await.expect("the resources");
    let loaded = loaded.as_str().expect("a text").replace("%20", " ");
    // Each name once, with a hash: nothing was redirected, no module was loaded twice.
    let names = loaded.split(" /").map(|path| format!("/{}", path.trim_start_matches('/')));
    let without_hashes: Vec<String> = names
        .map(|path| {
            let end = path.rfind('.').expect("an extension");
            let (name, hash) = path[..end].rsplit_once('-').unwrap_or_else(|| panic!("no hash: {loaded}"));
            assert!(hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{path}");
            format!("{name}{}", &path[end..])
        })
        .collect();
    assert_eq!(
        json!(without_hashes),
        json!([
            "/shop/assets/css/app.css",
            "/shop/assets/css/more.css",
            "/shop/assets/img/a dot.svg",
            "/shop/assets/js/app.js",
            "/shop/assets/js/deep/one.js",
            "/shop/assets/js/three.js",
            "/shop/assets/js/two.js",
        ])
    );
    page.close().await.expect("the browser closes");
}
