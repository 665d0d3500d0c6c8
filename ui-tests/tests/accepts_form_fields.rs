//! What a form can be made of, in a crate that forbids much.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, clippy::pedantic, unreachable_pub)]
#![allow(dead_code, clippy::cast_lossless)]

use garde::Validate;
use stario::prelude::*;

stario::app!();

/// The form.
#[derive(Debug, Form, Validate)]
#[garde(allow_unvalidated)]
pub struct Order {
    /// Who orders.
    #[garde(length(min = 1))]
    pub name: String,
    pub(crate) age: Option<u8>,
    #[form(secret)]
    code: String,
    #[form(fn = "is_new")]
    new: bool,
    r#type: String,
    #[form(nested)]
    #[garde(dive)]
    rows: Vec<Row>,
    #[form(nested)]
    #[garde(dive)]
    more: Option<Row>,
    #[form(file, max_size = 2 * 1024 * 1024, accept = "image/*")]
    photo: Option<UploadedFile>,
    #[serde(skip)]
    seen: Seen,
    #[serde(default = "ten")]
    limit: u32,
}

/// Not in the form.
#[derive(Debug, Default)]
pub struct Seen;

fn ten() -> u32 {
    10
}

/// A row, which may have rows of its own.
#[derive(Debug, Default, Form, Validate)]
#[serde(rename_all = "camelCase", default)]
#[garde(allow_unvalidated)]
pub struct Row {
    item_name: String,
    #[form(nested)]
    rows: Vec<Row>,
    #[form(file)]
    scans: Vec<UploadedFile>,
}

#[component]
fn RowFields(form: &Form<Order>, index: usize) -> Html {
    let row = Order::rows().at(index);
    html! {
        <input {..form.field(row.item_name()).input()} data-bind={row.item_name()}>
        <input type="file" {..form.field(row.scans()).control()}>
        {form.field(row.rows().at(0).item_name()).message()}
    }
}

#[app::command("/order")]
async fn order(form: Form<Order>) -> Result<Response> {
    let Some(order) = form.value() else {
        let rows = form.count(&Order::rows());
        let page = html! { <form id="order">for index in 0..rows { <RowFields form={&form} index={index}/> }</form> };
        return Ok(form.refusal(page, |form| html! { <main>{form}</main> }));
    };
    assert_eq!(Order::is_new().name(), "new");
    let Order { code, r#type, photo, seen, limit, more, .. } = order;
    Ok(html! { {code}{r#type}{photo.is_some()as u8}{format!("{seen:?}")}{limit}{more.is_some() as u8} }
        .into_response())
}

#[test]
fn a_form_is_refused() {
    let client = TestClient::new(app::new());
    assert_eq!(client.post("/order").field("rows.0.itemName", "a").send().status(), 422);
}
