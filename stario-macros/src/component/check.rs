//! Finds everything in a function's signature that a component cannot have.

use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemFn, Pat, ReturnType};

pub(super) fn check(function: &ItemFn) -> Option<Error> {
    let mut problems: Option<Error> = None;
    let mut report = |error: Error| match &mut problems {
        Some(problems) => problems.combine(error),
        None => problems = Some(error),
    };
    let signature = &function.sig;
    if !signature.ident.to_string().starts_with(char::is_uppercase) {
        report(Error::new(
            signature.ident.span(),
            "the name of a component begins with an uppercase letter, to tell <Card> from <card>",
        ));
    }
    if let Some(token) = &signature.asyncness {
        report(Error::new(token.span, "a component is not async: await what it shows where it is used"));
    }
    if matches!(signature.output, ReturnType::Default) {
        report(Error::new(signature.ident.span(), "a component returns `Html`"));
    }
    for argument in &signature.inputs {
        match argument {
            FnArg::Receiver(receiver) => {
                report(Error::new(receiver.span(), "a component is a function of its own, without self"));
            }
            FnArg::Typed(argument) => {
                if !matches!(&*argument.pat, Pat::Ident(name) if name.subpat.is_none() && name.by_ref.is_none())
                {
                    report(Error::new(argument.pat.span(), "a property is written name: Type"));
                }
                for attribute in &argument.attrs {
                    if !attribute.path().is_ident("default") {
                        report(Error::new(
                            attribute.span(),
                            "the only attribute of a property is #[default(value)]",
                        ));
                    } else if let Err(error) = attribute.parse_args::<syn::Expr>() {
                        report(error);
                    }
                }
            }
        }
    }
    problems
}
