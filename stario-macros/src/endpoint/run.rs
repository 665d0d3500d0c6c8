//! Writes what is durable of an endpoint: how its command is stored, and how it runs.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::durable::DurableOptions;
use super::model::{Endpoint, milliseconds};
use crate::parameter::{self, Parameter, short, short_at, unraw};

/// What a request does in the place of a call: it stores the command.
pub(super) fn store(endpoint: &Endpoint, arguments: &[TokenStream], exchange: &Ident) -> TokenStream {
    let runtime = short();
    let values = Ident::new("values", Span::mixed_site());
    let storings = parameter::storings(&endpoint.parameters, arguments, &values);
    let group = group(endpoint, &values);
    quote! {
        let (#values, group) = {
            let mut #values = #runtime::ValuesWriter::new(__DURABLE.info.name);
            #storings
            let group = #group;
            (#values, group)
        };
        #runtime::enqueue(#exchange, &__DURABLE.info, #values, group).await?;
        #runtime::reply(())
    }
}

/// The runtime's `DurableEndpoint`, as the static `__DURABLE`, and the function that makes its commands.
pub(super) fn durable(endpoint: &Endpoint) -> TokenStream {
    let runtime = short();
    let signature = &endpoint.function.signature;
    let name = &signature.ident;
    let [exchange, scope, inputs, dependencies, values] =
        ["exchange", "scope", "inputs", "dependencies", "values"]
            .map(|name| Ident::new(name, Span::mixed_site()));
    let (restorations, arguments) =
        parameter::restorations(&endpoint.parameters, &scope, &dependencies, &values);
    let call = quote_spanned!(name.span()=> #name(#(#arguments),*));
    let call = if signature.asyncness.is_some() { quote!(#call.await) } else { call };
    let span = match &signature.output {
        syn::ReturnType::Default => name.span(),
        syn::ReturnType::Type(_, ty) => ty.span(),
    };
    let span = span.resolved_at(Span::mixed_site());
    let at_value = short_at(span);
    let value = Ident::new("value", span);
    let ended = quote_spanned! {span=>
        use #at_value::Unwrapped as _;
        let #value = #call;
        #at_value::end_run(#at_value::Outcome(#value).of_run())
    };
    let (info, command) = (info(&endpoint.options.durable), command(endpoint));
    let stores = parameter::stores(&endpoint.parameters);
    quote! {
        #stores

        #command

        static __DURABLE: #runtime::DurableEndpoint = #runtime::DurableEndpoint {
            info: #info,
            run: |#exchange, #scope, #values| ::std::boxed::Box::pin(async move {
                let #dependencies = #runtime::Dependencies::of(&#scope);
                let ended = {
                    let #dependencies = &#dependencies;
                    async move {
                        let #inputs = #scope;
                        let #scope = &#inputs;
                        #restorations
                        ::core::mem::drop((#inputs, #values));
                        #ended
                    }.await
                };
                ::core::mem::drop(#exchange);
                ended
            }),
        };
    }
}

/// The most arguments that `name::command(..)` can have.
const MOST_ARGUMENTS: usize = 16;

/// The function `name::command(..)`, by which code makes a command.
fn command(endpoint: &Endpoint) -> TokenStream {
    let runtime = short();
    let (name, parameters) = (&endpoint.function.signature.ident, &endpoint.parameters);
    let may_be_stored = || parameters.iter().filter(|parameter| parameter.written().may_be_stored());
    if may_be_stored().count() > MOST_ARGUMENTS {
        return no_command(name);
    }
    let [list, values] = ["list", "values"].map(|name| Ident::new(name, Span::mixed_site()));
    let (list_type, statements) = parameter::arguments(parameters, &list, &values);
    let group = group(endpoint, &values);
    let names: Vec<String> =
        may_be_stored().map(Parameter::own_name).map(|name| format!("`{name}`")).collect();
    let summary = format!(" Makes a command of `{}` for `app.durable().enqueue(..)`.", unraw(name));
    let which = match names.as_slice() {
        [] => " It has no arguments.".to_owned(),
        names => {
            format!(
                " Its arguments are the values of those of these parameters that are stored, in this order; a singleton is none: {}.",
                names.join(", ")
            )
        }
    };
    let function =
        quote!(<<__Command as #runtime::CommandOf>::Arguments as #runtime::CommandFunction<__Command>>);
    let item = quote_spanned! {name.span()=>
        impl #name {
            #[doc = #summary]
            #[doc = ""]
            #[doc = #which]
            pub const command: #function::Function = #function::FUNCTION;
        }
    };
    quote! {
        struct __Command;

        impl #runtime::CommandOf for __Command {
            type Arguments = <fn(#list_type) as #runtime::ArgumentList>::List;

            fn info() -> &'static #runtime::DurableInfo {
                &__DURABLE.info
            }

            fn store(
                #list: Self::Arguments,
                #values: &mut #runtime::ValuesWriter,
            ) -> ::core::result::Result<::core::option::Option<::std::string::String>, #runtime::Rejection> {
                #statements
                let ((), _) = (#list, &*#values);
                ::core::result::Result::Ok(#group)
            }
        }

        #item
    }
}

/// For a handler with too many parameters, a constant stands in the place of `name::command(..)`. It cannot be called, and a use of it says why.
fn no_command(name: &Ident) -> TokenStream {
    let (runtime, plain) = (short(), unraw(name));
    let why = format!(
        "`{plain}` has more than {MOST_ARGUMENTS} parameters that may be stored, so code cannot make a command of it: take some of them together, as one struct"
    );
    quote_spanned! {name.span()=>
        impl #name {
            #[doc = #why]
            #[deprecated(note = #why)]
            pub const command: #runtime::TooManyParameters = #runtime::TooManyParameters;
        }
    }
}

/// The value by which a command is put into a group, once `values` has the values.
fn group(endpoint: &Endpoint, values: &Ident) -> TokenStream {
    match endpoint.options.durable.grouped_by() {
        Some((name, _)) => quote!(#values.group_of(#name)),
        None => quote!(::core::option::Option::None),
    }
}

/// What the attribute says, a constant expression.
fn info(options: &DurableOptions) -> TokenStream {
    let runtime = short();
    let mut fields = TokenStream::new();
    let name = &options.name;
    fields.extend(quote!(name: #name,));
    if let Some(version) = &options.version {
        fields.extend(quote!(version: #version,));
    }
    if let Some(lift) = &options.lift {
        fields.extend(quote_spanned!(lift.span()=> lift: ::core::option::Option::Some(#lift),));
    }
    if let Some(attempts) = &options.attempts {
        fields.extend(quote!(attempts: #attempts,));
    }
    for (name, text) in [("backoff", &options.backoff), ("delay", &options.delay)] {
        if let Some(count) = text.as_ref().and_then(|text| milliseconds(&text.value())) {
            let name = Ident::new(name, Span::call_site());
            fields.extend(quote!(#name: ::core::time::Duration::from_millis(#count),));
        }
    }
    let concurrency = options.concurrency();
    if let Some(count) = concurrency.of_handler {
        fields.extend(quote!(concurrency: ::core::option::Option::Some(#count),));
    }
    if let Some((count, _)) = concurrency.of_group {
        fields.extend(quote!(concurrency_of_group: ::core::option::Option::Some(#count),));
    }
    if options.is_in_order() {
        let is_one_group = options.is_one_group();
        fields.extend(quote!(is_in_order: true, is_one_group: #is_one_group,));
    }
    if let Some(schedule) = schedule(options) {
        fields.extend(quote!(schedule: ::core::option::Option::Some(#schedule),));
    }
    quote!(#runtime::DurableInfo { #fields ..#runtime::DurableInfo::DEFAULT })
}

fn schedule(options: &DurableOptions) -> Option<TokenStream> {
    let runtime = short();
    if let Some(period) = options.every.as_ref().and_then(|text| milliseconds(&text.value())) {
        let period = i64::try_from(period).ok()?;
        return Some(quote!(#runtime::Schedule::Every(#period)));
    }
    let cron = options.cron()?;
    let hours = u32::try_from(cron.hours).ok()?;
    let days = u32::try_from(cron.days).ok()?;
    let months = u16::try_from(cron.months).ok()?;
    let weekdays = u8::try_from(cron.weekdays).ok()?;
    let (minutes, is_either_day) = (cron.minutes, cron.is_either_day);
    Some(quote! {
        #runtime::Schedule::Cron(#runtime::Cron {
            minutes: #minutes,
            hours: #hours,
            days: #days,
            months: #months,
            weekdays: #weekdays,
            is_either_day: #is_either_day,
        })
    })
}

/// What the values of a durable command must be by their place.
pub(super) fn assertions(endpoint: &Endpoint) -> TokenStream {
    let options = &endpoint.options.durable;
    let grouped_by = options.grouped_by().and_then(|(name, _)| endpoint.own_parameter(&name));
    let mut assertions = TokenStream::new();
    for (position, parameter) in endpoint.parameters.iter().enumerate() {
        let (span, name) = (parameter.span, parameter.own_name());
        let this = parameter::info(position, span);
        if options.is_scheduled() {
            let message = format!(
                "a schedule has no request: `{name}` belongs to one; take `State`, `Logger`, `AppHandle`, `Attempt` or a singleton"
            );
            assertions.extend(quote_spanned!(span=> #this.expect_not_stored(#message);));
            continue;
        }
        let message = format!(
            "the provider of `{name}` takes a `Cleanup`, whose work is done when the request ends, before the command runs; make this value in the function's body"
        );
        assertions.extend(quote_spanned!(span=> #this.expect_no_cleanup(#message);));
        if grouped_by == Some(position) {
            let message = format!("`{name}` is not a value of the request, so it tells no commands apart");
            assertions.extend(quote_spanned!(span=> #this.expect_stored(#message);));
        }
    }
    assertions
}
