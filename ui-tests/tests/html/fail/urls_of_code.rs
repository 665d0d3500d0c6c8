use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    let (version, url) = ("1", "/next");
    html! {
        <script src={"https://cdn.example/", version, ".js"}></script>
        <iframe src={"//video.example/", version}></iframe>
        <link rel="stylesheet" href={"https://cdn.example", url}>
        <meta http-equiv="refresh" content={version, "; url=", url}>
        <meta http-equiv="refresh" content={"0; url=javascript:f(", version, ")"}>
        <meta http-equiv="refresh" content="0; url=javascript:f()">
        <script src="javascript:f()"></script>
    }
}
