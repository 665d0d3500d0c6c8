//! Decides whether the type that a provider returns is defined in the provider's crate.
//!
//! Only then may every crate find the provider by its type: rustc refuses such an impl for the type of another crate,
//! and rustc cannot be asked where a type is defined. So this module searches the sources of the crate. Where they do
//! not show the type (another macro writes it, or an editor gives no files), the answer is no, and other crates name
//! the provider by `app::provide!`.

use std::path::{Path, PathBuf};

use proc_macro2::{Ident, Span};
use syn::{Attribute, Item, Type, UseTree};

/// Whether the crate defines the type that the provider `function` returns.
pub(super) fn is_of_this_crate(ty: &Type, function: &Ident) -> bool {
    if !proc_macro::is_available() {
        return false;
    }
    let Some(path) = Span::call_site().unwrap().local_file() else { return false };
    let Ok(source) = std::fs::read_to_string(&path) else { return false };
    decide(ty, &function.to_string(), &source, |name| {
        defines(&source, name) || crate_sources(&path).any(|source| defines(&source, name))
    })
}

/// Decides by the source of the provider's file; `is_defined` says whether the crate has a type of a name.
fn decide(ty: &Type, function: &str, source: &str, is_defined: impl Fn(&str) -> bool) -> bool {
    let Type::Path(path) = ty else { return false };
    let mut segments = path.path.segments.iter().map(|segment| segment.ident.to_string());
    let (Some(first), Some(last)) = (segments.next(), path.path.segments.last()) else { return false };
    if path.qself.is_some() || path.path.leading_colon.is_some() {
        return false;
    }
    let Ok(file) = syn::parse_file(source) else { return false };
    let mut modules = Vec::new();
    find_modules(&file.items, function, &mut modules);
    // Every module of the file that has a provider of this name must agree, because the tokens do not say in which of
    // them the provider stands.
    let is_own = |items: &&[Item]| is_own_name(&first, items);
    !modules.is_empty() && modules.iter().all(is_own) && is_defined(&last.ident.to_string())
}

/// Adds the items of each module that has a provider of this name.
fn find_modules<'a>(items: &'a [Item], function: &str, found: &mut Vec<&'a [Item]>) {
    let has_provider = items.iter().any(|item| match item {
        Item::Fn(item) => item.sig.ident == function && item.attrs.iter().any(is_dependency),
        _ => false,
    });
    if has_provider {
        found.push(items);
    }
    for item in items {
        if let Item::Mod(module) = item
            && let Some((_, items)) = &module.content
        {
            find_modules(items, function, found);
        }
    }
}

fn is_dependency(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|last| last.ident == "dependency")
}

/// Whether a name in a module means something of this crate: it is `crate`, `self` or `super`, is defined in the
/// module, or is imported from the crate.
fn is_own_name(name: &str, items: &[Item]) -> bool {
    if matches!(name, "crate" | "self" | "super") {
        return true;
    }
    let is_defined = items.iter().any(|item| match item {
        Item::Struct(item) => item.ident == name,
        Item::Enum(item) => item.ident == name,
        Item::Union(item) => item.ident == name,
        Item::Mod(item) => item.ident == name,
        _ => false,
    });
    if is_defined {
        return true;
    }
    let mut imports = items.iter().filter_map(|item| match item {
        Item::Use(item) => {
            let begin = first_of(&item.tree)?;
            let is_own = item.leading_colon.is_none()
                && (matches!(&*begin, "crate" | "self" | "super")
                    || items.iter().any(|item| matches!(item, Item::Mod(module) if module.ident == begin)));
            Some((imported(&item.tree, name), is_own))
        }
        _ => None,
    });
    // A `use` that writes the name out has precedence over a `use` with `*`.
    let named = imports.clone().find(|(imported, _)| *imported == Imported::ByName);
    match named {
        Some((_, is_own)) => is_own,
        None => imports.any(|(imported, is_own)| imported == Imported::ByGlob && is_own),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Imported {
    ByName,
    ByGlob,
    Not,
}

/// Returns how a `use` may import a name.
fn imported(tree: &UseTree, name: &str) -> Imported {
    match tree {
        UseTree::Path(path) => imported(&path.tree, name),
        UseTree::Name(item) if item.ident == name => Imported::ByName,
        UseTree::Rename(item) if item.rename == name => Imported::ByName,
        UseTree::Name(_) | UseTree::Rename(_) => Imported::Not,
        UseTree::Glob(_) => Imported::ByGlob,
        UseTree::Group(group) => {
            let all = group.items.iter().map(|tree| imported(tree, name));
            all.min_by_key(|imported| *imported as u8).unwrap_or(Imported::Not)
        }
    }
}

/// Returns the first name of the path in a `use`; `None` for a group, `use {a, b}`.
fn first_of(tree: &UseTree) -> Option<String> {
    match tree {
        UseTree::Path(path) => Some(path.ident.to_string()),
        UseTree::Name(name) => Some(name.ident.to_string()),
        UseTree::Rename(rename) => Some(rename.ident.to_string()),
        UseTree::Glob(_) | UseTree::Group(_) => None,
    }
}

/// Whether a source defines a struct, an enum or a union of this name at the beginning of a line.
fn defines(source: &str, name: &str) -> bool {
    source.lines().any(|line| {
        let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
        let mut word = words.next().unwrap_or_default();
        if word.starts_with("pub") {
            word = words.find(|word| !word.ends_with(')')).unwrap_or_default();
        }
        let is_definition = matches!(word, "struct" | "enum" | "union");
        let ident = words.next().unwrap_or_default();
        let end = ident.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(ident.len());
        is_definition && ident[..end] == *name
    })
}

/// Returns the sources of the crate to which `file` belongs: all files in the folder of the crate's root, and below.
fn crate_sources(file: &Path) -> impl Iterator<Item = String> {
    let is_root = |folder: &&Path| ["lib.rs", "main.rs"].iter().any(|root| folder.join(root).is_file());
    let root = file.ancestors().skip(1).find(is_root).or(file.parent());
    let mut folders: Vec<PathBuf> = root.map(Path::to_owned).into_iter().collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.into_iter().filter_map(|path| std::fs::read_to_string(path).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ty: &str, source: &str, expected: bool) {
        let ty: Type = syn::parse_str(ty).unwrap();
        let found = decide(&ty, "pool", source, |name| defines(source, name) || name == "Elsewhere");
        assert_eq!(found, expected, "{source}");
    }

    const PROVIDER: &str = "#[dependency] fn pool() {}";

    #[test]
    fn a_type_is_of_the_crate_if_it_is_defined_in_it() {
        let check = |ty, before: &str, expected| check(ty, &format!("{before}\n{PROVIDER}"), expected);
        check("Pool", "pub struct Pool;", true);
        check("Pool<u8>", "pub(crate) enum Pool<T> { One(T) }", true);
        check("Pool", "pub(in super::db) union Pool { a: u8 }", true);
        check("Pool", "struct PoolOptions;", false);
        check("Pool", "type Pool = other::Pool;", false);
        check("Pool", "use sqlx::Pool;", false);
        check("Pool", "use sqlx::{Any, Pool};\nmod tests { struct Pool; }", false);
        check("Elsewhere", "use crate::db::{self, Elsewhere};", true);
        check("Elsewhere", "use super::*;", true);
        check("Elsewhere", "use sqlx::Elsewhere; use super::*;", false);
        check("Elsewhere", "use sqlx::*;", false);
        check("Elsewhere", "", false);
        check("PgPool", "use crate::db::PgPool;", false);
        check("db::Elsewhere", "mod db;", true);
        check("db::Elsewhere", "use crate::db;", true);
        check("db::Elsewhere", "", false);
        check("crate::db::Elsewhere", "", true);
        check("::db::Elsewhere", "mod db;", false);
        check("(Elsewhere, u8)", "", false);
    }

    #[test]
    fn a_name_is_looked_up_in_the_module_of_the_provider() {
        check("Pool", &format!("mod a {{\nstruct Pool;\n}}\nmod b {{ use sqlx::Pool;\n{PROVIDER} }}"), false);
        check("Pool", &format!("mod a {{ use sqlx::Pool; }}\nmod b {{\nstruct Pool;\n{PROVIDER} }}"), true);
        // The search finds no provider that stands in a function.
        check("Pool", &format!("struct Pool;\nfn main() {{ {PROVIDER} }}"), false);
    }
}
