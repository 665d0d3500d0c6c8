//! Names that the user declares: ids, signals and fields of forms that no macro sees.

/// The declared names.
#[derive(Default)]
pub(super) struct Known {
    pub(super) ids: Vec<String>,
    pub(super) signals: Vec<String>,
    pub(super) form_fields: Vec<String>,
}

impl Known {
    /// Adds ids, with or without the `#` of a selector.
    pub(super) fn add_ids(&mut self, ids: impl Iterator<Item = String>) {
        self.ids.extend(ids.map(|id| id.strip_prefix('#').map_or(id.clone(), str::to_owned)));
    }

    /// Adds signals, with or without the `$` of an expression.
    pub(super) fn add_signals(&mut self, signals: impl Iterator<Item = String>) {
        self.signals.extend(signals.map(|name| name.strip_prefix('$').map_or(name.clone(), str::to_owned)));
    }

    /// Adds those of another part of the app.
    pub(super) fn merge(&mut self, other: Self) {
        self.ids.extend(other.ids);
        self.signals.extend(other.signals);
        self.form_fields.extend(other.form_fields);
    }
}
