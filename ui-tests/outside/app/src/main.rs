//! A whole app as a user's crate has it, with every kind of handler.

use std::sync::atomic::{AtomicU32, Ordering};

use stario::prelude::*;

stario::app!();

#[derive(Default)]
struct Config {
    greeting: Option<String>,
}

struct User {
    id: i64,
    name: String,
}

#[app::query("/")]
async fn home() -> Html {
    html! {
        <h1>"Welcome to Stario!"</h1>
        <a href={get_user::url(7)}>"User 7"</a>
        <button data-on:click={rename_user::action(7)}>"Rename"</button>
    }
}

#[app::query("/users/{user_id}")]
async fn get_user(
    user_id: PathParam<i64>,
    #[default(false)] posts: QueryParam<bool>,
    config: State<Config>,
) -> Result<Html> {
    let user =
        User { id: *user_id, name: config.greeting.clone().unwrap_or_else(|| format!("User {user_id}")) };
    Ok(html! {
        <div id={("user-", user.id)}>{user.name}</div>
        if *posts {
            <ul id="posts"></ul>
        }
    })
}

#[app::command("/users/{user_id}")]
async fn rename_user(user_id: PathParam<i64>, name: Signal<String>) -> Option<Html> {
    (!name.is_empty()).then(|| html! { <div id={("user-", *user_id)}>{name}</div> })
}

#[app::command("/stream")]
async fn stream_numbers() -> impl Stream<Item = Event> {
    stream! {
        for i in 0..3 {
            yield (Mode::Replace, "#counter", html! { <div>"Counter: "{i}</div> });
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        yield json!({ "done": true });
        yield event::remove("#spinner");
    }
}

/// Leads to handlers of another crate.
#[app::query("/sales")]
async fn sales() -> Html {
    html! {
        <a href={shop::find::url("a/b").name("it's").fragment("top")}>"Find"</a>
        <button data-on:click={shop::change::action("hats").id(7)}>"Change"</button>
    }
}

app::provide!(std::time::Instant = shop::lease);

stario::app!(of_shop);

/// Takes what the providers of another crate make.
#[app::query("/stock", app = of_shop)]
async fn stock(stock: &shop::Stock, admin: shop::Admin, lease: stario::Lazy<'_, std::time::Instant>) -> Result<String> {
    let is_past = lease.get().await?.elapsed() > Duration::ZERO;
    Ok(format!("{} for {}, {is_past}", stock.0, admin.name))
}

#[app::on_start(app = of_shop)]
async fn count(stock: &shop::Stock, seen: State<AtomicU32>, app: stario::AppHandle) -> Result {
    let same = app::get::<shop::Stock>(&app).await?;
    seen.store(stock.0 + same.0, Ordering::Relaxed);
    Ok(())
}

fn whole() -> stario::App {
    app::new().state(Config::default()).merge(shop::app::new())
}

#[tokio::main]
async fn main() -> stario::Result {
    whole().serve().await
}

#[cfg(test)]
stario::app!(rival);

/// The library has this as well.
#[cfg(test)]
#[app::query("/shop/{of_what}", app = rival)]
async fn rival_find(of_what: PathParam<u8>) -> u8 {
    of_what.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users() {
        let client = TestClient::new(app::new().state(Config::default()));
        let res = client.get("/users/123").send();
        assert_eq!(res.status(), 200);
        assert!(res.text().contains("User 123"));
        assert_eq!(
            client.get("/users/1?posts=true").send().text(),
            r#"<div id="user-1">User 1</div><ul id="posts"></ul>"#
        );
    }

    #[test]
    fn links_and_actions() {
        let client = TestClient::new(app::new().state(Config::default()));
        let page = client.get("/").send();
        assert!(page.text().contains(r#"<a href="/users/7">"#), "{}", page.text());
        assert!(page.text().contains("data-on:click=\"@post('/users/7')\""), "{}", page.text());
    }

    #[test]
    fn links_and_actions_lead_to_another_crate() {
        let client = TestClient::new(whole());
        let page = client.get("/sales").send();
        assert_eq!(
            page.text(),
            r#"<a href="/shop/a%2Fb?name=it%27s#top">Find</a><button data-on:click="@patch('/shop/hats?id=7')">Change</button>"#
        );
        assert_eq!(client.get("/shop/a%2Fb?name=it%27s").send().text(), "a/b: it's, page 1");
        assert_eq!(client.request(stario::http::Method::PATCH, "/shop/hats?id=7").send().text(), "hats: 7");
    }

    #[test]
    fn one_route_of_two_crates_is_reported_at_both_places() {
        let problems = rival::new().merge(shop::app::new()).check().unwrap_err().to_string();
        assert_eq!(
            problems,
            "the app cannot start:\n  GET /shop/{of_what} is answered twice:\n    shop::find at shop/src/lib.rs:8\n    app::rival_find at app/src/main.rs:102"
        );
    }

    #[tokio::test]
    async fn providers_of_another_crate_are_found() {
        let app = || of_shop::new().state(AtomicU32::default()).guard(app::require::<shop::Admin>());
        let client = TestClient::new(app());
        client.start().await;
        assert_eq!(client.get("/stock").await.status(), 401);
        assert_eq!(client.get("/stock").header("user", "Ada").await.text(), "7 for Ada, true");

        #[dependency(singleton, by_name)]
        fn sold_out() -> shop::Stock {
            shop::Stock(0)
        }
        let client = TestClient::new(app().replace(shop::stock::with::<sold_out>()));
        assert_eq!(client.get("/stock").header("user", "Ada").await.text(), "0 for Ada, true");
    }

    #[tokio::test]
    async fn commands() {
        let client = TestClient::new(app::new().state(Config::default()));
        let res = client.post("/users/7").signals(&json!({ "name": "" })).await;
        assert_eq!(res.status(), 204);
        let res = client.post("/users/7").signals(&json!({ "name": "Ada" })).await;
        assert_eq!(res.text(), r#"<div id="user-7">Ada</div>"#);
        let events = client.post("/stream").await.events();
        assert_eq!(events.len(), 5);
        assert_eq!(events[1].elements(), "<div>Counter: 1</div>");
    }
}
