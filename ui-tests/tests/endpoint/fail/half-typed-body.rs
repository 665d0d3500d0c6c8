stario::app!();

struct User {
    name: String,
}

#[app::query("/user")]
async fn user() -> String {
    let user = User { name: String::new() };
    user.
}

#[app::query("/misspelt")]
async fn misspelt() -> String {
    let user = User { name: String::new() };
    user.nam
}

fn main() {
    let _ = (user::url(), misspelt::url());
}
