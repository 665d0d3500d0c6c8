//! Which file of a crate imports which: every path of the sources, resolved to the file that defines what it names.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// The index of a module in [`Sources::modules`].
type ModuleId = usize;

/// The modules of one crate, and what each declares.
pub(crate) struct Sources {
    modules: Vec<Module>,
    /// The module that defines each macro whose name is seen by text order, without a path.
    macros: HashMap<String, ModuleId>,
}

struct Module {
    parent: Option<ModuleId>,
    /// The path of its file inside `src`.
    file: String,
    items: Vec<syn::Item>,
    names: HashMap<String, Vec<Name>>,
    globs: Vec<Vec<String>>,
}

#[derive(Clone)]
enum Name {
    /// Defined in this module.
    Item,
    Module(ModuleId),
    /// Named by a `use`.
    Use(Vec<String>),
}

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Item(ModuleId, String),
    Module(ModuleId),
}

/// From a file to a file, and the names that are imported.
pub(crate) type Imports = BTreeMap<(String, String), BTreeSet<String>>;

impl Sources {
    /// Reads the crate whose `lib.rs` stands in `root`.
    pub(crate) fn read(root: &Path) -> Self {
        let mut sources = Self { modules: Vec::new(), macros: HashMap::new() };
        sources.read_file(root, "lib.rs", None);
        sources
    }

    /// The files of the crate that are compiled without tests.
    pub(crate) fn files(&self) -> BTreeSet<String> {
        self.modules.iter().map(|module| module.file.clone()).collect()
    }

    /// The names of types, traits and aliases, each with the files that define one: without tests, and without what stands
    /// in for a feature or a system that is missing.
    pub(crate) fn types(&self) -> BTreeMap<String, Vec<String>> {
        let mut types: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for module in &self.modules {
            for name in module.items.iter().filter(|item| !is_stand_in(attributes(item))).flat_map(types_of) {
                types.entry(name).or_default().push(module.file.clone());
            }
        }
        types
    }

    fn read_file(&mut self, root: &Path, file: &str, parent: Option<ModuleId>) -> ModuleId {
        let code = fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let parsed = syn::parse_file(&code).unwrap_or_else(|error| panic!("{file}: {error}"));
        let folder = match file {
            "lib.rs" => String::new(),
            _ => format!("{}/", file.strip_suffix(".rs").unwrap()),
        };
        self.read_module(root, file, &folder, parsed.items, parent)
    }

    fn read_module(
        &mut self,
        root: &Path,
        file: &str,
        folder: &str,
        items: Vec<syn::Item>,
        parent: Option<ModuleId>,
    ) -> ModuleId {
        let id = self.modules.len();
        let module = Module {
            parent,
            file: file.to_owned(),
            items: Vec::new(),
            names: HashMap::new(),
            globs: Vec::new(),
        };
        self.modules.push(module);
        let mut kept = Vec::new();
        for item in items {
            if is_of_tests(attributes(&item)) {
                continue;
            }
            match item {
                syn::Item::Mod(item) => {
                    let name = item.ident.to_string();
                    let child = match item.content {
                        Some((_, items)) => {
                            self.read_module(root, file, &format!("{folder}{name}/"), items, Some(id))
                        }
                        None => {
                            let file = path_of(&item.attrs).unwrap_or_else(|| format!("{folder}{name}.rs"));
                            self.read_file(root, &file, Some(id))
                        }
                    };
                    self.declare(id, &name, Name::Module(child));
                }
                item => {
                    match &item {
                        syn::Item::Use(_) => {}
                        syn::Item::Macro(item) => {
                            if let Some(name) = &item.ident {
                                self.macros.insert(name.to_string(), id);
                                let exported = item.attrs.iter().any(|a| a.path().is_ident("macro_export"));
                                self.declare(if exported { 0 } else { id }, &name.to_string(), Name::Item);
                            }
                        }
                        item => {
                            if let Some(name) = defined(item) {
                                self.declare(id, &name, Name::Item);
                            }
                        }
                    }
                    // The uses inside of functions too: their names are few and say the same everywhere.
                    let mut uses = Uses(Vec::new());
                    uses.visit_item(&item);
                    for (path, name) in uses.0 {
                        match name {
                            Some(name) => self.declare(id, &name, Name::Use(path)),
                            None => self.modules[id].globs.push(path),
                        }
                    }
                    kept.push(item);
                }
            }
        }
        self.modules[id].items = kept;
        id
    }

    fn declare(&mut self, module: ModuleId, name: &str, declared: Name) {
        self.modules[module].names.entry(name.to_owned()).or_default().push(declared);
    }

    /// What `path` names, seen from `module`; empty for what other crates define.
    fn resolve(
        &self,
        module: ModuleId,
        path: &[String],
        seen: &mut Vec<(ModuleId, Vec<String>)>,
    ) -> Vec<Target> {
        let query = (module, path.to_vec());
        if seen.contains(&query) {
            return Vec::new();
        }
        seen.push(query);
        let mut targets = match path[0].as_str() {
            "crate" | "$crate" => vec![Target::Module(0)],
            "self" => vec![Target::Module(module)],
            "super" => vec![Target::Module(self.modules[module].parent.expect("`super` of the crate"))],
            name => self.lookup(module, name, seen),
        };
        for name in &path[1..] {
            if targets.iter().any(|target| matches!(target, Target::Module(_))) {
                targets.retain(|target| matches!(target, Target::Module(_)));
            }
            targets = targets
                .into_iter()
                .flat_map(|target| match target {
                    Target::Module(module) if name == "super" => {
                        vec![Target::Module(self.modules[module].parent.expect("`super` of the crate"))]
                    }
                    Target::Module(module) if name == "self" => vec![Target::Module(module)],
                    Target::Module(module) => self.lookup(module, name, seen),
                    // A variant or an associated item.
                    Target::Item(..) => vec![target],
                })
                .collect();
        }
        targets.sort();
        targets.dedup();
        targets
    }

    fn lookup(&self, module: ModuleId, name: &str, seen: &mut Vec<(ModuleId, Vec<String>)>) -> Vec<Target> {
        let mut found = Vec::new();
        for declared in self.modules[module].names.get(name).into_iter().flatten() {
            match declared {
                // An exported macro is named at the root of the crate, and defined elsewhere.
                Name::Item => match self.macros.get(name) {
                    Some(definer) if module == 0 => found.push(Target::Item(*definer, name.to_owned())),
                    _ => found.push(Target::Item(module, name.to_owned())),
                },
                Name::Module(child) => found.push(Target::Module(*child)),
                Name::Use(path) if path.len() == 1 && self.macros.contains_key(&path[0]) => {
                    found.push(Target::Item(self.macros[&path[0]], path[0].clone()));
                }
                Name::Use(path) => found.extend(self.resolve(module, path, seen)),
            }
        }
        if found.is_empty() {
            for glob in &self.modules[module].globs {
                for target in self.resolve(module, glob, &mut seen.clone()) {
                    if let Target::Module(globbed) = target
                        && globbed != module
                        && !seen.contains(&(globbed, vec![name.to_owned()]))
                    {
                        let mut seen = seen.clone();
                        seen.push((globbed, vec![name.to_owned()]));
                        found.extend(self.lookup(globbed, name, &mut seen));
                    }
                }
            }
        }
        found
    }

    /// Every import of a file by another.
    pub(crate) fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        for (id, module) in self.modules.iter().enumerate() {
            for item in &module.items {
                let mut paths = Paths { top: true, ..Paths::default() };
                paths.visit_item(item);
                for path in paths.found.into_iter().collect::<BTreeSet<_>>() {
                    self.note(&mut imports, id, self.resolve(id, &path, &mut Vec::new()));
                }
                for name in paths.macros {
                    self.note(&mut imports, id, self.resolve_macro(id, name));
                }
                let syn::Item::Use(item) = item else { continue };
                let mut uses = Uses(Vec::new());
                uses.visit_item_use(item);
                let is_offered = !matches!(item.vis, syn::Visibility::Inherited);
                for (path, name) in uses.0 {
                    // `pub use child::Item` offers what the child defines, and is no use of it. What a glob imports is
                    // known where it is named.
                    if name.is_some() && !(is_offered && self.is_facade(id, &path)) {
                        self.note(&mut imports, id, self.resolve(id, &path, &mut Vec::new()));
                    }
                }
            }
        }
        imports
    }

    fn note(&self, imports: &mut Imports, importer: ModuleId, targets: Vec<Target>) {
        let from = &self.modules[importer].file;
        for target in targets {
            // A module alone is only a step on the way to what it holds.
            let Target::Item(definer, name) = target else { continue };
            let to = &self.modules[definer].file;
            if from != to {
                imports.entry((from.clone(), to.clone())).or_default().insert(name);
            }
        }
    }

    /// What a macro that is called without a path is: imported, or defined further up in the text.
    fn resolve_macro(&self, module: ModuleId, name: String) -> Vec<Target> {
        let targets = self.resolve(module, std::slice::from_ref(&name), &mut Vec::new());
        match self.macros.get(&name) {
            Some(definer) if targets.is_empty() => vec![Target::Item(*definer, name)],
            _ => targets,
        }
    }

    /// Whether a public `use` of `path` only passes on what a child module defines. All of `lib.rs` does.
    fn is_facade(&self, module: ModuleId, path: &[String]) -> bool {
        let module = &self.modules[module];
        let first = if path[0] == "self" { path.get(1) } else { path.first() };
        let names = first.and_then(|name| module.names.get(name));
        module.file == "lib.rs" || names.into_iter().flatten().any(|name| matches!(name, Name::Module(_)))
    }
}

/// The name that an item defines.
pub(crate) fn defined(item: &syn::Item) -> Option<String> {
    let name = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        // Code of the same crate cannot call these.
        syn::Item::Fn(item) if item.attrs.iter().any(is_proc_macro) => return None,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        syn::Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// The types that an item defines: one, or those in `pin_project!`.
fn types_of(item: &syn::Item) -> Vec<String> {
    match item {
        syn::Item::Enum(_)
        | syn::Item::Struct(_)
        | syn::Item::Trait(_)
        | syn::Item::Type(_)
        | syn::Item::Union(_) => defined(item).into_iter().collect(),
        syn::Item::Macro(item)
            if item.mac.path.segments.last().is_some_and(|it| it.ident == "pin_project") =>
        {
            let tokens: Vec<TokenTree> = item.mac.tokens.clone().into_iter().collect();
            let pairs =
                tokens.windows(2).filter(|pair| matches!(&pair[0], TokenTree::Ident(it) if it == "struct"));
            pairs.map(|pair| pair[1].to_string()).collect()
        }
        _ => Vec::new(),
    }
}

fn is_proc_macro(attribute: &syn::Attribute) -> bool {
    ["proc_macro", "proc_macro_attribute", "proc_macro_derive"]
        .iter()
        .any(|name| attribute.path().is_ident(name))
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The file that `#[path]` names.
fn path_of(attributes: &[syn::Attribute]) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("path"))?;
    let syn::Meta::NameValue(syn::MetaNameValue { value: syn::Expr::Lit(value), .. }) = &attribute.meta
    else {
        return None;
    };
    match &value.lit {
        syn::Lit::Str(path) => Some(path.value()),
        _ => None,
    }
}

/// `#[cfg(test)]`, `#[cfg(all(test, ..))]`, `#[cfg(doctest)]`.
fn is_of_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        let text = list.tokens.to_string();
        text == "test" || text == "doctest" || text.starts_with("all (test") || text.starts_with("all(test")
    })
}

/// `#[cfg(not(..))]`.
fn is_stand_in(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        list.tokens.to_string().starts_with("not")
    })
}

/// The paths of `use` items, each with the name that it gets; `None` is a glob.
struct Uses(Vec<(Vec<String>, Option<String>)>);

impl Uses {
    fn tree(&mut self, tree: &syn::UseTree, path: &[String]) {
        let with = |name: &syn::Ident| {
            let mut path = path.to_vec();
            path.push(name.to_string());
            path
        };
        match tree {
            syn::UseTree::Path(tree) => self.tree(&tree.tree, &with(&tree.ident)),
            syn::UseTree::Name(name) if name.ident == "self" => {
                self.0.push((path.to_vec(), path.last().cloned()));
            }
            syn::UseTree::Name(name) => self.0.push((with(&name.ident), Some(name.ident.to_string()))),
            syn::UseTree::Rename(name) if name.ident == "self" => {
                self.0.push((path.to_vec(), Some(name.rename.to_string())));
            }
            syn::UseTree::Rename(name) => self.0.push((with(&name.ident), Some(name.rename.to_string()))),
            syn::UseTree::Glob(_) => self.0.push((path.to_vec(), None)),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.tree(tree, path);
                }
            }
        }
    }
}

impl<'a> Visit<'a> for Uses {
    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        if item.leading_colon.is_none() {
            self.tree(&item.tree, &[]);
        }
    }

    fn visit_item_mod(&mut self, _: &'a syn::ItemMod) {}
}

/// Every path of code that may name something of the crate.
#[derive(Default)]
struct Paths {
    found: Vec<Vec<String>>,
    /// The macros that are called without a path.
    macros: Vec<String>,
    /// The names of the variables of the function: a path of one of these names is the variable.
    bound: Vec<String>,
    /// Whether the next item is one of a module, not of a function.
    top: bool,
}

impl<'a> Visit<'a> for Paths {
    fn visit_attribute(&mut self, _: &'a syn::Attribute) {}

    fn visit_item(&mut self, item: &'a syn::Item) {
        if is_of_tests(attributes(item)) {
            return;
        }
        // `use` items of a module are read apart; those of functions are read here.
        if let (false, syn::Item::Use(item)) = (self.top, item) {
            let mut uses = Uses(Vec::new());
            uses.visit_item_use(item);
            self.found.extend(uses.0.into_iter().filter_map(|(path, name)| name.map(|_| path)));
            return;
        }
        self.top = false;
        visit::visit_item(self, item);
    }

    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        let kept = self.bound.len();
        let mut bound = Bound(Vec::new());
        bound.visit_item_fn(item);
        self.bound.extend(bound.0);
        visit::visit_item_fn(self, item);
        self.bound.truncate(kept);
    }

    fn visit_impl_item(&mut self, item: &'a syn::ImplItem) {
        let attributes = match item {
            syn::ImplItem::Fn(item) => &item.attrs[..],
            syn::ImplItem::Const(item) => &item.attrs[..],
            _ => &[],
        };
        if is_of_tests(attributes) {
            return;
        }
        let kept = self.bound.len();
        let mut bound = Bound(Vec::new());
        bound.visit_impl_item(item);
        self.bound.extend(bound.0);
        visit::visit_impl_item(self, item);
        self.bound.truncate(kept);
    }

    fn visit_trait_item(&mut self, item: &'a syn::TraitItem) {
        let kept = self.bound.len();
        let mut bound = Bound(Vec::new());
        bound.visit_trait_item(item);
        self.bound.extend(bound.0);
        visit::visit_trait_item(self, item);
        self.bound.truncate(kept);
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        if path.leading_colon.is_none() {
            let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            if names.len() > 1 || !self.bound.contains(&names[0]) {
                self.found.push(names);
            }
        }
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'a syn::Visibility) {}

    fn visit_macro(&mut self, called: &'a syn::Macro) {
        let path = &called.path;
        let name = path.segments.last().unwrap().ident.to_string();
        match path.segments.len() {
            1 => self.macros.push(name.clone()),
            _ => self.visit_path(path),
        }
        // The paths of quoted code are those of whoever it is written for.
        if !matches!(name.as_str(), "quote" | "quote_spanned" | "parse_quote" | "parse_quote_spanned") {
            self.tokens(called.tokens.clone());
        }
    }
}

impl Paths {
    /// The paths of two names or more among tokens.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => {
                    let quoted = at >= 2
                        && is_punct(&tokens[at - 1], '!')
                        && matches!(&tokens[at - 2], TokenTree::Ident(name) if name.to_string().starts_with("quote") || name.to_string().starts_with("parse_quote"));
                    if !quoted {
                        self.tokens(group.stream());
                    }
                    at += 1;
                }
                TokenTree::Ident(name) => {
                    let mut path = vec![name.to_string()];
                    let follows = at > 0
                        && (is_punct(&tokens[at - 1], '.')
                            || is_punct(&tokens[at - 1], ':') && at > 1 && is_punct(&tokens[at - 2], ':'));
                    at += 1;
                    while let [a, b, TokenTree::Ident(name), ..] = &tokens[at..]
                        && is_punct(a, ':')
                        && is_punct(b, ':')
                    {
                        path.push(name.to_string());
                        at += 3;
                    }
                    if !follows && path.len() > 1 {
                        self.found.push(path);
                    } else if !follows
                        && tokens.get(at).is_some_and(|t| is_punct(t, '!'))
                        && matches!(tokens.get(at + 1), Some(TokenTree::Group(_)))
                    {
                        self.macros.append(&mut path);
                    }
                }
                _ => at += 1,
            }
        }
    }
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

/// The names that patterns bind.
struct Bound(Vec<String>);

impl<'a> Visit<'a> for Bound {
    fn visit_pat_ident(&mut self, pattern: &'a syn::PatIdent) {
        self.0.push(pattern.ident.to_string());
        visit::visit_pat_ident(self, pattern);
    }
}
