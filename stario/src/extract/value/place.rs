//! Where in a value something stands.

/// Names a value by its place, such as `items[].price`: a hash of the path without indices, because the elements of
/// a list have one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ValuePlace(u64);

impl ValuePlace {
    pub(super) const ROOT: Self = Self(0xcbf2_9ce4_8422_2325);

    /// The place of the value called `name` (FNV-1a).
    pub(super) fn of_name(self, name: &str) -> Self {
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(name.bytes().chain([b'.']).fold(self.0, hash))
    }

    /// The place of all elements of the list.
    pub(super) fn of_elements(self) -> Self {
        self.of_name("[]")
    }

    /// The place of one element of a tuple, whose elements have types of their own.
    pub(super) fn of_element(self, index: usize) -> Self {
        Self(self.of_elements().0.wrapping_add(index as u64 + 1))
    }
}

/// A single value that was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf {
    pub(super) place: ValuePlace,
    /// Whether it is the empty text.
    pub(super) is_empty: bool,
}
