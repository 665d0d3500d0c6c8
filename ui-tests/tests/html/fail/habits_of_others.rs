use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    let (user, names) = ("u", ["a"]);
    html! {
        @if user.is_empty() { "x" }
        {if user.is_empty() { <b>"x"</b> }}
        <ul>{names.iter().map(|name| <li>{name}</li>)}</ul>
        <p>{{user}}</p>
        <div className="a" :class="b" .value="c"></div>
        <p class="a", id="b"></p>
        match user { "a" => <b/> <i/>, _ => "c" }
        match user { _ => {user} }
        println!("x");
        <input {user} title='x' class=["a", "b"] width=100%>
    }
}
