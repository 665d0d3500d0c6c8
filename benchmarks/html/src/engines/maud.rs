use maud::{DOCTYPE, Markup, html};

use crate::Engine;
use crate::data::Data;

pub fn engine() -> Engine {
    Engine {
        name: "maud",
        shapes: [
            |data| big_table(data).into_string(),
            |data| teams(data).into_string(),
            |data| page(data).into_string(),
            |data| prose(data).into_string(),
            |data| names(data).into_string(),
        ],
    }
}

fn big_table(data: &Data) -> Markup {
    html! { table { @for row in &data.table { tr { @for cell in row { td { (cell) } } } } } }
}

fn teams(data: &Data) -> Markup {
    html! {
        html {
            head { title { (data.year) } }
            body {
                h1 { "CSL " (data.year) }
                ul {
                    @for (at, team) in data.teams.iter().enumerate() {
                        li class=[(at == 0).then_some("champion")] { b { (team.name) } ": " (team.score) }
                    }
                }
            }
        }
    }
}

fn page(data: &Data) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { "Products" } }
            body {
                main data-signals="{selected: 0}" {
                    @for product in &data.products {
                        article class="card" id={ "product-" (product.id) } "data-on:click__debounce.200ms"={ "$selected = " (product.id) } {
                            a href={ "/products/" (product.slug) } {
                                img src={ "/img/" (product.slug) ".jpg" } alt=(product.name) width="320" height="240" loading="lazy";
                            }
                            h2 title=[&product.note] { (product.name) }
                            p class="text" { (product.text) }
                            @if product.discount > 0 { span class="badge" { "-" (product.discount) "%" } }
                            p class="price" { "EUR " (product.price) }
                            ul class="tags" { @for tag in &product.tags { li { (tag) } } }
                            button type="button" disabled[product.stock == 0] aria-pressed=(product.featured) { "Add to cart" }
                            @if product.stock < 5 { p class="stock" { "Only " (product.stock) " left" } }
                        }
                    }
                }
            }
        }
    }
}

fn prose(data: &Data) -> Markup {
    html! { main { @for text in &data.paragraphs { p { (text) } } } }
}

fn names(data: &Data) -> Markup {
    html! { ul { @for person in &data.people { li title=(person.last) { (person.first) " " (person.last) } } } }
}
