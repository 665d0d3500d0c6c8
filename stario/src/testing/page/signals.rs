//! The signals of a page, and the rules by which the client reads, sets, merges and filters them.

use regress::Regex;

use super::failure::Failure;
use super::script::Value;

/// The path of a signal, and its new value.
pub(in crate::testing) type Change = (String, Option<Value>);

#[derive(Debug)]
pub(in crate::testing) struct Signals {
    root: Value,
    /// What was changed since it was last asked for, in its order. A signal that a patch removed has no value here.
    changes: Vec<Change>,
}

impl Default for Signals {
    fn default() -> Self {
        Self { root: Value::Object(Vec::new()), changes: Vec::new() }
    }
}

impl Signals {
    /// What an expression reads at `$a.b`. The client makes the first name that is missing a signal that holds `""`.
    pub(in crate::testing) fn read(&mut self, path: &[String]) -> Value {
        let mut value = &mut self.root;
        for (depth, name) in path.iter().enumerate() {
            match value {
                Value::Object(_) | Value::Array(_) => {}
                _ => return Value::Undefined,
            }
            if value.field(name).is_none_or(Value::is_nullish) {
                value.set_field(name, Value::text(""));
                self.changes.push((path[..=depth].join("."), Some(Value::text(""))));
                return if depth + 1 == path.len() { Value::text("") } else { Value::Undefined };
            }
            value = value.field_mut(name);
        }
        value.clone()
    }

    /// The signal at a path, without making it.
    pub(in crate::testing) fn peek(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(&self.root, |value, name| value.field(name))
    }

    /// `$a.b = value`; what is below a signal that holds no object is not set, as in the client.
    pub(in crate::testing) fn assign(&mut self, path: &[String], value: Value) {
        let Some((name, above)) = path.split_last() else { return };
        if !above.is_empty() {
            self.read(above);
        }
        let mut container = &mut self.root;
        for name in above {
            container = match container {
                Value::Object(_) | Value::Array(_) if container.field(name).is_some() => {
                    container.field_mut(name)
                }
                _ => return,
            };
        }
        match container {
            Value::Object(_) | Value::Array(_) => {}
            _ => return,
        }
        let path = path.join(".");
        if value.is_nullish() {
            if container.field(name).is_some() {
                container.remove_field(name);
                self.changes.push((path, Some(Value::Null)));
            }
        } else if container.field(name) != Some(&value) {
            container.set_field(name, value.clone());
            self.changes.push((path, Some(value)));
        }
    }

    /// Merges a patch: `null` removes, objects merge.
    pub(in crate::testing) fn merge(&mut self, patch: Value, only_if_missing: bool) {
        if let Value::Object(fields) = patch {
            for (name, value) in fields {
                merge_field(&mut self.root, &name, value, only_if_missing, "", &mut self.changes);
            }
        }
    }

    /// Sets one signal by its path, `a.b`, and makes those around it.
    pub(in crate::testing) fn merge_path(&mut self, path: &str, value: Value, only_if_missing: bool) {
        self.merge(nested([(path.to_owned(), value)]), only_if_missing);
    }

    /// What was changed since the last time.
    pub(in crate::testing) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// The signals whose path fits, as the client sends them. Objects without fields are left out.
    pub(in crate::testing) fn filtered(&self, filter: &Filter) -> Value {
        filter.of(&self.root)
    }

    /// All signals.
    pub(in crate::testing) fn all(&self) -> &Value {
        &self.root
    }
}

fn merge_field(
    target: &mut Value,
    name: &str,
    value: Value,
    only_if_missing: bool,
    prefix: &str,
    changes: &mut Vec<Change>,
) {
    let path = format!("{prefix}{name}");
    let present = target.field(name);
    match value {
        Value::Undefined | Value::Null => {
            if !only_if_missing && present.is_some() {
                target.remove_field(name);
                changes.push((path, None));
            }
        }
        Value::Object(fields) => {
            if !matches!(present, Some(Value::Object(_) | Value::Array(_))) {
                target.set_field(name, Value::Object(Vec::new()));
                changes.push((path.clone(), Some(Value::Object(Vec::new()))));
            }
            for (field, value) in fields {
                merge_field(
                    target.field_mut(name),
                    &field,
                    value,
                    only_if_missing,
                    &format!("{path}."),
                    changes,
                );
            }
        }
        value => {
            let is_kept = only_if_missing && present.is_some();
            if !is_kept && present != Some(&value) {
                target.set_field(name, value.clone());
                changes.push((path, Some(value)));
            }
        }
    }
}

/// An object of paths and values.
pub(in crate::testing) fn nested(paths: impl IntoIterator<Item = (String, Value)>) -> Value {
    let mut object = Value::Object(Vec::new());
    for (path, value) in paths {
        let field = path.split('.').fold(&mut object, |object, name| object.field_mut(name));
        *field = value;
    }
    object
}

/// Which signals an action takes: regular expressions over their paths.
pub(in crate::testing) struct Filter {
    include: Option<Regex>,
    exclude: Option<Regex>,
}

impl Filter {
    /// Reads `{include, exclude}`. Without `exclude`, `default_exclude` counts.
    ///
    /// # Errors
    ///
    /// A pattern that is no regular expression.
    pub(in crate::testing) fn new(options: &Value, default_exclude: Option<&str>) -> Result<Self, Failure> {
        let pattern = |name: &str, default: Option<&str>| match options.field(name) {
            Some(Value::String(pattern)) => Some((pattern.clone(), "")),
            Some(Value::Regex(source, flags)) => Some((source.clone(), &**flags)),
            _ => default.map(|pattern| (pattern.to_owned(), "")),
        };
        Ok(Self {
            include: compile(pattern("include", None))?,
            exclude: compile(pattern("exclude", default_exclude))?,
        })
    }

    fn takes(&self, path: &str) -> bool {
        self.include.as_ref().is_none_or(|include| include.find(path).is_some())
            && self.exclude.as_ref().is_none_or(|exclude| exclude.find(path).is_none())
    }

    pub(in crate::testing) fn of(&self, signals: &Value) -> Value {
        let mut taken = Vec::new();
        self.walk(signals, "", &mut taken);
        nested(taken)
    }

    fn walk(&self, value: &Value, prefix: &str, taken: &mut Vec<(String, Value)>) {
        let Value::Object(fields) = value else { return };
        for (name, value) in fields {
            let path = format!("{prefix}{name}");
            if matches!(value, Value::Object(_)) {
                self.walk(value, &format!("{path}."), taken);
            } else if self.takes(&path) {
                taken.push((path, value.clone()));
            }
        }
    }
}

/// A pattern as a text may have its slashes around it.
fn compile(pattern: Option<(String, &str)>) -> Result<Option<Regex>, Failure> {
    let Some((pattern, flags)) = pattern else { return Ok(None) };
    let plain = pattern.strip_prefix('/').unwrap_or(&pattern);
    let plain = plain.strip_suffix('/').unwrap_or(plain);
    match Regex::with_flags(plain, flags) {
        Ok(regex) => Ok(Some(regex)),
        Err(error) => Err(Failure(format!("`{pattern}` is no regular expression: {error}"))),
    }
}
