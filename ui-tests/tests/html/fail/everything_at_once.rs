use stario_html::Html;
use stario_macros::html;

struct User {
    name: String,
}

fn main() {
    _ = page(&User { name: String::new() });
}

fn page(user: &User) -> Html {
    html! {
        <dvi>"a"</dvi>
        <p titel="x">{user.nmae}</p>
        <p>{user}</p>
        <p>Hello</p>
        <ul>for name in user.names { <li>{name}</li> }</ul>
    }
}
