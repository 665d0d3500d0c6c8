//! The files of `assets!`: their URLs, and what is answered there.

use std::time::{Duration, Instant};

use stario::prelude::*;
use stario::{App, Error};

use crate::{app, assets};

stario::app!(local);
stario::app!(site);

const BASE: &str = include_str!("static/base.css");
const SCRIPT: &str = include_str!("static/app.js");

/// Computed by `sha384sum`.
const COUNTER: &str = "sha384-ISITpRtNPn6GU+HXNFggm8y6s3kOMEga7QFb6JCAJkBN1HjmqlfQy9PhVAGWgKhv";

#[app::query("/", app = local)]
async fn page() -> Html {
    html! {
        <link rel="stylesheet" href={asset!("app.css")}>
        <img src={asset!("img/dot.svg")} alt="">
        <a href={asset!("base.css").url().fragment("x")}>{asset!("base.css")}</a>
        <img srcset={asset!("img/dot.svg"), " 2x"} alt="">
    }
}

#[app::query("/moved", app = local)]
async fn moved() -> stario::Redirect {
    stario::Redirect::to(asset!("app.js"))
}

#[app::query("/modules", app = local)]
async fn modules() -> Html {
    html! { {assets::import_map().module("</script>", asset!("js/counter.js"))} }
}

#[app::query("/client", app = local)]
async fn client_element(datastar: DatastarScript) -> Html {
    html! { {datastar} }
}

fn client() -> TestClient {
    TestClient::new(local::new())
}

/// The URL in the app that this test puts together, whatever other tests put together meanwhile.
fn url(asset: stario::Asset) -> String {
    let _app = client();
    asset.to_string()
}

#[test]
fn a_url_has_the_hash_of_the_content() {
    let script = url(asset!("app.js"));
    let hash = script.strip_prefix("/assets/app-").and_then(|rest| rest.strip_suffix(".js")).unwrap();
    assert!(hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{script}");
    assert_eq!(asset!("js/counter.js").integrity(), COUNTER);
    let (style, dot, base) = (asset!("app.css"), asset!("img/dot.svg"), asset!("base.css"));
    assert_eq!(
        client().get("/").send().text(),
        format!(
            "<link rel=\"stylesheet\" href=\"{style}\"><img src=\"{dot}\" alt=\"\">\
             <a href=\"{base}#x\">{base}</a><img srcset=\"{dot} 2x\" alt=\"\">"
        )
    );
    assert_eq!(client().get("/moved").send().header("location"), script);
}

#[test]
fn a_file_is_kept_for_a_year() {
    let res = client().get(url(asset!("app.js"))).send();
    assert_eq!((res.status().as_u16(), res.text()), (200, SCRIPT));
    assert_eq!(res.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(res.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(res.header("x-content-type-options"), "nosniff");
    assert_eq!(res.header("accept-ranges"), "bytes");
    let hash = url(asset!("app.js"))["/assets/app-".len()..][..16].to_owned();
    assert_eq!(res.header("etag"), format!("\"{hash}\""));
    assert_eq!(client().get(url(asset!("img/dot.svg"))).send().header("content-type"), "image/svg+xml");
}

#[test]
fn a_client_that_has_the_file_gets_none() {
    let script = url(asset!("app.js"));
    let etag = client().get(&script).send().header("etag").to_owned();
    let res = client().get(&script).header("if-none-match", &etag).send();
    assert_eq!((res.status().as_u16(), res.text()), (304, ""));
    assert_eq!(res.header("etag"), etag);
    assert_eq!(client().get(&script).header("if-none-match", "\"other\"").send().status(), 200);
    assert_eq!(client().get(&script).header("if-match", "\"other\"").send().status(), 412);
}

#[test]
fn a_range_is_one_of_the_file() {
    let script = url(asset!("app.js"));
    let etag = client().get(&script).send().header("etag").to_owned();
    let part = |range: &str, condition: &str| {
        let request = client().get(&script).header("range", range);
        if condition.is_empty() { request.send() } else { request.header("if-range", condition).send() }
    };
    let res = part("bytes=7-9", &etag);
    assert_eq!((res.status().as_u16(), res.text()), (206, &SCRIPT[7..=9]));
    assert_eq!(res.header("content-range"), format!("bytes 7-9/{}", SCRIPT.len()));
    assert_eq!(part("bytes=-4", "").text(), &SCRIPT[SCRIPT.len() - 4..]);
    assert_eq!(part("bytes=7-9", "\"other\"").text(), SCRIPT);
    let outside = part("bytes=100000-", "");
    assert_eq!(
        (outside.status().as_u16(), outside.header("content-range")),
        (416, &*format!("bytes */{}", SCRIPT.len()))
    );
    assert_eq!(client().get(&script).header("range", "bytes=0-1,3-4").send().text(), SCRIPT);
}

#[test]
fn other_methods_are_refused() {
    let script = url(asset!("app.js"));
    let head = client().request(http::Method::HEAD, &script).send();
    assert_eq!((head.status().as_u16(), head.text()), (200, ""));
    assert_eq!(head.header("content-length"), SCRIPT.len().to_string());
    let post = client().post(&script).send();
    assert_eq!((post.status().as_u16(), post.header("allow")), (405, "GET, HEAD, OPTIONS"));
}

#[test]
fn a_name_without_a_hash_is_redirected() {
    let res = client().get("/assets/img/dot.svg").send();
    assert_eq!((res.status().as_u16(), res.header("location")), (307, &*url(asset!("img/dot.svg"))));
    assert_eq!(res.header("cache-control"), "no-cache");
}

#[test]
fn nothing_else_is_found() {
    for path in [
        "app-0123456789abcdef.css",
        "app-.css",
        "app.cs",
        "img",
        "img/",
        ".hidden",
        "img/..%2Fapp.css",
        "..%2Fmain.rs",
        "%2e%2e/main.rs",
        "%2Fetc%2Fpasswd",
        "x%FF.css",
    ] {
        let status = client().get(format!("/assets/{path}")).send().status().as_u16();
        assert!(matches!(status, 404 | 400 | 308), "{path}: {status}");
    }
    assert_eq!(client().get("/assets/.hidden").send().status(), 404);
}

#[test]
fn a_file_that_is_not_found_is_kept_by_no_cache() {
    let path = "/assets/app-0123456789abcdef.css";
    let res = client().get(path).send();
    assert_eq!((res.status().as_u16(), res.header("cache-control")), (404, "no-store"));
    let page = |_: &str, _: &http::request::Parts| {
        (StatusCode::NOT_FOUND, [("cache-control", "public, max-age=60")], "nothing here")
    };
    let client = TestClient::new(local::new().on_status(StatusCode::NOT_FOUND, page));
    let res = client.get(path).send();
    assert_eq!((res.text(), res.header("cache-control")), ("nothing here", "no-store"));
    assert_eq!(client.get("/other").send().header("cache-control"), "public, max-age=60");
}

#[test]
fn urls_in_a_style_sheet_have_hashes() {
    let client = client();
    let style = client.get(url(asset!("app.css"))).send().text().to_owned();
    let [base, dot] =
        [asset!("base.css"), asset!("img/dot.svg")].map(|asset| url(asset)["/assets/".len()..].to_owned());
    assert_eq!(style, format!("@import \"{base}\";\n\nbody {{\n    background: url(\"{dot}\");\n}}\n"));
    let base_text = client.get(url(asset!("base.css"))).send().text().to_owned();
    assert_eq!(base_text, BASE.replace("img/dot.svg", &dot));
}

#[test]
fn modules_are_found_by_the_map() {
    let map = client().get("/modules").send().text().to_owned();
    let json = map.strip_prefix("<script type=\"importmap\">").and_then(|map| map.strip_suffix("</script>"));
    assert!(!json.unwrap().contains('<'), "{map}");
    let [style, script, base, counter] =
        [asset!("app.css"), asset!("app.js"), asset!("base.css"), asset!("js/counter.js")].map(url);
    let map: serde_json::Value = serde_json::from_str(json.unwrap()).unwrap();
    let expected = json!({ "imports": {
        "/assets/app.css": style,
        "/assets/app.js": script,
        "/assets/base.css": base,
        "/assets/js/counter.js": counter,
        "</script>": counter,
    } });
    assert_eq!(map, expected);
}

#[test]
fn files_are_below_the_prefix_of_their_app() {
    let client = TestClient::new(site::new().nest("/shop", local::new()));
    let page = client.get("/shop").send().text().to_owned();
    assert!(page.starts_with("<link rel=\"stylesheet\" href=\"/shop/assets/app-"), "{page}");
    let style = page.split('"').nth(3).unwrap();
    assert_eq!(client.get(style).send().status(), 200);
    assert_eq!(client.get("/shop/assets/app.css").send().header("location"), style);
    assert_eq!(client.get("/assets/app.css").send().status(), 404);
    assert!(
        client.get("/shop/modules").send().text().contains("\"/shop/assets/app.js\":\"/shop/assets/app-")
    );
    let host = TestClient::new(site::new().host("a.example", local::new()));
    let script = url(asset!("app.js"));
    assert_eq!(host.get("/assets/app.js").header("host", "a.example").send().header("location"), script);
    assert_eq!(host.get("/assets/app.js").send().status(), 404);
}

struct Nobody;

#[dependency]
fn nobody() -> Result<Nobody> {
    Err(Error::new(StatusCode::UNAUTHORIZED, "nobody may"))
}

#[test]
fn files_have_no_guard() {
    let guarded = || local::new().guard(app::require::<Nobody>());
    let client = TestClient::new(guarded());
    assert_eq!(client.get("/").send().status(), 401);
    assert_eq!(client.get(url(asset!("app.js"))).send().status(), 200);
    let routes = guarded().routes();
    let open: Vec<_> = routes.iter().filter(|route| route.guards().next().is_none()).collect();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].to_string(), "GET /assets/{path...}");
    assert_eq!((open[0].kind(), open[0].handler()), (stario::HandlerKind::Files, "app::assets"));
}

/// Asks until the file comes in the coding. The thread that makes it tells nobody else.
#[cfg(feature = "compression")]
fn in_coding(client: &TestClient, url: &str, coding: &str) -> stario::testing::TestResponse {
    let start = Instant::now();
    loop {
        let res = client.get(url).header("accept-encoding", coding).send();
        if res.headers().contains_key("content-encoding") {
            return res;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "the file is never compressed");
        std::thread::yield_now();
    }
}

#[test]
#[cfg(feature = "compression")]
fn a_file_is_sent_compressed_once_that_is_made() {
    let (client, base) = (client(), url(asset!("base.css")));
    let plain = client.get(&base).send();
    assert_eq!(plain.header("vary"), "accept-encoding");
    for (coding, accepted) in [("zstd", "gzip, br, zstd"), ("br", "gzip, br"), ("gzip", "gzip")] {
        let res = in_coding(&client, &base, accepted);
        assert_eq!(res.header("content-encoding"), coding);
        assert_eq!(res.header("vary"), "accept-encoding");
        assert_eq!(res.header("etag"), format!("W/{}", plain.header("etag")));
        assert_eq!(res.header("cache-control"), plain.header("cache-control"));
        assert!(!res.headers().contains_key("accept-ranges"));
        // The client decodes it.
        assert_eq!(res.text(), plain.text());
    }
    // A range is one of the file as it is, also for a client that accepts codings.
    let part = client.get(&base).header("accept-encoding", "br").header("range", "bytes=0-1").send();
    assert_eq!((part.status().as_u16(), part.text()), (206, "/*"));
    let etag = plain.header("etag");
    let known = client.get(&base).header("accept-encoding", "zstd").header("if-none-match", etag).send();
    assert_eq!((known.status().as_u16(), known.header("vary")), (304, "accept-encoding"));
    // What is too short, or of another type, stays as it is.
    let short = client.get(url(asset!("app.js"))).header("accept-encoding", "br").send();
    assert!(!short.headers().contains_key("content-encoding"));
}

#[test]
#[cfg(feature = "compression")]
fn an_app_without_compression_sends_files_as_they_are() {
    let client = TestClient::new(local::new().compression(stario::Compression::off()));
    let res = client.get(url(asset!("base.css"))).header("accept-encoding", "br").send();
    assert!(!res.headers().contains_key("content-encoding") && !res.headers().contains_key("vary"));
}

#[test]
fn the_datastar_client_is_one_of_them() {
    let script = |app: App| {
        let client = TestClient::new(app);
        let element = client.get("/client").send().text().to_owned();
        let url = element.split("src=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        (client.get(&url).send(), url)
    };
    let (of_asset, asset_url) = script(local::new().datastar_asset(asset!("app.js")));
    assert_eq!(asset_url, url(asset!("app.js")));
    let (of_file, file_url) = script(local::new().datastar_file("tests/app/static/app.js").unwrap());
    assert_eq!(file_url, asset_url.replace("/assets/app-", "/datastar-"));
    assert_eq!(of_file.text(), of_asset.text());
    for name in ["etag", "cache-control", "content-type", "accept-ranges", "x-content-type-options"] {
        assert_eq!(of_file.header(name), of_asset.header(name), "{name}");
    }
}

#[test]
fn nothing_is_wrong_with_the_folder() {
    let warnings = local::new().check().unwrap();
    assert!(warnings.is_empty(), "{warnings}");
}
