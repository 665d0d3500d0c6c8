//! A search for one byte in a short text.

/// Where `byte` stands first. The texts are segments and paths of a few bytes, where a call of `memchr` costs more
/// than the search: eight bytes are compared at a time.
pub(super) fn position(text: &[u8], byte: u8) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    let (words, tail) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        // A byte that is equal becomes zero. Subtracting one from each sets the high bit of the first zero; bits
        // after it do not count.
        let different = u64::from_le_bytes(*word) ^ (ONES * u64::from(byte));
        let zeros = different.wrapping_sub(ONES) & !different & (ONES << 7);
        if zeros != 0 {
            return Some(index * 8 + zeros.trailing_zeros() as usize / 8);
        }
    }
    Some(words.len() * 8 + tail.iter().position(|other| *other == byte)?)
}

#[cfg(test)]
mod tests {
    use super::position;

    #[test]
    fn the_first_is_found_wherever_it_stands() {
        // Bytes that differ from a slash in one bit, or by one.
        let others = [b'0', b'.', 0xaf, b'o', 0, 0xff];
        for length in 0..40 {
            let mut text: Vec<u8> = others.iter().copied().cycle().take(length).collect();
            assert_eq!(position(&text, b'/'), None);
            for at in (0..length).rev() {
                text[at] = b'/';
                assert_eq!(position(&text, b'/'), Some(at), "{length}");
            }
        }
    }
}
