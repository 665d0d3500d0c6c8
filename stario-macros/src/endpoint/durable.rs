//! `durable = "import"` and what goes with it: what was written.

mod check;

use proc_macro2::Ident;
use syn::{Lit, LitInt, LitStr, Path};

use super::cron::{Cron, cron};

pub(super) use check::check;

/// What was written in the attribute.
#[derive(Default)]
pub(super) struct DurableOptions {
    pub(super) name: Option<LitStr>,
    pub(super) version: Option<LitInt>,
    pub(super) lift: Option<Path>,
    pub(super) attempts: Option<LitInt>,
    /// Durations, as text.
    pub(super) backoff: Option<LitStr>,
    pub(super) delay: Option<LitStr>,
    pub(super) every: Option<LitStr>,
    pub(super) concurrency: Option<LitStr>,
    /// `true`, or the name of a parameter.
    pub(super) in_order: Option<Lit>,
    pub(super) cron: Option<LitStr>,
    /// The first option that needs `durable`.
    pub(super) companion: Option<Ident>,
}

/// The limits in `concurrency = "4, 1 by account"`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Concurrency {
    pub(super) of_handler: Option<u32>,
    pub(super) of_group: Option<(u32, String)>,
}

/// Reads the limits; `None` if the text is none.
fn concurrency(text: &str) -> Option<Concurrency> {
    let mut read = Concurrency::default();
    for limit in text.split(',').map(str::trim) {
        let (count, by) = match limit.split_once(" by ") {
            Some((count, by)) => (count, Some(by.trim())),
            None => (limit, None),
        };
        let count = count.trim().parse().ok().filter(|count| *count > 0)?;
        let is_new = match by {
            Some(name) => read.of_group.replace((count, name.to_owned())).is_none(),
            None => read.of_handler.replace(count).is_none(),
        };
        if !is_new {
            return None;
        }
    }
    Some(read)
}

impl DurableOptions {
    pub(super) fn concurrency(&self) -> Concurrency {
        self.concurrency.as_ref().and_then(|text| concurrency(&text.value())).unwrap_or_default()
    }

    /// Whether those of a group run in order, or all of them.
    pub(super) fn is_in_order(&self) -> bool {
        !matches!(&self.in_order, None | Some(Lit::Bool(syn::LitBool { value: false, .. })))
    }

    /// Whether all of its commands are one group.
    pub(super) fn is_one_group(&self) -> bool {
        matches!(&self.in_order, Some(Lit::Bool(all)) if all.value)
    }

    /// The parameter by whose value commands are put into groups, with the text that names it.
    pub(super) fn grouped_by(&self) -> Option<(String, &LitStr)> {
        match (&self.in_order, self.concurrency().of_group) {
            (Some(Lit::Str(name)), _) => Some((name.value(), name)),
            (_, Some((_, name))) => Some((name, self.concurrency.as_ref()?)),
            _ => None,
        }
    }

    pub(super) fn is_scheduled(&self) -> bool {
        self.every.is_some() || self.cron.is_some()
    }

    pub(super) fn cron(&self) -> Option<Cron> {
        cron(&self.cron.as_ref()?.value()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_of_the_handler_or_by_a_parameter() {
        let read = |of_handler, of_group: Option<(u32, &str)>| {
            let of_group = of_group.map(|(count, name)| (count, name.to_owned()));
            Some(Concurrency { of_handler, of_group })
        };
        assert_eq!(concurrency("4"), read(Some(4), None));
        assert_eq!(concurrency("1 by account"), read(None, Some((1, "account"))));
        assert_eq!(concurrency("4, 1 by account"), read(Some(4), Some((1, "account"))));
        for bad in ["", "0", "4, 5", "1 by a, 2 by b", "by account", "-1", "4;1"] {
            assert_eq!(concurrency(bad), None, "{bad}");
        }
    }
}
