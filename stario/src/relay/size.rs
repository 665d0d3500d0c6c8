//! How many bytes a value holds, so that subscriptions can be bounded by bytes.

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use stario_html::Html;

use crate::datastar::Event;

/// The bytes of a value: its own, and of the types that are published most, those that it points to; of others, as many as it has as it is
/// encoded, if it is.
pub(super) fn of<T: 'static>(value: &T, encoded: usize) -> usize {
    let any: &dyn Any = value;
    let held = None
        .or_else(|| any.downcast_ref::<Event>().map(Event::len))
        .or_else(|| any.downcast_ref::<Html>().map(|html| html.as_str().len()))
        .or_else(|| any.downcast_ref::<String>().map(String::len))
        .or_else(|| any.downcast_ref::<Arc<str>>().map(|text| text.len()))
        .or_else(|| any.downcast_ref::<Bytes>().map(Bytes::len))
        .or_else(|| any.downcast_ref::<Vec<u8>>().map(Vec::len));
    size_of::<T>() + held.unwrap_or(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datastar::IntoEvent;

    #[test]
    fn a_value_counts_with_the_bytes_that_it_points_to() {
        let text = "x".repeat(1000);
        assert_eq!(of(&text, 0), size_of::<String>() + 1000);
        assert_eq!(of(&text, 1002), size_of::<String>() + 1000);
        assert_eq!(of(&Arc::<str>::from(&*text), 0), size_of::<Arc<str>>() + 1000);
        assert_eq!(of(&text.clone().into_bytes(), 0), size_of::<Vec<u8>>() + 1000);
        assert_eq!(of(&Bytes::from(text.clone()), 0), size_of::<Bytes>() + 1000);
        assert!(of(&text.into_event(), 0) > 1000);
        assert_eq!(of(&7_u32, 0), 4);
        assert_eq!(of(&vec![7_u32; 1000], 0), size_of::<Vec<u32>>());
        assert_eq!(of(&vec![7_u32; 1000], 2001), size_of::<Vec<u32>>() + 2001);
    }
}
