//! Checks Datastar attributes for keys and modifiers that Datastar would ignore or understand in another way.

use stario_html::names::{
    Argument, DatastarName, Key, KeyRule, Modifier, Plugin, ValueRule, event_names, kebab_cased,
    most_similar, plugin, plugins,
};

use super::super::ast::{Name, NamedAttr, Value};
use super::super::report::Report;

/// Plugins whose key was written behind a dash in earlier versions of Datastar.
const ONCE_DASHED: [&str; 7] = ["on", "signals", "computed", "bind", "indicator", "class", "attr"];

/// Checks an attribute whose name begins with `data-`.
pub(crate) fn check(attr: &NamedAttr, report: &mut Report) {
    let Some(rest) = attr.name.text.strip_prefix("data-") else { return };
    let name = DatastarName::parse(rest);
    let Some(plugin) = plugin(name.plugin) else {
        unknown(attr, &name, report);
        return;
    };
    check_key(attr, plugin, &name, report);
    check_modifiers(&attr.name, plugin, &name, report);
}

fn unknown(attr: &NamedAttr, name: &DatastarName<'_>, report: &mut Report) {
    let (written, plugin) = (&attr.name, name.plugin);
    if name.key.is_some() || !name.modifiers.is_empty() {
        let hint = most_similar(plugin, plugins())
            .map_or(String::new(), |known| format!("; did you mean data-{known}?"));
        report.error(written.range, format!("unknown Datastar attribute data-{plugin}{hint}"));
        return;
    }
    let dashed = ONCE_DASHED.iter().find_map(|once| {
        let key = plugin.strip_prefix(once)?.strip_prefix('-')?;
        Some(if (*once, key) == ("on", "load") {
            "data-init".to_owned()
        } else {
            format!("data-{once}:{key}")
        })
    });
    if let Some(today) = dashed {
        report.error(
            written.range,
            format!(
                "data-{plugin} is an old spelling that Datastar ignores; write {today} (or quote the name if it is not meant \
                 for Datastar)"
            ),
        );
    } else if plugin.bytes().any(|b| b.is_ascii_uppercase()) {
        let (lower, kebab) = (plugin.to_ascii_lowercase(), kebab_cased(plugin));
        report.error(
            written.range,
            format!(
                "HTML lowercases attribute names: this reaches the page as data-{lower}; write data-{kebab}"
            ),
        );
    } else if let Some(Value::Literal(value)) = &attr.value
        && mentions_signal(&value.value)
        && let Some(known) = most_similar(plugin, plugins())
    {
        report.error(
            written.range,
            format!(
                "unknown Datastar attribute data-{plugin}; did you mean data-{known}? (quote the name if it is not meant \
                 for Datastar)"
            ),
        );
    }
}

/// Whether a value names a signal or calls an action, which only Datastar understands.
fn mentions_signal(value: &str) -> bool {
    value.match_indices(['$', '@']).any(|(at, sigil)| {
        let rest = value[at + 1..].trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        let (is_named, is_called) = (rest.len() < value.len() - at - 1, rest.starts_with('('));
        is_named && (sigil == "$" || is_called)
    })
}

fn check_key(attr: &NamedAttr, plugin: &Plugin, name: &DatastarName<'_>, report: &mut Report) {
    let (written, full) = (&attr.name, plugin.name);
    let has_value = attr.value.is_some();
    match (plugin.key, name.key) {
        (KeyRule::Required, None | Some("")) => {
            report.error(written.range, format!("data-{full} needs a key, such as data-{full}:click"));
        }
        (KeyRule::Forbidden, Some(_)) => {
            report.error(written.range, format!("data-{full} takes no key; write data-{full}=\"..\""));
        }
        (KeyRule::OrValue, Some(key)) if has_value => report.error(
            written.range,
            format!("data-{full} takes a key or a value, not both; write data-{full}:{key} or data-{full}=\"{key}\""),
        ),
        (KeyRule::OrValue, None) if !has_value => report.error(
            written.range,
            format!("data-{full} needs the name of a signal: data-{full}:name or data-{full}=\"name\""),
        ),
        _ => {}
    }
    match plugin.value {
        ValueRule::Expression if !has_value => {
            let written_name = &written.text;
            report.error(written.range, format!("{written_name} needs a value, the expression to run"));
        }
        ValueRule::None => {
            if let Some(Value::Literal(text) | Value::Number(text)) = &attr.value {
                report.error(text.span, format!("data-{full} takes no value"));
            }
        }
        _ => {}
    }
    let Some(key) = name.key else { return };
    // The key stands behind `data-`, the plugin and a colon.
    let start = 5 + plugin.name.len() + 1;
    let range = written.range_of(start, start + key.len());
    if key.bytes().any(|b| b.is_ascii_uppercase()) {
        let (lower, kebab) = (key.to_ascii_lowercase(), kebab_cased(key));
        let instead = match (plugin.key_kind, plugin.name) {
            (Key::Signal, _) => format!("data-{full}:{kebab} (camel-cased to {key})"),
            (Key::Name, "on") if event_names().any(|event| event == lower) => format!("data-on:{lower}"),
            (Key::Name, "on") => format!("data-on:{kebab}__case.camel"),
            (Key::Name, _) => format!("data-{full}=\"{{'{key}': ..}}\""),
        };
        report.error(
            range,
            format!("HTML lowercases attribute names: this reaches Datastar as {lower}; write {instead}"),
        );
    } else if plugin.name == "on" && !key.contains('-') && !event_names().any(|event| event == key) {
        // An event with an unknown name may be the page's own, so only a name that is similar to a known one is
        // reported.
        if let Some(known) = most_similar(key, event_names()) {
            report.error(
                range,
                format!(
                    "unknown event {key}; did you mean {known}? An event of your own is written in quotes, \
                     \"data-on:{key}\", or with a dash"
                ),
            );
        }
    }
}

fn check_modifiers(written: &Name, plugin: &Plugin, name: &DatastarName<'_>, report: &mut Report) {
    // The beginning of the next modifier: behind two underscores.
    let mut at = written.text.find("__").map_or(written.text.len(), |at| at + 2);
    for (modifier, arguments) in &name.modifiers {
        let length = modifier.len() + arguments.iter().map(|argument| argument.len() + 1).sum::<usize>();
        let problem = match plugin.modifiers.iter().find(|known| known.name == *modifier || known.name == "*")
        {
            Some(known) => check_arguments(known, arguments),
            None => Some(unknown_modifier(plugin, modifier)),
        };
        if let Some(problem) = problem {
            report.error(written.range_of(at, at + length), problem);
        }
        at += length + 2;
    }
}

fn unknown_modifier(plugin: &Plugin, modifier: &str) -> String {
    let known = plugin.modifiers.iter().map(|modifier| modifier.name);
    match most_similar(modifier, known) {
        Some(known) => format!("unknown modifier __{modifier}; did you mean __{known}?"),
        None if plugin.modifiers.is_empty() => format!("data-{} takes no modifiers", plugin.name),
        None => {
            let known: Vec<_> =
                plugin.modifiers.iter().map(|modifier| format!("__{}", modifier.name)).collect();
            format!("unknown modifier __{modifier}; data-{} takes {}", plugin.name, known.join(" "))
        }
    }
}

fn check_arguments(modifier: &Modifier, arguments: &[&str]) -> Option<String> {
    let name = modifier.name;
    match modifier.argument {
        Argument::Any => None,
        Argument::None => (!arguments.is_empty()).then(|| format!("__{name} takes nothing behind a dot")),
        Argument::OneOf(words) => match arguments {
            [word] if words.contains(word) => None,
            _ => Some(format!("__{name} takes one of .{}", words.join(" ."))),
        },
        // The argument is whole: `__threshold.25` is 25 percent, and `__threshold.0.25` has two arguments.
        Argument::Number => match arguments {
            [number] if number.bytes().all(|b| b.is_ascii_digit()) => None,
            _ => Some(format!("__{name} takes a number: __{name}.25")),
        },
        Argument::Time(words) => {
            let Some((time, rest)) = arguments.split_first() else {
                return Some(format!("__{name} takes a time: __{name}.500ms"));
            };
            if !is_time(time) {
                return Some(format!("__{name} takes a time such as 500ms or 1s, not {time}"));
            }
            let unknown = rest.iter().find(|word| !words.contains(word))?;
            Some(match most_similar(unknown, words.iter().copied()) {
                Some(known) => format!("unknown argument .{unknown} of __{name}; did you mean .{known}?"),
                None => format!("unknown argument .{unknown} of __{name}"),
            })
        }
    }
}

fn is_time(text: &str) -> bool {
    let number = text.strip_suffix("ms").or_else(|| text.strip_suffix('s')).unwrap_or(text);
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}
