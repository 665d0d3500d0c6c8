//! Writes an app of 300 templates: the files of `kinds` in turn, each as a module of its own, with `NN` for its number. Between
//! two that have handlers stands one that has only templates.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

const TEMPLATES: usize = 300;

fn main() {
    println!("cargo::rerun-if-changed=kinds");
    let read = |name: &str| fs::read_to_string(format!("kinds/{name}.txt")).unwrap();
    let views = read("views");
    let with_handlers = ["board", "form", "parts", "writer"].map(read);
    let mut kinds = with_handlers.iter().flat_map(|kind| [kind, &views]).cycle();
    let (mut source, mut written, mut number) = (String::new(), 0, 0);
    while written < TEMPLATES {
        let kind = kinds.next().unwrap();
        let module = kind.replace("NN", &number.to_string());
        writeln!(source, "#[allow(unused)]\nmod m{number} {{\n    use stario::prelude::*;\n    use crate::app;\n{module}}}\n").unwrap();
        written += kind.matches("html! {").count();
        number += 1;
    }
    let path = Path::new(&env::var_os("OUT_DIR").unwrap()).join("pages.rs");
    fs::write(path, source).unwrap();
}
