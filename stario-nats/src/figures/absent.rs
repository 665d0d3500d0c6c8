//! In the place of figures where the feature `metrics` is off.

#[derive(Clone)]
pub(crate) struct Figures;

#[expect(clippy::unused_self, reason = "the figures that are kept have the same methods")]
impl Figures {
    pub(crate) fn new(_relay: &str) -> Self {
        Self
    }

    pub(crate) fn sent(&self) {}

    pub(crate) fn unsent(&self) {}

    pub(crate) fn dropped(&self) {}

    pub(crate) fn received(&self) {}

    pub(crate) fn connected(&self, _is_connected: bool) {}
}
