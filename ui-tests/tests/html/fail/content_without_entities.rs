use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    let id = 7;
    html! {
        <script>"if (a <" {id} ") {}"</script>
        <script>"let a = '<!-- <script>'"</script>
        <style>"a::after { content: '</style>' }"</style>
        <style>{String::from("a {}")}</style>
        <script><b>"x"</b></script>
        <title>"a" <b>"x"</b></title>
        <textarea>for i in 0..id { <br> {i} }</textarea>
        <iframe>"x"</iframe>
    }
}
