//! The expansions of templates, components, handlers, signals and forms, one text for each shape of an expansion: `expansions/*.rs` beside `src`.
//!
//! A change of what a macro emits shows in these texts first. `EXPANSIONS=overwrite cargo test -p stario-macros --lib`
//! writes them again.

// These texts are short.
#![allow(clippy::format_collect, clippy::format_push_string)]

use std::path::Path;
use std::{env, fs};

use proc_macro2::{Delimiter, Group, Literal, TokenStream, TokenTree};
use quote::quote;

use crate::{component, endpoint, form, html, signals};

/// Compares items with the text that is called `name`.
#[track_caller]
fn check(name: &str, items: TokenStream) {
    let expansion = Layout::default().rust(items).expect("an expansion is Rust");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("expansions").join(name).with_extension("rs");
    if env::var_os("EXPANSIONS").is_some_and(|value| value == "overwrite") {
        fs::write(&path, &expansion).expect("the directory is there");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(expansion, expected, "{name}: see how to accept this at the head of src/expansions.rs");
}

/// Lays out Rust, and in it the calls of the runtime's macros, which `prettyplease` leaves as they are: a line for each part
/// of such a call.
#[derive(Default)]
struct Layout {
    /// The lines of each call, in whose place a literal with its number stands meanwhile.
    calls: Vec<String>,
}

impl Layout {
    fn rust(mut self, items: TokenStream) -> syn::Result<String> {
        let text = prettyplease::unparse(&syn::parse2(self.set_aside(items))?);
        let lines = text.lines().map(|line| {
            let number = line.trim().strip_prefix("__call(").and_then(|rest| rest.strip_suffix(')'));
            match number.and_then(|number| self.calls.get(number.parse::<usize>().ok()?)) {
                Some(call) => indented(call, line.len() - line.trim_start().len()),
                None => format!("{line}\n"),
            }
        });
        Ok(lines.collect())
    }

    fn set_aside(&mut self, tokens: TokenStream) -> TokenStream {
        let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for at in 0..tokens.len() {
            let TokenTree::Group(group) = &tokens[at] else { continue };
            let is_call = at > 1
                && matches!(&tokens[at - 1], TokenTree::Punct(mark) if mark.as_char() == '!')
                && ["items", "setters", "links", "endpoint", "arguments"]
                    .iter()
                    .any(|name| matches!(&tokens[at - 2], TokenTree::Ident(called) if called == name));
            let content = if is_call {
                self.calls.push(parts(group.stream()));
                let number = Literal::usize_unsuffixed(self.calls.len() - 1);
                quote!(__call(#number))
            } else {
                self.set_aside(group.stream())
            };
            tokens[at] = Group::new(group.delimiter(), content).into();
        }
        tokens.into_iter().collect()
    }
}

/// Lays out the tokens of a macro call.
fn parts(tokens: TokenStream) -> String {
    let mut text = String::new();
    let mut line = TokenStream::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let content = group.stream();
                let inside = statements(&content).unwrap_or_else(|| parts(content));
                let inside = if inside.is_empty() { inside } else { format!("\n{}", indented(&inside, 4)) };
                text += &format!("{} {{{inside}}}\n", inline(&std::mem::take(&mut line)));
            }
            TokenTree::Ident(word) if word == "let" => {
                let rest: TokenStream = tokens.by_ref().collect();
                let statement = statements(&quote!(let #rest;)).expect("a statement");
                text += &format!("{}\n{statement}", inline(&std::mem::take(&mut line)));
            }
            TokenTree::Punct(end)
                if matches!(end.as_char(), ',' | ';') && line.is_empty() && text.ends_with("}\n") =>
            {
                text.insert(text.len() - 1, end.as_char());
            }
            TokenTree::Punct(end) if matches!(end.as_char(), ',' | ';') => {
                text += &format!("{}{end}\n", inline(&std::mem::take(&mut line)));
            }
            token => line.extend([token]),
        }
    }
    if line.is_empty() { text } else { format!("{text}{}\n", inline(&line)) }
}

/// Lays out statements; `None` if the tokens are none.
fn statements(tokens: &TokenStream) -> Option<String> {
    let function = Layout::default().rust(quote!(fn statements() { #tokens })).ok()?;
    let lines: Vec<&str> = function.lines().collect();
    let lines = lines.get(1..lines.len() - 1).unwrap_or_default();
    Some(lines.iter().map(|line| format!("{}\n", line.get(4..).unwrap_or_default())).collect())
}

/// Writes tokens in one line.
fn inline(tokens: &TokenStream) -> String {
    let mut text = tokens.to_string();
    for (from, to) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        (" :", ":"),
        (" (", "("),
        (" .", "."),
        (":(", ": ("),
    ] {
        text = text.replace(from, to);
    }
    text
}

fn indented(text: &str, width: usize) -> String {
    text.lines().map(|line| format!("{:width$}{line}\n", "")).collect()
}

#[track_caller]
fn check_template(name: &str, template: TokenStream) {
    let value = html::expand(template);
    check(name, quote! { fn template() -> Html { #value } });
}

#[test]
fn template_without_values() {
    check_template("template_without_values", quote! { <p class="a">"1 < 2" <br></p> });
}

#[test]
fn template_with_values() {
    check_template(
        "template_with_values",
        quote! {
            <a id={"row-", id} href={url} title={note} hidden={is_hidden} data-on:click={action}>{name}</a>
            <input disabled={is_busy} value={text} {..attrs}>
            <script>"let user = " {json(&user)} ";"</script>
        },
    );
}

#[test]
fn template_with_lists_of_classes_and_styles() {
    check_template(
        "template_with_lists",
        quote! { <p class="a" class:b={on} style="x:y" style:width={width, "%"}/><p class="a" class={more} class:b={on}/> },
    );
}

#[test]
fn template_with_control_flow() {
    check_template(
        "template_with_control_flow",
        quote! {
            <ul>
                let many = items.len() > 1;
                for item in &items {
                    if item.is_empty() { continue; }
                    match item.kind { Kind::A(n) => <li>{n}</li>, _ => { "other" {item} } }
                }
                if many { "many" } else if let [one] = &items[..] { {one} } else { "none" }
            </ul>
            <{tag}>"x"</{tag}>
        },
    );
}

#[test]
fn template_with_components() {
    check_template(
        "template_with_components",
        quote! { <Card title="x" level={2} is_open>"in" {side}</Card><ui::Rule/> },
    );
}

#[test]
fn template_with_a_mistake() {
    check_template("template_with_a_mistake", quote! { <p clas="x">{name} Hello</p> });
}

#[test]
fn component_with_every_kind_of_property() {
    let function = quote! {
        /// A card.
        pub fn Card(title: &str, note: Option<&str>, #[default(2)] level: u8, children: Children) -> Html {
            html! { <h2 title={note}>{title}{level}</h2>{children} }
        }
    };
    check("component", component::expand_items(&quote!(::stario_html), &function));
}

#[test]
fn handler_with_every_form_of_parameter() {
    let function = quote! {
        /// Shows a user.
        async fn user(
            id: PathParam<u32>,
            name: QueryParam<String>,
            #[default(1)] page: QueryParam<u32>,
            filter: Signals<Filter>,
            config: State<Config>,
            session: Session,
            database: &Database,
            #[from(replica)] replica: &Database,
        ) -> Result<Html> {
            todo!()
        }
    };
    check("handler", endpoint::expand(endpoint::Kind::Query, quote!("/users/{id}/posts"), &function));
}

#[test]
fn durable_handler() {
    let function = quote! {
        async fn import(
            rows: JsonBody<Vec<Row>>,
            #[default(1)] page: QueryParam<u32>,
            user: &User,
            attempt: Attempt,
            config: State<Config>,
        ) -> Result {
            todo!()
        }
    };
    let attribute = quote!("/import", durable = "import", version = 2, lift = lift_rows, in_order = "user");
    check("durable_handler", endpoint::expand(endpoint::Kind::DetachedCommand, attribute, &function));
}

#[test]
fn signals_with_every_kind_of_field() {
    let item = quote! {
        #[serde(rename_all = "camelCase")]
        pub struct Search<T> {
            /// What is looked for.
            pub search_text: String,
            #[serde(default)]
            page: T,
            #[signals(local)]
            open: bool,
            #[serde(skip)]
            cache: Cache,
            #[signals(nested, fn = "order")]
            sort: Sort,
        }
    };
    check("signals", signals::expand(item));
}

#[test]
fn template_with_signals() {
    check_template(
        "template_with_signals",
        quote! {
            <main data-signals={search} data-on:click={"evt.key && ", action} data-init={action}>
                <input data-bind={q} data-indicator={busy} data-show={open} data-class:x={open} data-text={q} data-attr:title={q}>
            </main>
        },
    );
}

#[test]
fn form_of_a_struct() {
    let item = quote! {
        #[serde(rename_all = "camelCase")]
        pub struct SignUp {
            /// Where to write to.
            pub e_mail: String,
            #[form(secret)]
            password: String,
            #[serde(default)]
            news: bool,
            #[form(nested)]
            rows: Vec<Row>,
            #[form(file, max_size = 1024, accept = "image/*")]
            photo: Option<UploadedFile>,
            #[serde(skip)]
            seen: Seen,
        }
    };
    check("form", form::expand(item));
}
