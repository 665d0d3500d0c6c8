#![deny(warnings)]

use stario_html::{Html, trusted_url};
use stario_macros::html;

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    let (version, url) = ("1", "/next");
    html! {
        <script src="https://cdn.example/1.js"></script>
        <script src={trusted_url(format!("https://cdn.example/{version}.js"))}></script>
        <script src={"/js/", version, ".js"}></script>
        <script src={"https:", "//cdn.example/1.js"}></script>
        <a href={"https://shop.example", "/"}>"Shop"</a>
        <iframe src={trusted_url("//video.example/"), version}></iframe>
        <link rel="icon" href={"https://cdn.example", url}>
        <meta http-equiv="refresh" content={"5; url=", url}>
        <meta http-equiv="refresh" content={"5;", "url=/next"}>
        <meta name="description" content={version, url}>
    }
}
