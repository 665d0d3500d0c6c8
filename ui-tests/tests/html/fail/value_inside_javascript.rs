use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    let id = 7;
    html! {
        <a data-on:click={"@get('/users/", id, "')"}>"a"</a>
        <a onclick={"f(`", id, "`) // ", id}>"a"</a>
        <script>"let u = '" {id} "';"</script>
        <script>"let u = 'a" if id > 1 { "b' + 'c" } "';"</script>
        <script>if id > 1 { "let u = '" } "a"</script>
    }
}
