//! The attributes of Datastar 1.0: `data-PLUGIN:KEY__MODIFIER.ARGUMENT`.

/// Whether a plugin takes a key, the part after the first colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRule {
    /// It must have one: `data-on:click`.
    Required,
    /// It may have one: `data-signals:count` or `data-signals`.
    Optional,
    /// It has one, or a value instead: `data-bind:name` or `data-bind="name"`.
    OrValue,
    /// It has none.
    Forbidden,
}

/// What a key becomes in the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The name of a signal: kebab case is turned into camel case.
    Signal,
    /// A name used as it is written, in lower case.
    Name,
}

/// What a plugin does with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueRule {
    /// Runs it as JavaScript; it must be there.
    Expression,
    /// Runs it as JavaScript when it is there.
    OptionalExpression,
    /// Reads it as a name or a list of names.
    Text,
    /// Has none.
    None,
}

/// The arguments that a modifier may have, after dots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    None,
    /// A time such as `500ms` or `1s`, then any of these words.
    Time(&'static [&'static str]),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A number.
    Number,
    /// Anything.
    Any,
}

/// A modifier, the part after a double underscore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modifier {
    /// Its name, without the underscores.
    pub name: &'static str,
    /// What may follow it.
    pub argument: Argument,
}

/// One kind of Datastar attribute.
#[derive(Clone, Copy, Debug)]
pub struct Plugin {
    /// The part between `data-` and the colon.
    pub name: &'static str,
    /// Whether it takes a key.
    pub key: KeyRule,
    /// What its key becomes.
    pub key_kind: Key,
    /// What it does with its value.
    pub value: ValueRule,
    /// What may follow.
    pub modifiers: &'static [Modifier],
}

const fn flag(name: &'static str) -> Modifier {
    Modifier { name, argument: Argument::None }
}

const fn taking(name: &'static str, argument: Argument) -> Modifier {
    Modifier { name, argument }
}

const CASE: Modifier = taking("case", Argument::OneOf(&["camel", "kebab", "snake", "pascal"]));
const DELAY: Modifier = taking("delay", Argument::Time(&[]));
const DEBOUNCE: Modifier = taking("debounce", Argument::Time(&["leading", "notrailing"]));
const THROTTLE: Modifier = taking("throttle", Argument::Time(&["noleading", "trailing"]));
const VIEW_TRANSITION: Modifier = flag("viewtransition");

/// Marks a plugin whose modifiers are not known here.
const ANY: &[Modifier] = &[taking("*", Argument::Any)];

const fn expression(
    name: &'static str,
    key: KeyRule,
    key_kind: Key,
    modifiers: &'static [Modifier],
) -> Plugin {
    Plugin { name, key, key_kind, value: ValueRule::Expression, modifiers }
}

static PLUGINS: &[Plugin] = &[
    expression("attr", KeyRule::Optional, Key::Name, &[]),
    Plugin {
        name: "bind",
        key: KeyRule::OrValue,
        key_kind: Key::Signal,
        value: ValueRule::Text,
        modifiers: &[CASE, taking("prop", Argument::Any), taking("event", Argument::Any)],
    },
    expression("class", KeyRule::Optional, Key::Name, &[CASE]),
    expression("computed", KeyRule::Optional, Key::Signal, &[CASE]),
    expression("effect", KeyRule::Forbidden, Key::Name, &[]),
    Plugin {
        name: "ignore",
        key: KeyRule::Forbidden,
        key_kind: Key::Name,
        value: ValueRule::None,
        modifiers: &[flag("self")],
    },
    Plugin {
        name: "ignore-morph",
        key: KeyRule::Forbidden,
        key_kind: Key::Name,
        value: ValueRule::None,
        modifiers: &[],
    },
    Plugin {
        name: "indicator",
        key: KeyRule::OrValue,
        key_kind: Key::Signal,
        value: ValueRule::Text,
        modifiers: &[CASE],
    },
    expression("init", KeyRule::Forbidden, Key::Name, &[DELAY, VIEW_TRANSITION]),
    Plugin {
        name: "json-signals",
        key: KeyRule::Forbidden,
        key_kind: Key::Name,
        value: ValueRule::OptionalExpression,
        modifiers: &[flag("terse")],
    },
    Plugin {
        name: "nonce",
        key: KeyRule::Forbidden,
        key_kind: Key::Name,
        value: ValueRule::Text,
        modifiers: &[],
    },
    expression(
        "on",
        KeyRule::Required,
        Key::Name,
        &[
            flag("once"),
            flag("passive"),
            flag("capture"),
            CASE,
            DELAY,
            DEBOUNCE,
            THROTTLE,
            VIEW_TRANSITION,
            flag("window"),
            flag("document"),
            flag("outside"),
            flag("prevent"),
            flag("stop"),
        ],
    ),
    expression(
        "on-intersect",
        KeyRule::Forbidden,
        Key::Name,
        &[
            flag("once"),
            flag("exit"),
            flag("half"),
            flag("full"),
            taking("threshold", Argument::Number),
            DELAY,
            DEBOUNCE,
            THROTTLE,
            VIEW_TRANSITION,
        ],
    ),
    expression(
        "on-interval",
        KeyRule::Forbidden,
        Key::Name,
        &[taking("duration", Argument::Time(&["leading"])), VIEW_TRANSITION],
    ),
    expression("on-signal-patch", KeyRule::Forbidden, Key::Name, &[DELAY, DEBOUNCE, THROTTLE]),
    expression("on-signal-patch-filter", KeyRule::Forbidden, Key::Name, &[]),
    Plugin {
        name: "preserve-attr",
        key: KeyRule::Forbidden,
        key_kind: Key::Name,
        value: ValueRule::Text,
        modifiers: &[],
    },
    Plugin {
        name: "ref",
        key: KeyRule::OrValue,
        key_kind: Key::Signal,
        value: ValueRule::Text,
        modifiers: &[CASE],
    },
    Plugin {
        name: "scope-children",
        key: KeyRule::Forbidden,
        key_kind: Key::Name,
        value: ValueRule::None,
        modifiers: &[],
    },
    expression("show", KeyRule::Forbidden, Key::Name, &[]),
    Plugin {
        name: "signals",
        key: KeyRule::Optional,
        key_kind: Key::Signal,
        value: ValueRule::OptionalExpression,
        modifiers: &[CASE, flag("ifmissing")],
    },
    expression("style", KeyRule::Optional, Key::Name, &[]),
    expression("text", KeyRule::Forbidden, Key::Name, &[]),
    // The attributes of the commercial edition. Their modifiers are not checked.
    pro("animate"),
    pro("custom-validity"),
    pro("match-media"),
    pro("on-raf"),
    pro("on-resize"),
    pro("persist"),
    pro("query-string"),
    pro("replace-url"),
    pro("scroll-into-view"),
    pro("view-transition"),
];

const fn pro(name: &'static str) -> Plugin {
    Plugin {
        name,
        key: KeyRule::Optional,
        key_kind: Key::Name,
        value: ValueRule::OptionalExpression,
        modifiers: ANY,
    }
}

/// Finds a plugin by its name.
#[must_use]
pub fn plugin(name: &str) -> Option<&'static Plugin> {
    PLUGINS.iter().find(|plugin| plugin.name == name)
}

/// The names of all plugins.
pub fn plugins() -> impl Iterator<Item = &'static str> {
    PLUGINS.iter().map(|plugin| plugin.name)
}

/// The parts of a `data-` attribute, `data-` taken off: split at `__`, then at the first colon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatastarName<'n> {
    /// The text before the colon.
    pub plugin: &'n str,
    /// The text after it.
    pub key: Option<&'n str>,
    /// The modifiers, each with its arguments.
    pub modifiers: Vec<(&'n str, Vec<&'n str>)>,
}

impl<'n> DatastarName<'n> {
    /// Takes a name apart as Datastar does.
    #[must_use]
    pub fn parse(rest: &'n str) -> Self {
        let mut pieces = rest.split("__");
        let name = pieces.next().unwrap_or_default();
        let (plugin, key) = match name.split_once(':') {
            Some((plugin, key)) => (plugin, Some(key)),
            None => (name, None),
        };
        let modifiers = pieces
            .map(|piece| {
                let mut words = piece.split('.');
                (words.next().unwrap_or_default(), words.collect())
            })
            .collect();
        Self { plugin, key, modifiers }
    }
}

/// What Datastar makes of a key that names a signal: `my-signal` becomes `mySignal`.
#[must_use]
pub fn camel_cased(key: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for c in key.chars() {
        match c {
            '-' => upper = true,
            _ if upper => {
                out.extend(c.to_uppercase());
                upper = false;
            }
            _ => out.push(c),
        }
    }
    out
}

/// The spelling of a camel-cased key that survives in an attribute name: `mySignal` is written `my-signal`.
#[must_use]
pub fn kebab_cased(key: &str) -> String {
    let mut out = String::new();
    for c in key.chars() {
        if c.is_uppercase() && !out.is_empty() && !out.ends_with(['-', '.']) {
            out.push('-');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{DatastarName, camel_cased, kebab_cased, plugin};

    #[test]
    fn takes_names_apart() {
        let name = DatastarName::parse("on:click__debounce.500ms.leading__once");
        assert_eq!((name.plugin, name.key), ("on", Some("click")));
        assert_eq!(name.modifiers, [("debounce", vec!["500ms", "leading"]), ("once", vec![])]);
        assert_eq!(DatastarName::parse("attr:xlink:href").key, Some("xlink:href"));
        assert_eq!(DatastarName::parse("user-id").plugin, "user-id");
    }

    #[test]
    fn converts_case_as_datastar_does() {
        assert_eq!(camel_cased("my-signal.and-more"), "mySignal.andMore");
        assert_eq!(camel_cased("snake_case2"), "snake_case2");
        assert_eq!(kebab_cased("fooBar.BazQux"), "foo-bar.baz-qux");
        assert_eq!(camel_cased(&kebab_cased("fooBar")), "fooBar");
    }

    #[test]
    fn knows_the_plugins() {
        assert!(plugin("on").is_some() && plugin("json-signals").is_some());
        assert!(plugin("onn").is_none() && plugin("user-id").is_none());
    }
}
