use askama::Template;

use crate::Engine;
use crate::data::Data;

pub fn engine() -> Engine {
    Engine {
        name: "askama",
        shapes: [
            |data| BigTable { data }.render().unwrap(),
            |data| Teams { data }.render().unwrap(),
            |data| Page { data }.render().unwrap(),
            |data| Prose { data }.render().unwrap(),
            |data| Names { data }.render().unwrap(),
        ],
    }
}

#[derive(Template)]
#[template(
    source = "<table>{% for row in data.table %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>",
    ext = "html"
)]
struct BigTable<'d> {
    data: &'d Data,
}

#[derive(Template)]
#[template(
    source = "<html><head><title>{{ data.year }}</title></head><body><h1>CSL {{ data.year }}</h1><ul>{% for team in data.teams %}<li{% if loop.first %} class=\"champion\"{% endif %}><b>{{ team.name }}</b>: {{ team.score }}</li>{% endfor %}</ul></body></html>",
    ext = "html"
)]
struct Teams<'d> {
    data: &'d Data,
}

#[derive(Template)]
#[template(
    source = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Products</title></head><body><main data-signals=\"{selected: 0}\">{% for product in data.products %}<article class=\"card\" id=\"product-{{ product.id }}\" data-on:click__debounce.200ms=\"$selected = {{ product.id }}\"><a href=\"/products/{{ product.slug }}\"><img src=\"/img/{{ product.slug }}.jpg\" alt=\"{{ product.name }}\" width=\"320\" height=\"240\" loading=\"lazy\"></a><h2{% if let Some(note) = product.note %} title=\"{{ note }}\"{% endif %}>{{ product.name }}</h2><p class=\"text\">{{ product.text }}</p>{% if product.discount > 0 %}<span class=\"badge\">-{{ product.discount }}%</span>{% endif %}<p class=\"price\">EUR {{ product.price }}</p><ul class=\"tags\">{% for tag in product.tags %}<li>{{ tag }}</li>{% endfor %}</ul><button type=\"button\"{% if product.stock == 0 %} disabled{% endif %} aria-pressed=\"{{ product.featured }}\">Add to cart</button>{% if product.stock < 5 %}<p class=\"stock\">Only {{ product.stock }} left</p>{% endif %}</article>{% endfor %}</main></body></html>",
    ext = "html"
)]
struct Page<'d> {
    data: &'d Data,
}

#[derive(Template)]
#[template(
    source = "<main>{% for text in data.paragraphs %}<p>{{ text }}</p>{% endfor %}</main>",
    ext = "html"
)]
struct Prose<'d> {
    data: &'d Data,
}

#[derive(Template)]
#[template(
    source = "<ul>{% for person in data.people %}<li title=\"{{ person.last }}\">{{ person.first }} {{ person.last }}</li>{% endfor %}</ul>",
    ext = "html"
)]
struct Names<'d> {
    data: &'d Data,
}
