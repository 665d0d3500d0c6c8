#[derive(serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Plan {
    Small,
    Large,
}

#[derive(Form, Validate)]
#[garde(allow_unvalidated)]
struct SignUp {
    #[garde(email)]
    email: String,
    #[form(secret)]                                         // not sent back
    #[garde(length(min = 8))]
    password: String,
    plan: Plan,
    #[serde(default)]                                       // an unchecked checkbox sends nothing
    news: bool,
}

fn sign_up_form(form: &Form<SignUp>) -> Html {
    let send = sign_up::action().content_type(action::ContentType::Form);
    html! {
        <form id="signup" method="post" action={sign_up::url()} data-on:submit={send} novalidate>
            let email = form.field(SignUp::email());
            <label>"E-mail "<input type="email" {..email.input()}></label>{email.message()}
            let password = form.field(SignUp::password());
            <label>"Password "<input type="password" {..password.input()}></label>{password.message()}
            let plan = form.field(SignUp::plan());
            <label>"Plan "<select {..plan.control()}>
                <option value="">"Choose one"</option>
                <option {..plan.option("small")}>"Small"</option>
                <option {..plan.option("large")}>"Large"</option>
            </select></label>{plan.message()}
            <label><input type="checkbox" {..form.field(SignUp::news()).checkbox()}>" Send me news"</label>
            <button>"Sign up"</button>
        </form>
    }
}

fn page(content: Html, datastar: DatastarScript) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en"><head><title>"Sign up"</title>{datastar}</head><body>{content}</body></html>
    }
}

#[app::query("/signup")]
async fn sign_up_page(datastar: DatastarScript) -> Html {
    page(sign_up_form(&Form::empty()), datastar)
}

#[app::command("/signup")]
async fn sign_up(mut form: Form<SignUp>, datastar: DatastarScript) -> Response {
    if form.value().is_some_and(|new| new.email == "ada@example.com") {     // usually a look into the database
        form.reject(SignUp::email(), "This address has an account.");
    }
    let Some(new) = form.value() else {
        return form.refusal(sign_up_form(&form), |form| page(form, datastar));
    };
    let plan = if let Plan::Large = new.plan { "large" } else { "small" };
    form.redirect(welcome::url(plan, new.news))
}

#[app::query("/welcome/{plan}/{news}")]
async fn welcome(plan: PathParam<String>, news: PathParam<bool>, datastar: DatastarScript) -> Html {
    page(html! { <h1>"Welcome to the "{plan}" plan" if *news { ", with news" } "!"</h1> }, datastar)
}
