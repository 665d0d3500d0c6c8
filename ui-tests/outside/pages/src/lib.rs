//! An app of 300 templates, none of which has anything wrong: what the check says of it is a false alarm.

stario::app!();

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

#[cfg(test)]
mod tests {
    use super::app;

    #[test]
    fn the_check_of_300_templates_raises_no_false_alarm() {
        let warnings = app::new().check().unwrap();
        assert!(warnings.is_empty(), "{warnings}");
    }
}
