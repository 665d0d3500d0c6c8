use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    html! {
        <p title="&quot;x&quot;">"a&nbsp;b" "&#8212;" {"&nbsp;"} "a & b;"</p>
        <a href="/?a=1&amp;b=2">"x"</a>
        <title>"a &amp; b"</title>
        <script>let x = 1;</script>
        <style>a { color: red }</style>
    }
}
