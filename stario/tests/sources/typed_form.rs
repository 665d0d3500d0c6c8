//! `Form`: its value, or all that is wrong with it, however it is sent.

use garde::Validate;
use serde::{Deserialize, Serialize};
use stario::UploadProgress;
use stario::prelude::*;

use super::{FORM, JSON, MULTIPART, app, check, client, post};

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    Large,
}

#[derive(Form, Validate, Serialize)]
#[serde(rename_all = "camelCase")]
#[garde(allow_unvalidated)]
struct Order {
    #[garde(length(min = 2))]
    customer_name: String,
    age: Option<u8>,
    size: Size,
    #[serde(default)]
    gift: bool,
    #[serde(default)]
    #[garde(length(max = 2), inner(length(min = 3)))]
    tags: Vec<String>,
    #[serde(default = "three")]
    #[garde(range(max = 5))]
    stars: u8,
    #[form(nested)]
    #[garde(dive)]
    address: Address,
    #[form(nested)]
    #[garde(dive, length(max = 2))]
    items: Vec<Item>,
    #[form(nested)]
    #[garde(dive)]
    invoice: Option<Address>,
    #[serde(skip)]
    seen: u32,
}

fn three() -> u8 {
    3
}

#[derive(Form, Validate, Serialize)]
struct Address {
    #[garde(length(min = 3))]
    street: String,
    #[serde(rename = "zip")]
    #[garde(ascii)]
    postal_code: String,
}

#[derive(Form, Validate, Serialize)]
struct Item {
    #[garde(length(min = 1))]
    name: String,
    #[garde(range(min = 1))]
    amount: u32,
}

#[app::command("/typed-form/order")]
async fn order(form: Form<Order>) -> Response {
    let text = match form.value() {
        Some(Order { customer_name, age, size, gift, tags, stars, address, items, invoice, seen }) => {
            let items: Vec<_> = items.iter().map(|item| (&item.name, item.amount)).collect();
            let invoice = invoice.as_ref().map(|invoice| &invoice.street);
            let (street, code) = (&address.street, &address.postal_code);
            format!(
                "{customer_name} {age:?} {size:?} {gift} {tags:?} {stars} {street} {code} {items:?} {invoice:?} {seen}"
            )
        }
        None => problems(&form),
    };
    Response::new(text.into())
}

fn problems<T>(form: &Form<T>) -> String {
    let problems = form.problems().map(|(name, problem)| format!("{name}: {}", form.text_of(problem)));
    problems.collect::<Vec<_>>().join("\n")
}

const SENT: &str = "customerName=Ada&age=&size=large&tags=red&tags=blue&address.street=Main+St&address.zip=1a\
    &items[0].name=tea&items[0].amount=2&items.1.name=milk&items.1.amount=1";

#[test]
fn a_form_is_a_value_however_it_is_sent() {
    let value = r#"Ada None Large false ["red", "blue"] 3 Main St 1a [("tea", 2), ("milk", 1)] None 0"#;
    check(post("/typed-form/order", FORM, SENT), 200, value);
    let signals = json!({
        "customerName": "Ada", "age": "", "size": "large", "gift": false, "tags": ["red", "blue"], "other": { "a": 1 },
        "address": { "street": "Main St", "zip": "1a" },
        "items": [{ "name": "tea", "amount": 2 }, { "name": "milk", "amount": "1" }],
        "invoice": { "street": "", "zip": "" },
    });
    check(client().post("/typed-form/order").signals(&signals), 200, value);
    let mut parts = client().post("/typed-form/order");
    for pair in SENT.replace('+', " ").split('&') {
        let (name, text) = pair.split_once('=').unwrap();
        parts = parts.field(name, text);
    }
    check(parts, 200, value);
}

#[test]
fn all_problems_are_found_at_once() {
    let all = "customerName: Fill this in.\n\
        age: Write a whole number from 0 to 255.\n\
        size: Choose one of these: small, large.\n\
        tags: Write at least 3 characters.\n\
        stars: This must be 5 or less.\n\
        address.street: Write at least 3 characters.\n\
        address.zip: Use only letters without accents, digits and punctuation.\n\
        items.0.name: Fill this in.\n\
        items.0.amount: Write a whole number from 0 to 4294967295.\n\
        items.1.amount: This must be 1 or more.\n\
        invoice.street: Write at least 3 characters.";
    // The rows of the page are numbered 3 and 7, because others were removed.
    let form = "age=old&size=huge&tags=red&tags=xx&stars=6&address.street=M&address.zip=%C3%A9&items.3.name=&items.3.amount=x\
        &items.7.name=b&items.7.amount=0&invoice.street=x&invoice.zip=1";
    check(post("/typed-form/order", FORM, form), 200, all);
    let signals = json!({
        "age": "old", "size": "huge", "tags": ["red", "xx"], "stars": 6, "address": { "street": "M", "zip": "é" },
        "items": { "3": { "name": "", "amount": "x" }, "7": { "name": "b", "amount": 0 } },
        "invoice": { "street": "x", "zip": "1" },
    });
    check(client().post("/typed-form/order").signals(&signals), 200, all);
    let three = format!("{SENT}&items.2.name=c&items.2.amount=1&tags=green");
    check(
        post("/typed-form/order", FORM, three),
        200,
        "tags: At most 2 are allowed.\nitems: At most 2 are allowed.",
    );
}

#[test]
fn what_no_form_can_be_is_refused() {
    let expected = "unsupported content type of body `form`: expected a form, or the signals of a page";
    check(post("/typed-form/order", "text/plain", "a=1"), 415, expected);
    check(post("/typed-form/order", "", "a=1"), 415, expected);
    check(post("/typed-form/order", FORM, "a=%FF"), 400, "the form is not valid text");
    check(post("/typed-form/order", JSON, "[]"), 400, "signals are a JSON object");
    let rows = json!({ "items": vec![json!({}); 1001] }).to_string();
    check(post("/typed-form/order", JSON, &rows), 413, "the form has more than 1000 fields");
    let large = format!("customerName={}", "a".repeat(1024 * 1024));
    check(post("/typed-form/order", FORM, large), 413, "the request's body is larger than 1048576 bytes");
    let broken = "--x\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n1";
    let ends = "the request's body is not valid multipart: it ends within a part";
    check(post("/typed-form/order", MULTIPART, broken), 422, ends);
    let many = "a=1&".repeat(1001);
    check(post("/typed-form/order", FORM, many), 413, "the form has more than 1000 fields");
}

#[test]
fn a_form_without_a_body_lacks_all_fields() {
    let missing = "customerName: Fill this in.\nsize: Fill this in.\naddress.street: Fill this in.\naddress.zip: Fill this in.";
    check(client().post("/typed-form/order"), 200, missing);
}

#[derive(Form, Validate)]
#[garde(allow_unvalidated)]
struct Upload {
    #[garde(length(min = 2))]
    title: String,
    #[form(file, max_size = 10, accept = "image/*,.txt")]
    photo: UploadedFile,
    #[form(file)]
    more: Vec<UploadedFile>,
    #[form(nested)]
    #[garde(dive)]
    pages: Vec<Scan>,
}

#[derive(Form, Validate)]
#[garde(allow_unvalidated)]
struct Scan {
    #[form(file, max_size = 4)]
    scan: Option<UploadedFile>,
}

#[app::command("/typed-form/upload")]
async fn upload(form: Form<Upload>) -> Response {
    let text = match form.value() {
        Some(Upload { title, photo, more, pages }) => {
            let scans: Vec<_> = pages.iter().map(|page| page.scan.as_ref().map(UploadedFile::len)).collect();
            format!("{title} {} {} {scans:?}", photo.len(), more.len())
        }
        None => problems(&form),
    };
    Response::new(text.into())
}

#[test]
fn files_have_limits_of_their_own() {
    let send = |photo: &str, name: &'static str| {
        client().post("/typed-form/upload").field("title", "ab").file("photo", name, photo.to_owned())
    };
    check(send("0123456789", "a.txt").file("more", "b", "b").file("more", "c", "c"), 200, "ab 10 2 []");
    check(send("01234567890", "a.txt"), 200, "photo: This file is larger than 10 bytes.");
    // A large one is not kept, and the fields behind it are read.
    check(
        send(&"0".repeat(600 * 1024), "a.txt").field("title", "x"),
        200,
        "title: Write at least 2 characters.\nphoto: This file is larger than 10 bytes.",
    );
    check(send("0", "a.csv"), 200, "photo: Choose a file of one of these types: image/*, .txt.");
    check(
        client().post("/typed-form/upload").field("title", "ab").field("photo", "text"),
        200,
        "photo: Choose a file.",
    );
    check(
        client().post("/typed-form/upload").field("title", "ab").file("more", "b", "b"),
        200,
        "photo: Fill this in.",
    );
    check(post("/typed-form/upload", FORM, "title=ab"), 200, "photo: Fill this in.");
    check(
        send("1", "a.TXT").file("pages[0].scan", "p", "1234").field("pages[2].note", "").file(
            "pages[5].scan",
            "p",
            "12345",
        ),
        200,
        "pages.2.scan: This file is larger than 4 bytes.",
    );
    check(
        send("1", "a.txt").file("pages.0.scan", "p", "1234").file("stranger", "s", "s"),
        200,
        "ab 1 0 [Some(4)]",
    );
    let in_signal =
        json!({ "title": "ab", "photo": [{ "name": "a", "contents": "MQ==", "mime": "image/png" }] });
    check(client().post("/typed-form/upload").signals(&in_signal), 200, "photo: Choose a file.");
    let unchosen = "--x\r\ncontent-disposition: form-data; name=\"photo\"; filename=\"\"\r\n\
        content-type: application/octet-stream\r\n\r\n\r\n--x--\r\n";
    check(post("/typed-form/upload", MULTIPART, unchosen), 200, "title: Fill this in.\nphoto: Fill this in.");
    let image = "--x\r\ncontent-disposition: form-data; name=\"photo\"; filename=\"a\"\r\ncontent-type: image/png\r\n\r\n1\r\n\
        --x\r\ncontent-disposition: form-data; name=\"title\"\r\n\r\nab\r\n--x--\r\n";
    check(post("/typed-form/upload", MULTIPART, image), 200, "ab 1 0 []");
}

#[app::command("/typed-form/translated")]
async fn translated(form: Form<Order>) -> Response {
    let mut form = form.messages(|problem| {
        let argument = problem.argument().unwrap_or("-");
        format!("{}({argument})", problem.id())
    });
    form.reject(Order::age(), stario::Problem::new("too-young", "You are too young."));
    form.reject(Order::address().street(), "no such street");
    Response::new(problems(&form).into())
}

#[test]
fn messages_are_replaced_by_the_id_of_the_rule() {
    let sent = SENT.replace("=Ada", "=A").replace("size=large", "size=");
    let expected =
        "customerName: length-min(2)\nage: too-young(-)\nsize: required(-)\naddress.street: own(-)";
    check(post("/typed-form/translated", FORM, sent), 200, expected);
}

#[test]
fn a_field_is_shown_as_it_was_filled() {
    let order = Order {
        customer_name: "Ada <3".to_owned(),
        age: None,
        size: Size::Large,
        gift: true,
        tags: vec!["red".to_owned()],
        stars: 4,
        address: Address { street: "Main".to_owned(), postal_code: "1".to_owned() },
        items: vec![Item { name: "tea".to_owned(), amount: 2 }],
        invoice: None,
        seen: 0,
    };
    let form = Form::<Order>::filled(&order).unwrap();
    assert_eq!(
        form.field(Order::customer_name()).input().as_str(),
        r#" name="customerName" value="Ada &lt;3""#
    );
    assert_eq!(form.field(Order::age()).input().as_str(), r#" name="age" value="""#);
    let size = form.field(Order::size());
    assert_eq!(size.choice("large").as_str(), r#" name="size" value="large" checked"#);
    assert_eq!(size.option("small").as_str(), r#" value="small""#);
    assert_eq!(form.field(Order::gift()).checkbox().as_str(), r#" name="gift" value="true" checked"#);
    assert!(form.field(Order::tags()).is_chosen("red"));
    assert_eq!(form.count(&Order::items()), 1);
    let amount = form.field(Order::items().at(0).amount());
    assert_eq!(amount.input().as_str(), r#" name="items.0.amount" value="2""#);
    assert_eq!(form.field(Order::items().at(1).amount()).value(), "");
    assert_eq!(form.field(Order::address().postal_code()).value(), "1");
    assert_eq!(form.field(Order::customer_name()).message(), None);
    let photo = Form::<Upload>::empty();
    assert_eq!(photo.field(Upload::photo()).control().as_str(), r#" name="photo" accept="image/*,.txt""#);

    let mut form = form.id_prefix("order-7-");
    form.reject(Order::items().at(0).amount(), "no \"tea\" left");
    form.reject(Order::age(), "?");
    let amount = form.field(Order::items().at(0).amount());
    assert_eq!(
        amount.control().as_str(),
        r#" name="items.0.amount" aria-invalid="true" aria-describedby="order-7-items-0-amount-problem""#
    );
    assert_eq!(
        amount.message().unwrap().as_str(),
        r#"<span class="problem" role="alert" id="order-7-items-0-amount-problem">no &quot;tea&quot; left</span>"#
    );
    assert!(form.field(Order::age()).control().as_str().ends_with(" autofocus"));
    let bound = html! { <input data-bind={Order::items().at(0).name()}> };
    assert_eq!(bound.as_str(), r#"<input data-bind="items.0.name">"#);
    assert!(form.into_value().is_err());
}

#[derive(Clone)]
struct Watched(std::sync::Arc<std::sync::Mutex<Vec<u64>>>);

#[dependency]
fn watched(progress: UploadProgress) -> Watched {
    let seen = Watched(std::sync::Arc::default());
    let reports = seen.clone();
    assert_eq!(progress.received(), 0);
    progress.on_progress(move |received| reports.0.lock().unwrap().push(received));
    seen
}

#[app::command("/typed-form/watched")]
async fn watched_upload(form: Form<Upload>, seen: Watched, progress: UploadProgress) -> String {
    let seen = seen.0.lock().unwrap();
    let is_rising = seen.is_sorted() && seen.last() == Some(&progress.received());
    let is_whole = Some(progress.received()) == progress.total();
    format!("{} {is_rising} {is_whole}", form.value().is_some())
}

#[test]
fn progress_is_reported_while_the_body_comes() {
    let file = client().post("/typed-form/watched").field("title", "ab").file("photo", "a.txt", "0123456789");
    check(file.file("more", "b", "b".repeat(600 * 1024)), 200, "true true true");
    // Nothing is known of the length of a body that is sent in chunks.
    let chunks = ["title=a", "b"].map(|chunk| Ok::<_, std::convert::Infallible>(stario::Bytes::from(chunk)));
    let body = stario::Body::stream(futures_util::stream::iter(chunks));
    let request = client().post("/typed-form/watched").header("content-type", FORM).body(body);
    check(request, 200, "false true false");
}
