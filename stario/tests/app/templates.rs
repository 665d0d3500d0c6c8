//! Markup of other template crates: returned, nested and pushed.

use askama::Template;
use maud::PreEscaped;
use stario::Raw;
use stario::prelude::*;

use crate::app;

stario::app!(local);

#[derive(Template)]
#[template(source = "<p id=\"greeting\">Hello, {{ name }}</p>", ext = "html")]
struct Greeting {
    name: String,
}

fn greeting(name: &str) -> maud::Markup {
    maud::html! { p #greeting { "Hello, " (name) } }
}

const NAME: &str = "Ada & <b>";
const GREETING: &str = "<p id=\"greeting\">Hello, Ada &#38; &#60;b&#62;</p>";
const GREETING_OF_MAUD: &str = "<p id=\"greeting\">Hello, Ada &amp; &lt;b&gt;</p>";

#[app::query("/askama", app = local)]
async fn by_askama() -> Raw<Greeting> {
    Raw(Greeting { name: NAME.to_owned() })
}

#[app::query("/maud", app = local)]
async fn by_maud() -> (StatusCode, Raw<String>) {
    (StatusCode::ACCEPTED, Raw(greeting(NAME).into_string()))
}

#[app::query("/nested", app = local)]
async fn nested() -> Html {
    html! { <main>{Raw(Greeting { name: NAME.to_owned() })}{Raw(greeting(NAME).0)}</main> }
}

#[app::query("/around", app = local)]
async fn around() -> Raw<String> {
    let inner = html! { <b>"1 < 2"</b> };
    Raw(maud::html! { main { (PreEscaped(inner.as_str())) } }.into_string())
}

#[app::query("/pushed", app = local)]
async fn pushed() -> impl Stream<Item = Event> {
    stream! {
        yield Raw(Greeting { name: NAME.to_owned() });
        yield (Mode::Inner, "main", Raw(greeting(NAME).0));
    }
}

#[test]
fn templates_are_returned_and_nested_as_they_are() {
    let client = TestClient::new(local::new());
    let res = client.get("/askama").send();
    assert_eq!((res.status().as_u16(), res.text()), (200, GREETING));
    assert_eq!(res.header("content-type"), "text/html; charset=utf-8");
    let res = client.get("/maud").send();
    assert_eq!((res.status().as_u16(), res.text()), (202, GREETING_OF_MAUD));
    let expected = format!("<main>{GREETING}{GREETING_OF_MAUD}</main>");
    assert_eq!(client.get("/nested").send().text(), expected);
    assert_eq!(client.get("/around").send().text(), "<main><b>1 &lt; 2</b></main>");
}

#[test]
fn templates_are_pushed() {
    let events = TestClient::new(local::new()).get("/pushed").send().events();
    assert_eq!(events[0].elements(), GREETING);
    assert_eq!(events[1].elements(), GREETING_OF_MAUD);
}

#[derive(Template)]
#[template(source = "<p>half{{ rest }}</p>", ext = "html")]
struct Broken {
    rest: Fails,
}

struct Fails;

impl std::fmt::Display for Fails {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Err(std::fmt::Error)
    }
}

#[app::query("/broken", app = local)]
async fn broken() -> Raw<Broken> {
    Raw(Broken { rest: Fails })
}

#[app::query("/tried", app = local)]
async fn tried() -> Result<Raw<String>> {
    Ok(Raw(Broken { rest: Fails }.render()?))
}

#[test]
fn half_a_template_is_no_answer() {
    for path in ["/broken", "/tried"] {
        let res = TestClient::new(local::new()).get(path).send();
        assert_eq!((res.status().as_u16(), res.text()), (500, "Internal Server Error"), "{path}");
    }
}
