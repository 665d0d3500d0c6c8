//! What is wrong with `durable = "import"` and what goes with it.

use syn::{Lit, LitInt};

use super::super::cron::cron;
use super::super::kind::Kind;
use super::super::model::{Endpoint, milliseconds};
use super::{DurableOptions, concurrency};
use crate::errors::Errors;
use crate::parameter::{Parameter, unraw};

/// Sources of stario that end with their request, and what to do without them.
const ENDS_WITH_THE_REQUEST: [(&str, &str); 9] = [
    ("Alive", "the client has its answer before the command runs: remove it"),
    ("BodyStream", "take `RawBody`, `JsonBody<T>` or an `UploadedFile`, whose content is stored"),
    ("FileSignal", "take an `UploadedFile`, whose content is stored"),
    ("Flash", "the client has its answer before the command runs: publish what it should see on a `Relay`"),
    ("Lazy", "take the dependency itself: its value is stored"),
    ("Multipart", "take an `UploadedFile` and `FormField<T>`s, which are stored"),
    ("Session", "make a dependency of what the command needs of it: its value is stored"),
    ("UploadProgress", "the body is read before the command runs: remove it"),
    ("Writer", "the client has its answer before the command runs: publish what it should see on a `Relay`"),
];

pub(in super::super) fn check(endpoint: &Endpoint, errors: &mut Errors) {
    let options = &endpoint.options.durable;
    let Some(name) = &options.name else {
        if let Some(companion) = &options.companion {
            let message = format!(
                "`{companion}` goes with `durable = \"name\"`, the name under which the work is stored"
            );
            errors.at(companion, message);
        }
        return;
    };
    if endpoint.kind != Kind::DetachedCommand {
        errors.at(
            name,
            "what is durable is answered before it runs, as a detached command is: write `#[app::detached_command(..)]`",
        );
        return;
    }
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte);
    let text = name.value();
    if text.is_empty() || text.len() > 100 || !text.bytes().all(is_part) {
        errors.at(name, "the name of stored work is up to 100 letters, digits, and `-_.:/`");
    }
    numbers(options, errors);
    durations(options, errors);
    groups(endpoint, options, errors);
    schedule(options, errors);
    for parameter in &endpoint.parameters {
        if parameter.written().is("Form") {
            let name = unraw(&endpoint.function.signature.ident);
            let message = format!(
                "a `Form` may hold problems, which its answer shows, and a durable command has answered before it runs; take `FormBody<T>` here and the `Form` in a command, which enqueues this one with the value: `app.durable().enqueue({name}::command(value)).await?`"
            );
            errors.at(&parameter.ty, message);
        }
        let ends = ENDS_WITH_THE_REQUEST.iter().find(|(name, _)| parameter.written().is(name));
        if let Some((name, advice)) = ends {
            let message =
                format!("a `{name}` ends with its request, and a durable command runs after it; {advice}");
            errors.at(&parameter.ty, message);
        }
    }
}

fn numbers(options: &DurableOptions, errors: &mut Errors) {
    let is_count = |number: &LitInt| number.base10_parse::<u32>().is_ok_and(|number| number > 0);
    if let Some(attempts) = options.attempts.as_ref().filter(|attempts| !is_count(attempts)) {
        errors.at(attempts, "a command has one attempt at least");
    }
    let Some(version) = &options.version else {
        if let Some(lift) = &options.lift {
            errors.at(lift, "`lift` reads values of older versions: write `version = 2`, or more");
        }
        return;
    };
    match version.base10_parse::<u32>() {
        Ok(1) if options.lift.is_some() => {
            errors.at(version, "`lift` reads values of older versions: write `version = 2`, or more");
        }
        Ok(2..) if options.lift.is_none() => errors.at(
            version,
            "values of older versions may be stored: name the function that reads them, `lift = lift_old_values`",
        ),
        Ok(1..) => {}
        _ => errors.at(version, "versions are counted from 1"),
    }
}

fn durations(options: &DurableOptions, errors: &mut Errors) {
    let durations = [("backoff", &options.backoff), ("delay", &options.delay), ("every", &options.every)];
    for (name, text) in durations {
        if let Some(text) = text
            && milliseconds(&text.value()).is_none()
        {
            let value = text.value();
            errors.at(
                text,
                format!(
                    "`{value}` is not a time: write a whole number above 0 and its unit, `ms`, `s`, `m` or `h`, at most a year: `{name} = \"10s\"`"
                ),
            );
        }
    }
}

fn groups(endpoint: &Endpoint, options: &DurableOptions, errors: &mut Errors) {
    if let Some(text) = &options.concurrency {
        match concurrency(&text.value()) {
            None => {
                let value = text.value();
                errors.at(
                    text,
                    format!(
                        "`{value}` is not a limit: write how many may run at once, and how many for one value of a parameter: `concurrency = \"4, 1 by account\"`"
                    ),
                );
            }
            Some(read) if read.of_group.is_some() && options.is_in_order() => {
                errors.at(
                    text,
                    "`in_order` runs commands one after the other already: remove what is `by` a parameter",
                );
            }
            Some(_) => {}
        }
    }
    match &options.in_order {
        None | Some(Lit::Bool(_) | Lit::Str(_)) => {}
        Some(other) => {
            errors.at(other, "write `in_order = true`, or the name of a parameter: `in_order = \"account\"`");
        }
    }
    if let Some((name, text)) = options.grouped_by()
        && endpoint.own_parameter(&name).is_none()
    {
        let names: Vec<String> = endpoint.parameters.iter().map(Parameter::own_name).collect();
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        errors.at(text, format!("`{name}` names no parameter of this function, which has {has}"));
    }
}

fn schedule(options: &DurableOptions, errors: &mut Errors) {
    if let Some(text) = &options.cron {
        if let Err(problem) = cron(&text.value()) {
            errors.at(text, problem);
        }
        if options.every.is_some() {
            errors.at(text, "a schedule is `every` or `cron`: remove one of them");
        }
    }
}
