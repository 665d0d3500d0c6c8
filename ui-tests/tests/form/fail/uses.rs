use garde::Validate;
use stario::prelude::*;

stario::app!();

#[derive(Form, Validate)]
#[garde(allow_unvalidated)]
struct SignUp {
    email: String,
}

#[derive(Form, Validate)]
#[garde(allow_unvalidated)]
struct Login {
    name: String,
}

#[derive(Form)]
struct NoRules {
    name: String,
}

#[app::query("/search")]
async fn search(form: Form<SignUp>) {
    _ = form;
}

#[app::command("/twice")]
async fn twice(form: Form<SignUp>, body: RawBody) {
    _ = (form, body);
}

#[app::command("/login")]
async fn login(mut form: Form<Login>) -> Html {
    form.reject("name", "no");
    html! { <input {..form.field(SignUp::email()).input()}> }
}

#[app::command("/no-rules")]
async fn no_rules(form: Form<NoRules>) {
    _ = form;
}

#[app::command("/no-form")]
async fn no_form(form: Form<String>) {
    _ = form;
}

fn main() {}
