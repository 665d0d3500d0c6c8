//! `assets!` and `asset!`: the files of a folder, and the name of one of them.

mod folder;

use proc_macro2::{Group, Ident, Literal, Span, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{LitStr, Path, Token};

use crate::errors::Errors;
use crate::literals::Literals;
use folder::Folder;

/// Expands `assets!`. The input is `(path to the runtime) "folder", at = "/path", app = name`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let (runtime, rest) = split(input);
    let mut errors = Errors::default();
    let arguments = match read.parse2(rest) {
        Ok(arguments) => arguments,
        Err(error) => {
            errors.add(error);
            return errors.into_tokens();
        }
    };
    let folder = folder::find(&arguments.folder).unwrap_or_else(|error| {
        errors.add(error);
        Folder::default()
    });
    // The module is emitted despite errors, so that not every `asset!` reports a missing module, too.
    let (module, errors) = (module(&runtime, &arguments, &folder), errors.into_tokens());
    quote! { #module #errors }
}

/// Expands `asset!`. The input is `(path to the module of the folder) "folder" name`.
pub(crate) fn expand_one(input: TokenStream) -> TokenStream {
    let (module, rest) = split(input);
    let named = |input: ParseStream<'_>| Ok((input.parse::<LitStr>()?, input.parse::<TokenStream>()?));
    let found = named.parse2(rest).and_then(|(folder, tokens)| {
        let name = name(tokens)?;
        // `assets!` reports what is wrong with the folder.
        if let Ok(folder) = folder::find(&folder) {
            folder.check(&name)?;
        }
        Ok(name)
    });
    match found {
        Ok(name) => {
            let mut literals = Literals::default();
            literals.add('n', name.span(), &name.value());
            let literals = literals.emit(&quote!(#module::__stario::stario_html));
            quote!({ #literals #module::__stario::Asset::of(&#module::__FOLDER, #name) })
        }
        Err(error) => {
            let error = error.to_compile_error();
            // The value keeps its type, so that no second error appears.
            quote!({ #error #module::__stario::Asset::of(&#module::__FOLDER, "") })
        }
    }
}

/// Splits the input into the path in the parentheses in front, and the tokens behind it.
fn split(input: TokenStream) -> (TokenStream, TokenStream) {
    let mut input = input.into_iter();
    let path = match input.next() {
        Some(TokenTree::Group(group)) => Group::stream(&group),
        other => quote!(#other),
    };
    (path, input.collect())
}

fn name(tokens: TokenStream) -> syn::Result<LitStr> {
    const EXPECTED: &str = "expected the name of a file in quotes, such as `asset!(\"app.css\")`";
    if tokens.is_empty() {
        return Err(syn::Error::new(Span::call_site(), EXPECTED));
    }
    let name = |input: ParseStream<'_>| {
        let name: LitStr = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        Ok(name)
    };
    name.parse2(tokens.clone()).map_err(|_| syn::Error::new_spanned(tokens, EXPECTED))
}

struct Arguments {
    folder: LitStr,
    at: LitStr,
    app: Path,
}

fn read(input: ParseStream<'_>) -> syn::Result<Arguments> {
    const FOLDER: &str = "expected a folder in quotes, such as `stario::assets!(\"static\")`";
    const OPTIONS: &str =
        "unknown option; `assets!` takes `at = \"/assets\"` and `app = admin` after the folder";
    if input.is_empty() {
        return Err(syn::Error::new(Span::call_site(), FOLDER));
    }
    let folder = input.parse().map_err(|error: syn::Error| syn::Error::new(error.span(), FOLDER))?;
    let mut arguments =
        Arguments { folder, at: LitStr::new("/assets", Span::call_site()), app: syn::parse_quote!(app) };
    while !input.is_empty() {
        input.parse::<Token![,]>()?;
        if input.is_empty() {
            break;
        }
        let option = input.call(Ident::parse_any).map_err(|error| syn::Error::new(error.span(), OPTIONS))?;
        let expected =
            |example: &str| syn::Error::new(option.span(), format!("write `{option} = {example}`"));
        match option.to_string().as_str() {
            "at" => {
                const EXAMPLE: &str = "\"/assets\"";
                input.parse::<Token![=]>().map_err(|_| expected(EXAMPLE))?;
                arguments.at = input.parse().map_err(|_| expected(EXAMPLE))?;
                check_path(&arguments.at)?;
            }
            "app" => {
                input.parse::<Token![=]>().map_err(|_| expected("admin"))?;
                arguments.app = input.call(Path::parse_mod_style).map_err(|_| expected("admin"))?;
            }
            _ => return Err(syn::Error::new(option.span(), OPTIONS)),
        }
    }
    Ok(arguments)
}

/// Checks that the path of the files needs no escapes and has no captures.
fn check_path(path: &LitStr) -> syn::Result<()> {
    let is_plain = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    let text = path.value();
    if text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_plain)) {
        return Ok(());
    }
    let message = "expected a path such as \"/assets\": a slash before each segment, and letters, digits, `-`, `.`, `_` and `~` in it";
    Err(syn::Error::new(path.span(), message))
}

/// Writes the module `assets`: the table of the files, its registration with the app, and `import_map`.
fn module(runtime: &TokenStream, arguments: &Arguments, folder: &Folder) -> TokenStream {
    let Arguments { folder: name, at, app } = arguments;
    let route = format!("{}/{{path...}}", at.value());
    let count = Literal::usize_unsuffixed(folder.names.len());
    let names = &folder.names;
    let paths = folder.names.iter().map(|name| folder.root.join(name).to_string_lossy().into_owned());
    let root = folder.root.to_string_lossy();
    let doc = format!(" The files of `{}`, of which `asset!` makes URLs.", name.value());
    quote! {
        #[doc = #doc]
        pub(crate) mod assets {
            #[doc(hidden)]
            pub(crate) use #runtime as __stario;

            #[cfg(debug_assertions)]
            static __FILES: [__stario::AssetFile; #count] = [#(__stario::AssetFile::on_disk(#names)),*];
            #[cfg(not(debug_assertions))]
            static __FILES: [__stario::AssetFile; #count] =
                [#(__stario::AssetFile::embedded(#names, ::core::include_bytes!(#paths))),*];

            #[doc(hidden)]
            pub(crate) static __FOLDER: __stario::AssetFolder = __stario::AssetFolder {
                app: ::core::any::TypeId::of::<super::#app::Routes>,
                module: ::core::module_path!(),
                name: #name,
                root: if ::core::cfg!(debug_assertions) { #root } else { "" },
                at: #at,
                files: &__FILES,
            };

            __stario::inventory::submit! { __stario::FolderRegistration(&__FOLDER) }

            __stario::inventory::submit! {
                __stario::Registration {
                    app: ::core::any::TypeId::of::<super::#app::Routes>,
                    endpoint: __stario::assets_endpoint(
                        (::core::module_path!(), ::core::file!(), ::core::line!()),
                        #route,
                        |_, scope| __stario::serve_asset(&__FOLDER, &scope),
                    ),
                }
            }

            #[doc(hidden)]
            macro_rules! __asset {
                ($($name:tt)*) => {
                    crate::assets::__stario::asset_macro! { (crate::assets) #name $($name)* }
                };
            }
            #[doc(hidden)]
            pub(crate) use __asset;

            /// The element that tells the JavaScript modules of the folder where the other modules are.
            pub(crate) fn import_map() -> __stario::ImportMap {
                __stario::ImportMap::of(&__FOLDER)
            }
        }
    }
}
