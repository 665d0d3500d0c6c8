use sailfish::TemplateSimple;

use crate::Engine;
use crate::data::Data;

pub fn engine() -> Engine {
    Engine {
        name: "sailfish",
        shapes: [
            |data| BigTable { data }.render_once().unwrap(),
            |data| Teams { data }.render_once().unwrap(),
            |data| Page { data }.render_once().unwrap(),
            |data| Prose { data }.render_once().unwrap(),
            |data| Names { data }.render_once().unwrap(),
        ],
    }
}

#[derive(TemplateSimple)]
#[template(path = "big_table.stpl")]
struct BigTable<'d> {
    data: &'d Data,
}

#[derive(TemplateSimple)]
#[template(path = "teams.stpl")]
struct Teams<'d> {
    data: &'d Data,
}

#[derive(TemplateSimple)]
#[template(path = "page.stpl")]
struct Page<'d> {
    data: &'d Data,
}

#[derive(TemplateSimple)]
#[template(path = "prose.stpl")]
struct Prose<'d> {
    data: &'d Data,
}

#[derive(TemplateSimple)]
#[template(path = "names.stpl")]
struct Names<'d> {
    data: &'d Data,
}
