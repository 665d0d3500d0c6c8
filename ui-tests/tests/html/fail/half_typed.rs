use stario_html::Html;
use stario_macros::html;

struct User {
    name: String,
}

fn main() {
    _ = page(&User { name: String::new() });
}

fn page(user: &User) -> Html {
    html! { <p title={user.}>{user.name}</p><b>{user.age}</b> }
}
