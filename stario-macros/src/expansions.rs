//! The expansions of templates, components, handlers, signals and forms, one text for each shape of an expansion: `expansions/*.rs` beside `src`.
//!
//! A change of what a macro emits shows in these texts first. `EXPANSIONS=overwrite cargo test -p stario-macros --lib`
//! writes them again.

use std::path::Path;
use std::{env, fs};

use proc_macro2::TokenStream;
use quote::quote;

use crate::{component, endpoint, form, html, signals};

/// Compares items with the text that is called `name`.
#[track_caller]
fn check(name: &str, items: TokenStream) {
    let file = syn::parse2(items).expect("an expansion is Rust");
    let expansion = prettyplease::unparse(&file);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("expansions").join(name).with_extension("rs");
    if env::var_os("EXPANSIONS").is_some_and(|value| value == "overwrite") {
        fs::write(&path, &expansion).expect("the directory is there");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(expansion, expected, "{name}: see how to accept this at the head of src/expansions.rs");
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
