use stario_html::Html;
use stario_macros::html;

use crate::Engine;
use crate::data::Data;

pub fn engine() -> Engine {
    Engine {
        name: "stario",
        shapes: [
            |data| big_table(data).into(),
            |data| teams(data).into(),
            |data| page(data).into(),
            |data| prose(data).into(),
            |data| names(data).into(),
        ],
    }
}

fn big_table(data: &Data) -> Html {
    html! {
        <table>
            for row in &data.table { <tr>for cell in row { <td>{cell}</td> }</tr> }
        </table>
    }
}

fn teams(data: &Data) -> Html {
    html! {
        <html>
            <head><title>{data.year}</title></head>
            <body>
                <h1>"CSL " {data.year}</h1>
                <ul>
                    for (at, team) in data.teams.iter().enumerate() {
                        <li if at == 0 { class="champion" }><b>{team.name}</b> ": " {team.score}</li>
                    }
                </ul>
            </body>
        </html>
    }
}

fn page(data: &Data) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><meta charset="utf-8"><title>"Products"</title></head>
            <body>
                <main data-signals="{selected: 0}">
                    for product in &data.products {
                        <article class="card" id={"product-", product.id} data-on:click__debounce.200ms={"$selected = ", product.id}>
                            <a href={"/products/", product.slug}>
                                <img src={"/img/", product.slug, ".jpg"} alt={product.name} width="320" height="240" loading="lazy">
                            </a>
                            <h2 title={product.note.as_deref()}>{product.name}</h2>
                            <p class="text">{product.text}</p>
                            if product.discount > 0 { <span class="badge">"-" {product.discount} "%"</span> }
                            <p class="price">"EUR " {product.price}</p>
                            <ul class="tags">for tag in &product.tags { <li>{tag}</li> }</ul>
                            <button type="button" disabled={product.stock == 0} aria-pressed={product.featured}>"Add to cart"</button>
                            if product.stock < 5 { <p class="stock">"Only " {product.stock} " left"</p> }
                        </article>
                    }
                </main>
            </body>
        </html>
    }
}

fn prose(data: &Data) -> Html {
    html! { <main>for text in &data.paragraphs { <p>{text}</p> }</main> }
}

fn names(data: &Data) -> Html {
    html! {
        <ul>for person in &data.people { <li title={person.last}>{person.first} " " {person.last}</li> }</ul>
    }
}
