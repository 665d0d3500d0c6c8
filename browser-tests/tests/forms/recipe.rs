#[derive(serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Plan {
    Small,
    Large,
}

#[app::query("/signup")]
async fn sign_up_page(datastar: DatastarScript) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><title>"Sign up"</title>{datastar}</head>
            <body>
                <form data-on:submit={sign_up::action()}>
                    <label>"E-mail "<input data-bind:email></label>
                    <label>"Age "<input inputmode="numeric" data-bind:age></label>
                    <label>"Plan "<select data-bind:plan>
                        <option value="">"Choose one"</option>
                        <option value="small">"Small"</option>
                        <option value="large">"Large"</option>
                    </select></label>
                    <label><input type="checkbox" data-bind:news>" Send me news"</label>
                    <button>"Sign up"</button>
                </form>
                <ul id="problems"></ul>
            </body>
        </html>
    }
}

#[app::command("/signup")]
async fn sign_up(
    email: Signal<String>,
    age: Signal<Option<u32>>,                               // `None` while the input is empty
    plan: Signal<Option<Plan>>,
    #[default(false)] news: Signal<bool>,
) -> Html {
    let problems = [
        (!email.contains('@')).then_some("An e-mail address has an @."),
        (age.is_none_or(|age| age < 18)).then_some("You must be 18 or older."),
        plan.is_none().then_some("Choose a plan."),
    ];
    if problems.iter().any(Option::is_some) {
        return html! { <ul id="problems" role="alert">for problem in problems.iter().flatten() { <li>{problem}</li> }</ul> };
    }
    let size = if let Some(Plan::Large) = *plan { "large" } else { "small" };
    html! { <ul id="problems"><li>"Welcome to the "{size}" plan" if *news { ", with news" } "!"</li></ul> }
}
