use std::pin::pin;
use std::task::{Context, Poll, Waker};

use topcoat::Result;
use topcoat::context::Cx;
use topcoat::view::view;

use crate::Engine;
use crate::data::Data;

pub fn engine() -> Engine {
    Engine {
        name: "topcoat-view",
        shapes: [
            |data| with_context(|cx| string(cx, big_table(cx, data))),
            |data| with_context(|cx| string(cx, teams(cx, data))),
            |data| with_context(|cx| string(cx, page(cx, data))),
            |data| with_context(|cx| string(cx, prose(cx, data))),
            |data| with_context(|cx| string(cx, names(cx, data))),
        ],
    }
}

/// The context it wants, made once.
fn with_context(render: impl FnOnce(&Cx) -> String) -> String {
    thread_local! {
        static CX: Cx = Cx::default();
    }
    CX.with(render)
}

/// Its views are futures that never wait.
fn string(cx: &Cx, view: impl Future<Output = Result>) -> String {
    let mut view = pin!(view);
    match view.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(view)) => view.render(cx),
        _ => panic!("nothing to wait for"),
    }
}

async fn big_table(cx: &Cx, data: &Data) -> Result {
    view! { cx => <table>for row in &data.table { <tr>for cell in row { <td>(cell)</td> }</tr> }</table> }
}

async fn teams(cx: &Cx, data: &Data) -> Result {
    view! { cx =>
        <html>
            <head><title>(data.year)</title></head>
            <body>
                <h1>"CSL " (data.year)</h1>
                <ul>
                    for (at, team) in data.teams.iter().enumerate() {
                        <li if at == 0 { class="champion" }><b>(&team.name)</b> ": " (team.score)</li>
                    }
                </ul>
            </body>
        </html>
    }
}

async fn page(cx: &Cx, data: &Data) -> Result {
    view! { cx =>
        <!DOCTYPE html>
        <html lang="en">
            <head><meta charset="utf-8"><title>"Products"</title></head>
            <body>
                <main data-signals="{selected: 0}">
                    for product in &data.products {
                        <article class="card" id=(format!("product-{}", product.id)) data-on:click__debounce.200ms=(format!("$selected = {}", product.id))>
                            <a href=(format!("/products/{}", product.slug))>
                                <img src=(format!("/img/{}.jpg", product.slug)) alt=(&product.name) width="320" height="240" loading="lazy">
                            </a>
                            <h2 title=(product.note.as_deref())>(&product.name)</h2>
                            <p class="text">(&product.text)</p>
                            if product.discount > 0 { <span class="badge">"-" (product.discount) "%"</span> }
                            <p class="price">"EUR " (product.price)</p>
                            <ul class="tags">for tag in &product.tags { <li>(*tag)</li> }</ul>
                            <button type="button" disabled=(product.stock == 0) aria-pressed=(if product.featured { "true" } else { "false" })>"Add to cart"</button>
                            if product.stock < 5 { <p class="stock">"Only " (product.stock) " left"</p> }
                        </article>
                    }
                </main>
            </body>
        </html>
    }
}

async fn prose(cx: &Cx, data: &Data) -> Result {
    view! { cx => <main>for text in &data.paragraphs { <p>(text)</p> }</main> }
}

async fn names(cx: &Cx, data: &Data) -> Result {
    view! { cx => <ul>for person in &data.people { <li title=(&person.last)>(&person.first) " " (&person.last)</li> }</ul> }
}
