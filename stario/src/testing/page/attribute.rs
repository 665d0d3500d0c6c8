//! The name of a `data-*` attribute, taken apart: `data-on:click__debounce.500ms`.

/// A `data-*` attribute.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::testing) struct DataAttribute {
    /// `on`.
    pub(in crate::testing) plugin: String,
    /// `click`.
    pub(in crate::testing) key: Option<String>,
    /// Each with its arguments.
    modifiers: Vec<(String, Vec<String>)>,
}

impl DataAttribute {
    /// Reads the name without its `data-`.
    pub(in crate::testing) fn parse(name: &str) -> Self {
        let mut parts = name.split("__");
        let first = parts.next().unwrap_or_default();
        let (plugin, key) = match first.split_once(':') {
            Some((plugin, key)) => (plugin, Some(key).filter(|key| !key.is_empty())),
            None => (first, None),
        };
        let modifiers = parts.map(|modifier| {
            let mut words = modifier.split('.').map(str::to_owned);
            (words.next().unwrap_or_default(), words.collect())
        });
        Self { plugin: plugin.to_owned(), key: key.map(str::to_owned), modifiers: modifiers.collect() }
    }

    pub(in crate::testing) fn has(&self, modifier: &str) -> bool {
        self.arguments(modifier).is_some()
    }

    pub(in crate::testing) fn arguments(&self, modifier: &str) -> Option<&[String]> {
        let found = self.modifiers.iter().rfind(|(name, _)| name == modifier)?;
        Some(&found.1)
    }

    /// The key in the case that `__case` asks for, or else in `case`.
    pub(in crate::testing) fn cased(&self, case: &str) -> Option<String> {
        let key = self.key.as_deref()?;
        let asked = self.arguments("case").and_then(|arguments| arguments.first());
        Some(match asked.map_or(case, |asked| asked) {
            "camel" => camel(key),
            "snake" => key.replace('-', "_"),
            "pascal" => {
                let rest = camel(key.get(1..).unwrap_or_default());
                key.get(..1).unwrap_or_default().to_uppercase() + &rest
            }
            _ => key.to_owned(),
        })
    }
}

fn camel(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    let mut characters = key.chars().peekable();
    while let Some(character) = characters.next() {
        match characters.peek() {
            Some(next) if character == '-' && next.is_ascii_lowercase() => {
                name.extend(characters.next().map(|next| next.to_ascii_uppercase()));
            }
            _ => name.push(character),
        }
    }
    name
}
