//! The nearest things to those of `fail` that `html!` accepts.

#[path = "01_mismatched_tag.rs"]
mod mismatched_tag;
#[path = "02_unclosed_tag.rs"]
mod unclosed_tag;
#[path = "03_closes_nothing.rs"]
mod closes_nothing;
#[path = "04_void_element.rs"]
mod void_element;
#[path = "05_unknown_element.rs"]
mod unknown_element;
#[path = "06_unknown_attribute.rs"]
mod unknown_attribute;
#[path = "07_duplicate_attribute.rs"]
mod duplicate_attribute;
#[path = "08_unquoted_text.rs"]
mod unquoted_text;
#[path = "09_unquoted_value.rs"]
mod unquoted_value;
#[path = "10_missing_value.rs"]
mod missing_value;
#[path = "11_not_renderable.rs"]
mod not_renderable;
#[path = "12_bool_as_text.rs"]
mod bool_as_text;
#[path = "13_bool_as_value.rs"]
mod bool_as_value;
#[path = "14_boolean_attribute_false.rs"]
mod boolean_attribute_false;
#[path = "15_boolean_attribute_string.rs"]
mod boolean_attribute_string;
#[path = "16_string_in_script.rs"]
mod string_in_script;
#[path = "17_script_ends_early.rs"]
mod script_ends_early;
#[path = "18_not_a_url.rs"]
mod not_a_url;
#[path = "19_string_as_handler.rs"]
mod string_as_handler;
#[path = "20_string_as_expression.rs"]
mod string_as_expression;
#[path = "21_datastar_names.rs"]
mod datastar_names;
#[path = "22_datastar_case.rs"]
mod datastar_case;
#[path = "23_rearranged_nesting.rs"]
mod rearranged_nesting;
#[path = "24_else_without_block.rs"]
mod else_without_block;
#[path = "25_properties.rs"]
mod properties;
mod braces_in_text;
mod datastar_keys;
mod names_of_other_libraries;
mod names_that_hide_contexts;
mod nestings;
mod urls_of_code;

#[test]
fn each_file_is_a_module_of_this_one() {
    let mut left_out = Vec::new();
    for file in std::fs::read_dir("tests/html/pass").unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        let is_listed = [format!("\"{name}\""), format!("mod {module};")];
        if module != "mod" && !is_listed.iter().any(|line| include_str!("mod.rs").contains(line)) {
            left_out.push(name);
        }
    }
    assert!(left_out.is_empty(), "{left_out:?}");
}
